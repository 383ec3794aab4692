import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("kill_at", [1, 2, 3, 6, 9, 10])
def test_after_a_real_kill_the_workflow_continues_and_does_nothing_twice(tmp_path: Path, kill_at: int) -> None:
    killed = _run(tmp_path, kill_at)
    assert killed.returncode == -9
    assert not (tmp_path / "end").exists() or kill_at == 10

    (tmp_path / "end").unlink(missing_ok=True)
    resumed = _run(tmp_path, 0)

    assert resumed.returncode == 0
    assert (resumed.stdout, resumed.stderr) == (b"", b"")
    assert (tmp_path / "end").exists()
    assert (tmp_path / "count").read_text() == "x"
    assert not (tmp_path / "failed").exists()


def _run(folder: Path, kill_at: int) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tests.integration.killed_engine", str(folder), str(kill_at)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=Path(__file__).parents[2])
