"""P1: publish 1 GiB of incompressible data to a null sink."""

from benchmarks.comparison import compare
from benchmarks.measuring import Bench, Report
from benchmarks.rclone import find_rclone
from benchmarks.trees import make_large_files

_FILES = 8  # rclone encrypts one file on one thread; with 8 it keeps every processor busy


def run(bench: Bench) -> Report:
    """Publish from the library and from the source folder, beside rclone crypt."""
    size = bench.scale.choose(quick=2**20, normal=2**30, full=2**30)
    source = make_large_files(bench.folder / "source", count=_FILES, size=size // _FILES)
    rclone = find_rclone()
    lines = compare(bench, source, rclone, options=(), unit="MB/s", amount=size / 1e6, goal="2 x")
    peer = f"rclone {rclone.version}" if rclone else "rclone was not found, so there is nothing to compare with"
    note = f"{size / 2**20:,.0f} MiB in {_FILES} files; the whole distribution: chunks, manifest, scope, database"
    return Report(title="P1  publish incompressible data to a null sink", lines=lines, notes=(note, peer))
