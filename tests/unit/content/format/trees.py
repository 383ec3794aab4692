"""Builders of trees and manifests for the tests of this folder."""

from hypothesis import strategies as st

from clouddp.content.format.digests import DigestAlgorithm, digest
from clouddp.content.format.entries import ChunkEntry, Encoding, FileEntry, LinkEntry, Manifest, Tree


def _is_device(name: str) -> bool:
    stem = name.partition(".")[0].lower()
    return stem in {"con", "prn", "aux", "nul"} or stem[:3] in {"com", "lpt"}


_NAMES = st.text(
    st.characters(exclude_characters='/\\<>:"|?*', exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
).filter(lambda name: name[-1] not in " ." and len(name.encode()) < 200 and not _is_device(name))


def a_file(path: str, content: bytes = b"", *, mode: int = 0o644) -> FileEntry:
    return FileEntry(path=path, size=len(content), mode=mode, modified_us=1_700_000_000_000_000, digest=digest(content))


def a_chunk(length: int, *, number: int = 0) -> ChunkEntry:
    return ChunkEntry(
        name=f"{number:032x}",
        key=number.to_bytes(16, "big"),
        raw_length=length,
        stored_length=length + 38,
        encoding=Encoding.RAW,
        digest=number.to_bytes(32, "big"),
    )


def a_manifest(tree: Tree, *lengths: int) -> Manifest:
    chunks = tuple(a_chunk(length, number=number) for number, length in enumerate(lengths))
    return Manifest(generation=1, digest_algorithm=DigestAlgorithm.BLAKE3, tree=tree, chunks=chunks)


def a_tree(*files: FileEntry, folders: tuple[str, ...] = (), links: tuple[LinkEntry, ...] = ()) -> Tree:
    return Tree(files=files, folders=folders, links=links)


@st.composite
def file_contents(draw: st.DrawFn) -> dict[str, bytes]:
    """Paths and contents that can lie in one folder: no path is another's folder."""
    found = draw(
        st.dictionaries(st.lists(_NAMES, min_size=1, max_size=4).map("/".join), st.binary(max_size=600), max_size=12)
    )
    taken: dict[str, bytes] = {}
    folders: set[str] = set()
    for path, content in found.items():
        parents = {path[:position] for position, letter in enumerate(path) if letter == "/"}
        if path not in folders and not parents & taken.keys():
            folders |= parents
            taken[path] = content
    return taken
