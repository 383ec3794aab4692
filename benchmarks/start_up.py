"""P10: how long `clouddp --help` takes."""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import Bench, Line, Report, Sample, take_turns

_RUNS = 11


def run(bench: Bench) -> Report:
    """Start the command beside this Python again and again, and the bare interpreter in turns with it."""
    program = Path(sys.executable).with_name("clouddp")
    contenders = {
        "clouddp --help": lambda: _seconds(str(program), "--help"),
        "python -c pass": lambda: _seconds(sys.executable, "-c", "pass"),
    }
    taken = take_turns(contenders, bench.scale.choose(quick=1, normal=_RUNS, full=_RUNS))
    goals = {"clouddp --help": "0.3 s at most"}
    lines = tuple(
        Line(what=what, unit="s", sample=Sample(tuple(seconds)), goal=goals.get(what, ""))
        for what, seconds in taken.items()
    )
    return Report(title="P10  start of the command line", lines=lines)


def _seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
