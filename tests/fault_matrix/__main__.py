"""`python -m tests.fault_matrix`: play the whole matrix and write its table; `--facts`: look at the steps anew."""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.fault_matrix.cells import all_cells
from tests.fault_matrix.facts import save
from tests.fault_matrix.plain import run_plainly
from tests.fault_matrix.results import FOLDER, read_results
from tests.fault_matrix.stage import Stage
from tests.fault_matrix.table import write_table

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "fault-matrix.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault_matrix", description=__doc__)
    parser.add_argument("--facts", action="store_true", help="run without faults and keep what each step does")
    parser.add_argument("--results", type=Path, help="folder that keeps the result of each cell, also of earlier runs")
    parser.add_argument("--only", default="", help="play only the cells that this expression of pytest's -k selects")
    parser.add_argument("--no-play", action="store_true", help="write the table of the results that there are")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.facts:
            keep_facts(Path(folder))
            return 0
        results = chosen.results or Path(folder)
        results.mkdir(parents=True, exist_ok=True)
        status = 0 if chosen.no_play else play_cells(results, chosen.only)
        today = datetime.now(UTC).date()
        DOCUMENT.write_text(write_table(all_cells(), read_results(results), today=today), encoding="utf-8")
    return status


def keep_facts(folder: Path) -> None:
    stage = Stage(folder)
    try:
        save(run_plainly(stage))
    finally:
        stage.close()


def play_cells(results: Path, only: str) -> int:
    chosen = f"test_an_operation and ({only})" if only else "test_an_operation"
    arguments = ["tests/fault_matrix", "-n", "auto", "--dist", "worksteal", "-q", "--tb", "line", "-k", chosen]
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {FOLDER: str(results)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
