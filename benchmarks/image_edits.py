"""P7: how much is sent again when a large image is edited."""

import mmap
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Bench, Line, Report, Sample, Scale
from benchmarks.null_sink import NullStore
from benchmarks.trees import Noise, make_large_files
from clouddp.content.format.chunking import ContentDefinedCuts
from clouddp.content.format.digests import DigestAlgorithm
from clouddp.content.format.entries import ChunkEntry, FileEntry, Manifest, Tree
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.manifest import seal_manifest
from clouddp.content.publish import Progress, Publication, Publisher

_KEYS = derive_content_keys(bytes(range(32)), generation=1)
_INSERTIONS = 20
_EDITS = 10
_EDITED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Edit:
    """Octets that stand at `place` instead of the next `replaced` ones."""

    place: int
    octets: bytes
    replaced: int


class EditedImage:
    """A stream of an image with edits, in the order of their places."""

    def __init__(self, image: memoryview, edits: Sequence[Edit]) -> None:
        self._parts: list[memoryview] = []
        position = 0
        for edit in edits:
            self._parts += [image[position : edit.place], memoryview(edit.octets)]
            position = edit.place + edit.replaced
        self._parts.append(image[position:])

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer, less than full only at the end."""
        filled = 0
        while filled < len(buffer) and self._parts:
            length = min(len(buffer) - filled, len(self._parts[0]))
            buffer[filled : filled + length] = self._parts[0][:length]
            self._parts[0] = self._parts[0][length:]
            if not self._parts[0]:
                self._parts.pop(0)
            filled += length
        return filled


class _Ledger:
    """Knows what was published before."""

    def __init__(self, known: Mapping[str, ChunkEntry]) -> None:
        self._known = known

    def claim(self, names: Sequence[str]) -> Mapping[str, ChunkEntry]:
        """Give the known ones."""
        return {name: self._known[name] for name in names if name in self._known}


class _Site:
    """Publishes versions of one image where its first version is already."""

    def __init__(self, image: memoryview) -> None:
        self._image = image
        self._store = NullStore()
        self._known: dict[str, ChunkEntry] = {}
        first = self._publish((), self._store)
        self._known = {chunk.name: chunk for chunk in first.chunks}
        self.chunk_count = len(first.chunks)

    def sent_bytes(self, edits: Sequence[Edit]) -> int:
        """Publish an edited version and count what is sent, its manifest included."""
        publication = self._publish(edits, self._store.copy())
        return publication.sent_bytes + _manifest_length(publication.chunks)

    def _publish(self, edits: Sequence[Edit], store: NullStore) -> Publication:
        publisher = Publisher(store, _Ledger(self._known), _KEYS)
        return publisher.publish(EditedImage(self._image, edits), ContentDefinedCuts(_KEYS.cut_seed), _ignore)


def run(bench: Bench) -> Report:
    """Insert an octet at 20 places, one at a time; then overwrite a hundredth of the image in 10 places."""
    size = bench.scale.choose(quick=2**25, normal=2**30, full=2**30)
    folder = make_large_files(bench.folder / "image", count=1, size=size)
    with next(folder.iterdir()).open("rb") as file:
        site = _Site(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    inserted = [site.sent_bytes(edits) for edits in _insertions(size, bench.scale)]
    edited = [site.sent_bytes(_overwritings(size, seed)) for seed in range(bench.rounds)]
    lines = (
        Line(
            what="one octet inserted: sent", unit="MiB", sample=_in_units(inserted, 2**20), goal="median 4 MiB at most"
        ),
        Line(what="1 % edited in 10 places: sent", unit="%", sample=_in_units(edited, size / 100), goal="5 % at most"),
    )
    notes = (
        f"image of {size / 2**20:,.0f} MiB in {site.chunk_count:,} chunks; manifests counted; places by a fixed seed",
    )
    return Report(title="P7  what an edit of a large image costs", lines=lines, notes=notes)


def _insertions(size: int, scale: Scale) -> list[tuple[Edit, ...]]:
    places = random.Random(_INSERTIONS)  # noqa: S311 (the same places each time)
    count = scale.choose(quick=2, normal=_INSERTIONS, full=_INSERTIONS)
    return [(Edit(places.randrange(size), b"!", 0),) for _ in range(count)]


def _overwritings(size: int, seed: int) -> tuple[Edit, ...]:
    length = int(size * _EDITED_SHARE / _EDITS)
    places = random.Random(seed)  # noqa: S311 (the same places each time)
    noise = Noise()
    slots = sorted(places.sample(range(size // length), _EDITS))
    return tuple(Edit(slot * length, noise.read(length), length) for slot in slots)


def _manifest_length(chunks: tuple[ChunkEntry, ...]) -> int:
    size = sum(chunk.raw_length for chunk in chunks)
    file = FileEntry(path="image.bin", size=size, mode=0o644, modified_us=0, digest=bytes(32))
    manifest = Manifest(
        generation=_KEYS.generation,
        digest_algorithm=DigestAlgorithm.BLAKE3,
        tree=Tree(files=(file,), folders=(), links=()),
        chunks=chunks,
    )
    return len(seal_manifest(manifest, key=bytes(16), salt=bytes(16)))


def _in_units(octets: Sequence[int], unit: float) -> Sample:
    return Sample(tuple(count / unit for count in octets))


def _ignore(_progress: Progress) -> None:
    """Nobody watches."""
