"""P1: publish 1 GiB of incompressible data to a null sink, as one file and as eight."""

import shutil
from dataclasses import replace

from benchmarks.comparison import compare
from benchmarks.measuring import Bench, Line, Report
from benchmarks.rclone import Rclone, find_rclone
from benchmarks.trees import make_large_files

_GOALS = {1: "2 x", 8: ""}  # rclone encrypts a file on one thread, so only with several it uses every processor
_SHAPES = {1: "one file", 8: "eight files"}


def run(bench: Bench) -> Report:
    """Publish from the library and from the source folder, beside rclone crypt."""
    size = bench.scale.choose(quick=2**20, normal=2**30, full=2**30)
    rclone = find_rclone()
    lines = tuple(line for count in _GOALS for line in _compare(bench, rclone, count=count, size=size))
    peer = f"rclone {rclone.version}" if rclone else "rclone was not found, so there is nothing to compare with"
    note = f"{size / 2**20:,.0f} MiB; the whole distribution: chunks, manifest, scope, database"
    return Report(title="P1  publish incompressible data to a null sink", lines=lines, notes=(note, peer))


def _compare(bench: Bench, rclone: Rclone | None, *, count: int, size: int) -> list[Line]:
    part = Bench(scale=bench.scale, folder=bench.folder / f"of{count}")
    source = make_large_files(part.folder / "source", count=count, size=size // count)
    lines = compare(part, source, rclone, options=(), unit="MB/s", amount=size / 1e6, goal=_GOALS[count])
    shutil.rmtree(part.folder)
    return [replace(line, what=f"{_SHAPES[count]}: {line.what}") for line in lines]
