"""Where a version's stream is cut into chunks; readers never need to know, so this may change at any time."""

from collections.abc import Sequence
from typing import Final, Protocol

from pyfastcdc import FastCDC

from clouddp.content.format.digests import Octets
from clouddp.model.errors import DamagedError

SMALLEST_CHUNK = 256 * 1024
LARGEST_CHUNK = 4 * 1024 * 1024

_CENTRE = 768 * 1024  # with normalisation 2 and the smallest chunk skipped, chunks average about 1 MiB
_NORMALISATION: Final = 2


class Cuts(Protocol):
    """Decides how long the next chunks of a stream are."""

    def cut(self, window: Octets, *, is_last: bool) -> Sequence[int]:
        """Give the lengths of the chunks that start this window; the rest must begin the next window."""


class ContentDefinedCuts:
    """FastCDC over one stream, by a secret seed so that lengths do not give known files away."""

    def __init__(self, seed: int) -> None:
        self._chunker = FastCDC(
            _CENTRE,
            min_size=SMALLEST_CHUNK,
            max_size=LARGEST_CHUNK,
            normalized_chunking=_NORMALISATION,
            seed=seed,
        )

    def cut(self, window: Octets, *, is_last: bool) -> Sequence[int]:
        """Cut only where the largest chunk would have fitted: so cuts do not depend on where windows end."""
        lengths = []
        left = len(window)
        for chunk in self._chunker.cut_buf(window):
            if left < LARGEST_CHUNK and not is_last:
                break
            lengths.append(chunk.length)
            left -= chunk.length
        return lengths


class RecordedCuts:
    """The cuts of a version that was published before, from its manifest."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths
        self._next = 0

    def cut(self, window: Octets, *, is_last: bool) -> Sequence[int]:
        """Give the recorded lengths that fit in the window.

        Raises: DamagedError when the stream is longer than what was recorded.
        """
        start = self._next
        left = len(window)
        while self._next < len(self._lengths) and self._lengths[self._next] <= left:
            left -= self._lengths[self._next]
            self._next += 1
        if is_last and left:
            raise DamagedError("content.stream_changed")
        return self._lengths[start : self._next]
