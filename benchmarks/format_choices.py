"""What the choices of the format cost and save on real content: `python -m benchmarks.format_choices NAME=OLD:NEW …`.

OLD and NEW are folders that hold two versions of something. The decisions that rest on this are in docs/adr/.
"""

import argparse
import hashlib
import lzma
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zstandard
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyfastcdc import FastCDC

from benchmarks.measuring import Sample
from clouddp.content.format.keys import ContentKeys, derive_content_keys
from clouddp.content.format.sealing import ChunkSealer

_CENTRES_KIB: Final = (96, 192, 384, 768, 1536, 3072)  # what FastCDC is asked for; the smallest chunk is added to it
_WINDOW: Final = 16 * 2**20
_SAMPLE_BYTES: Final = 24 * 2**20  # what compressors are tried on
_ROUNDS: Final = 5
_HASHED_BYTES: Final = 2**20

_COMPRESSORS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "zstd 1": zstandard.ZstdCompressor(level=1).compress,
    "zstd 3": zstandard.ZstdCompressor(level=3).compress,
    "zstd 9": zstandard.ZstdCompressor(level=9).compress,
    "zstd 19": zstandard.ZstdCompressor(level=19).compress,
    "deflate 6": lambda octets: zlib.compress(octets, 6),
    "xz 6": lambda octets: lzma.compress(octets, preset=6),
}
_HASHES: Final[Mapping[str, Callable[[bytes], object]]] = {
    "BLAKE3": lambda octets: blake3(octets).digest(),
    "SHA-256": lambda octets: hashlib.sha256(octets).digest(),
    "SHA-512": lambda octets: hashlib.sha512(octets).digest(),
    "BLAKE2b": lambda octets: hashlib.blake2b(octets).digest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What it takes to send a new version where the old one is."""

    objects: int  # of the new version
    raw_bytes: int
    sent_objects: int
    sent_bytes: int  # stored: compressed where it pays, padded, encrypted
    stored_bytes: int  # of all objects of the new version


def main() -> None:
    """Measure what was asked for and print tables for a document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.format_choices", description=__doc__)
    parser.add_argument("contents", nargs="+", metavar="NAME=OLD:NEW")
    contents = [_parse(text) for text in parser.parse_args().contents]
    _print_hashes()
    for name, old, new in contents:
        print(f"\n{name}: {_size(new) / 2**20:,.0f} MiB in {sum(1 for _ in _files(new)):,} files\n")
        _print_chunk_sizes(old, new)
        _print_compressors(new)


def measure_update(old: Path, new: Path, *, centre: int) -> Update:
    """Cut both versions with FastCDC around `centre` octets, and seal what the new one has and the old one lacks."""
    keys = derive_content_keys(bytes(32), generation=1)
    sealer = ChunkSealer(keys)
    known = {sealer.identify(chunk).name for chunk in _chunks(old, keys, centre)}
    there, seen = known.copy(), dict[str, int]()
    objects = raw_bytes = sent_objects = sent_bytes = 0
    for chunk in _chunks(new, keys, centre):
        identified = sealer.identify(chunk)
        objects += 1
        raw_bytes += len(chunk)
        if identified.name not in seen:
            seen[identified.name] = sealer.seal(identified).entry.stored_length
        if identified.name not in there:
            there.add(identified.name)
            sent_objects += 1
            sent_bytes += seen[identified.name]
    return Update(
        objects=objects,
        raw_bytes=raw_bytes,
        sent_objects=sent_objects,
        sent_bytes=sent_bytes,
        stored_bytes=sum(seen.values()),
    )


def _print_chunk_sizes(old: Path, new: Path) -> None:
    print("| chunks on average | objects | all stored | sent for the update | objects sent |\n|---|---|---|---|---|")
    for centre in _CENTRES_KIB:
        update = measure_update(old, new, centre=centre * 1024)
        average = update.raw_bytes / update.objects / 1024
        print(
            f"| {average:,.0f} KiB | {update.objects:,} | {update.stored_bytes / 2**20:,.1f} MiB "
            f"| {update.sent_bytes / 2**20:,.1f} MiB ({update.sent_bytes / update.stored_bytes:.0%}) "
            f"| {update.sent_objects:,} |"
        )


def _print_compressors(folder: Path) -> None:
    keys = derive_content_keys(bytes(32), generation=1)
    sample, taken = [], 0
    for chunk in _chunks(folder, keys, 768 * 1024):
        sample.append(chunk)
        taken += len(chunk)
        if taken >= _SAMPLE_BYTES:
            break
    print("\n| compressor, each chunk alone | left of the octets | CPU beside AES-128-GCM |\n|---|---|---|")
    cipher = AESGCM(bytes(16))
    reference = _cpu_seconds(lambda chunk: cipher.encrypt(bytes(12), chunk, None), sample)
    for name, compress in _COMPRESSORS.items():
        packed = [len(compress(chunk)) for chunk in sample]
        seconds = _cpu_seconds(compress, sample, rounds=1)
        print(f"| {name} | {sum(packed) / taken:.1%} | {seconds / reference:,.0f} times |")


def _print_hashes() -> None:
    octets = os.urandom(_HASHED_BYTES)
    cipher = AESGCM(bytes(16))
    print("| digest of chunks of 1 MiB | CPU beside AES-128-GCM (5 turns) |\n|---|---|")
    ratios: dict[str, list[float]] = {name: [] for name in _HASHES}
    for _ in range(_ROUNDS):
        reference = _cpu_seconds(lambda chunk: cipher.encrypt(bytes(12), chunk, None), [octets] * 100)
        for name, work in _HASHES.items():
            ratios[name].append(_cpu_seconds(work, [octets] * 100) / reference)
    for name, values in ratios.items():
        sample = Sample(tuple(values))
        print(f"| {name} | {sample.median:.2f} times ({sample.low:.2f}–{sample.high:.2f}) |")


def _cpu_seconds(work: Callable[[bytes], object], chunks: Sequence[bytes], *, rounds: int = 3) -> float:
    """Give the least CPU time of some rounds: others' load only ever adds."""
    least = float("inf")
    for _ in range(rounds):
        started = time.thread_time()
        for chunk in chunks:
            work(chunk)
        least = min(least, time.thread_time() - started)
    return least


def _chunks(folder: Path, keys: ContentKeys, centre: int) -> Iterator[bytes]:
    """Cut a folder's files, joined in path order, in the proportions that the format's writer uses."""
    chunker = FastCDC(
        centre, min_size=centre // 3, max_size=centre * 16 // 3, normalized_chunking=2, seed=keys.cut_seed
    )
    rest = b""
    for window in _windows(folder):
        octets = rest + window
        cut = 0
        for chunk in chunker.cut_buf(octets):
            if len(octets) - cut < centre * 16 // 3 and len(window) == _WINDOW:
                break
            yield octets[cut : cut + chunk.length]
            cut += chunk.length
        rest = octets[cut:]


def _windows(folder: Path) -> Iterator[bytes]:
    """Read the stream in windows; the last one is shorter."""
    window = bytearray()
    for path in _files(folder):
        with path.open("rb") as file:
            while octets := file.read(_WINDOW - len(window)):
                window += octets
                if len(window) == _WINDOW:
                    yield bytes(window)
                    window.clear()
    yield bytes(window)


def _files(folder: Path) -> Iterator[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    yield from sorted(found, key=lambda path: os.fsencode(path.relative_to(folder)))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))


def _parse(text: str) -> tuple[str, Path, Path]:
    name, _, folders = text.partition("=")
    old, _, new = folders.partition(":")
    return name, Path(old), Path(new)


if __name__ == "__main__":
    main()
