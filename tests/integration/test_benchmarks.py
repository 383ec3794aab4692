"""Each benchmark runs; none is held to a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLED = (pytest.mark.slow, pytest.mark.sample)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("publish", marks=SAMPLED),
        pytest.param("small-files", marks=SAMPLED),
        pytest.param("image-edits", marks=SAMPLED),
        pytest.param("memory", marks=SAMPLED),
        "start-up",
        pytest.param("finish", marks=pytest.mark.slow),
        pytest.param("at-once", marks=pytest.mark.slow),  # eight at once, with nothing left over
    ],
)
def test_a_benchmark_runs_and_measures(name: str, tmp_path: Path) -> None:
    told = json.loads(_benchmarks("--quick", "--json", "--folder", str(tmp_path), name))

    assert set(told) == {"calibration", name}
    assert all(line["median"] > 0 for report in told.values() for line in report["lines"])
    assert list(tmp_path.iterdir()) == []


def test_the_list_names_each_benchmark() -> None:
    assert [line.split()[0] for line in _benchmarks("--list").splitlines()] == [
        "publish",
        "small-files",
        "image-edits",
        "memory",
        "start-up",
        "finish",
        "at-once",
    ]


def _benchmarks(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=120).stdout
