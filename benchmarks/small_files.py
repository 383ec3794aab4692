"""P2: publish 10,000 files of 10 KB to a null sink."""

from benchmarks.comparison import compare
from benchmarks.measuring import Bench, Report
from benchmarks.rclone import find_rclone
from benchmarks.trees import make_small_files

_SIZE = 10_000
_PEER_OPTIONS = ("--transfers", "32")


def run(bench: Bench) -> Report:
    """Publish from the library and from the source folder, beside rclone crypt with 32 transfers."""
    count = bench.scale.choose(quick=100, normal=10_000, full=10_000)
    source = make_small_files(bench.folder / "source", count=count, size=_SIZE)
    rclone = find_rclone()
    lines = compare(bench, source, rclone, options=_PEER_OPTIONS, unit="files/s", amount=count, goal="4 x")
    peer = f"rclone {rclone.version}" if rclone else "rclone was not found, so there is nothing to compare with"
    note = f"{count:,} files of {_SIZE:,} octets; the whole distribution: chunks, manifest, scope, database"
    return Report(title="P2  publish small files to a null sink", lines=lines, notes=(note, peer))
