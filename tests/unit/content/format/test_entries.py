"""Tests of which octets of which files a chunk holds."""

from hypothesis import given
from hypothesis import strategies as st

from clouddp.content.format.entries import chunk_slices
from tests.unit.content.format.trees import a_file, a_manifest, a_tree, file_contents


def test_a_chunk_may_hold_many_files_and_a_file_many_chunks() -> None:
    first, empty, second = a_file("a", b"ab"), a_file("b"), a_file("c", b"cdefg")
    manifest = a_manifest(a_tree(first, empty, second), 3, 2, 2)

    found = [
        [(part.file.path, part.file_offset, part.chunk_offset, part.length) for part in slices]
        for _chunk, slices in chunk_slices(manifest)
    ]

    assert found == [[("a", 0, 0, 2), ("c", 0, 2, 1)], [("c", 1, 0, 2)], [("c", 3, 0, 2)]]


@given(contents=file_contents(), length=st.integers(1, 900))
def test_the_slices_of_all_chunks_rebuild_every_file(contents: dict[str, bytes], length: int) -> None:
    files = [a_file(path, contents[path]) for path in sorted(contents, key=str.encode)]
    stream = b"".join(contents[file.path] for file in files)
    pieces = [stream[start : start + length] for start in range(0, len(stream), length)]
    manifest = a_manifest(a_tree(*files), *map(len, pieces))

    rebuilt = {path: bytearray() for path in contents}
    for piece, (_chunk, slices) in zip(pieces, chunk_slices(manifest), strict=True):
        for part in slices:
            assert len(rebuilt[part.file.path]) == part.file_offset
            rebuilt[part.file.path] += piece[part.chunk_offset : part.chunk_offset + part.length]

    assert rebuilt == contents


def test_a_chunk_that_comes_twice_is_one_object() -> None:
    manifest = a_manifest(a_tree(a_file("a", b"abcd")), 2, 2)
    twice = a_manifest(manifest.tree, 2)

    assert len(manifest.object_lengths()) == 2
    assert twice.object_lengths() == {"0" * 32: 40}
