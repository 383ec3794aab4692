"""Tests of where a stream is cut."""

import random

import pytest

from clouddp.content.format.chunking import LARGEST_CHUNK, SMALLEST_CHUNK, ContentDefinedCuts, Cuts, RecordedCuts
from clouddp.model.errors import DamagedError

STREAM = random.Random(5).randbytes(24 * 2**20)
SEED = 1234567


def _cut(stream: bytes, window: int, cuts: Cuts) -> list[int]:
    """Cut as a publisher does: what is left of one window begins the next."""
    lengths: list[int] = []
    start = 0
    while start < len(stream):
        part = memoryview(stream)[start : start + window]
        found = list(cuts.cut(part, is_last=start + window >= len(stream)))
        start += sum(found)
        lengths += found
    return lengths


@pytest.mark.parametrize("window", [LARGEST_CHUNK, LARGEST_CHUNK + 1, 7 * 2**20 + 3, 16 * 2**20])
def test_cuts_do_not_depend_on_the_window(window: int) -> None:
    assert _cut(STREAM, window, ContentDefinedCuts(SEED)) == _cut(STREAM, len(STREAM), ContentDefinedCuts(SEED))


def test_chunks_hold_the_whole_stream_within_their_limits() -> None:
    lengths = _cut(STREAM, 16 * 2**20, ContentDefinedCuts(SEED))

    assert sum(lengths) == len(STREAM)
    assert max(lengths) <= LARGEST_CHUNK
    assert min(lengths[:-1]) >= SMALLEST_CHUNK
    assert 700_000 < len(STREAM) / len(lengths) < 1_400_000


def test_one_octet_inserted_moves_a_chunk_or_two() -> None:
    changed = STREAM[: 9 * 2**20] + b"!" + STREAM[9 * 2**20 :]

    before, after = _pieces(STREAM), _pieces(changed)

    assert len(after - before) <= 2


def _pieces(stream: bytes) -> set[bytes]:
    pieces, start = set(), 0
    for length in _cut(stream, 16 * 2**20, ContentDefinedCuts(SEED)):
        pieces.add(stream[start : start + length])
        start += length
    return pieces


def test_another_seed_cuts_elsewhere() -> None:
    assert _cut(STREAM, 2**25, ContentDefinedCuts(1)) != _cut(STREAM, 2**25, ContentDefinedCuts(2))


def test_a_stream_of_equal_octets_is_cut_into_largest_chunks() -> None:
    lengths = _cut(bytes(10 * 2**20), 16 * 2**20, ContentDefinedCuts(SEED))

    assert lengths[:-1] == [LARGEST_CHUNK] * (len(lengths) - 1)


def test_recorded_cuts_are_given_again_whatever_the_window() -> None:
    lengths = [3, 5, 2, 10, 1]

    assert _cut(bytes(21), 10, RecordedCuts(lengths)) == lengths
    assert _cut(bytes(21), 21, RecordedCuts(lengths)) == lengths


def test_a_stream_longer_than_recorded_is_told() -> None:
    with pytest.raises(DamagedError, match="stream_changed"):
        RecordedCuts([3]).cut(b"abcd", is_last=True)
