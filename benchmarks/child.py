"""Run a measured program in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def run_publishing(*words: object) -> dict[str, float]:
    """Run `benchmarks.publishing` and read what it tells."""
    command = [sys.executable, "-m", "benchmarks.publishing", *map(str, words)]
    finished = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, float] = json.loads(finished.stdout)
    return told
