"""P9, its publishing half: the peak memory of a process that publishes a lot."""

import shutil

from benchmarks.child import run_publishing
from benchmarks.measuring import Bench, Line, Report, Sample
from benchmarks.trees import make_large_files

_FILES = 4


def run(bench: Bench) -> Report:
    """Publish 1 GB, or 10 GB at full scale, and read the high-water mark."""
    size = bench.scale.choose(quick=10**6, normal=10**9, full=10**10)
    source = make_large_files(bench.folder / "source", count=_FILES, size=size // _FILES)
    home = bench.folder / "home"
    home.mkdir()
    adding = run_publishing(home, "--add", source)
    shutil.rmtree(source)
    sending = [run_publishing(home, "--send") for _ in range(bench.scale.choose(quick=1, normal=5, full=1))]
    lines = (
        Line(what="before it begins", unit="MB", sample=_megabytes([told["peak_before_bytes"] for told in sending])),
        Line(
            what="adding to the content library",
            unit="MB",
            sample=_megabytes([adding["peak_bytes"]]),
            goal="300 MB at most",
        ),
        Line(
            what="publishing",
            unit="MB",
            sample=_megabytes([told["peak_bytes"] for told in sending]),
            goal="300 MB at most",
        ),
    )
    note = f"{size / 1e9:g} GB in {_FILES} files; the parts of the site server that publish, in a process of their own"
    return Report(title="P9  peak memory of publishing", lines=lines, notes=(note,))


def _megabytes(octets: list[float]) -> Sample:
    return Sample(tuple(count / 1e6 for count in octets))
