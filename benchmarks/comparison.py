"""Publish one folder by the site and by rclone in turns; what P1 and P2 have in common."""

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.child import run_publishing
from benchmarks.measuring import Bench, Line, Sample, pair_ratios, take_turns
from benchmarks.rclone import NullCrypt, Rclone

_FROM_LIBRARY = "clouddp, from the content library"
_FROM_SOURCE = "clouddp, from the source folder (add, then publish)"
_PEER = "rclone crypt"


def compare(
    bench: Bench, source: Path, rclone: Rclone | None, *, options: tuple[str, ...], unit: str, amount: float, goal: str
) -> tuple[Line, ...]:
    """Give rates in `unit`, ratios to the peer and CPU time; `amount` is how many units the folder holds.

    What rclone needs to start is taken off its time, since the site server is running already.
    """
    home = bench.folder / "home"
    home.mkdir()
    run_publishing(home, "--add", source)
    ours = take_turns(_contenders(bench, home, source, rclone, options), bench.rounds)
    seconds = {name: [told["seconds"] for told in results] for name, results in ours.items()}
    lines = [_rates(name, unit, amount, values) for name, values in seconds.items()]
    if _PEER in seconds:
        peer = seconds[_PEER]
        lines.append(
            Line(
                what="library, times as fast as rclone",
                unit="x",
                sample=pair_ratios(peer, seconds[_FROM_LIBRARY]),
                goal=goal,
            )
        )
        lines.append(
            Line(what="source, times as fast as rclone", unit="x", sample=pair_ratios(peer, seconds[_FROM_SOURCE]))
        )
    cpu = Sample(tuple(told["cpu_seconds"] for told in ours[_FROM_LIBRARY]))
    return (*lines, Line(what="clouddp, CPU time from the library", unit="s", sample=cpu))


def _contenders(
    bench: Bench, home: Path, source: Path, rclone: Rclone | None, options: tuple[str, ...]
) -> dict[str, Callable[[], dict[str, float]]]:
    contenders: dict[str, Callable[[], dict[str, float]]] = {
        _FROM_LIBRARY: lambda: run_publishing(home, "--send"),
        _FROM_SOURCE: _from_source(bench, source),
    }
    if rclone is not None:
        crypt = NullCrypt(rclone, source, bench.folder / "rclone")
        contenders[_PEER] = lambda: {"seconds": crypt.copy(*options)}
    return contenders


def _from_source(bench: Bench, source: Path) -> Callable[[], dict[str, float]]:
    """Add to a library that is new each time."""
    count = iter(range(1_000))

    def run() -> dict[str, float]:
        home = bench.folder / f"home{next(count)}"
        home.mkdir()
        told = run_publishing(home, "--add", source, "--send")
        shutil.rmtree(home)
        return told

    return run


def _rates(name: str, unit: str, amount: float, seconds: list[float]) -> Line:
    return Line(what=name, unit=unit, sample=Sample(tuple(amount / value for value in seconds)))
