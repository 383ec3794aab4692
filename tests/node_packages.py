"""Packages of Node that tests need: installed by locks of ours into the user's cache, outside the checkout, once.

`python -m tests.node_packages` installs them all, ahead of the tests.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.peers import are_required, find_program

_SECONDS = 600


def install_node_packages(folder: Path) -> Path:
    """Install what the lock in `folder` names, give the folder of the modules; without a registry, skip the test."""
    lock = folder / "package-lock.json"
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clouddp-peers"
    caches.mkdir(parents=True, exist_ok=True)
    wanted = caches / f"{folder.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    with (caches / f"{folder.name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # other workers wait, and find it done
        if not wanted.exists():
            with tempfile.TemporaryDirectory(dir=caches, prefix=f"{folder.name}-") as place:
                _install(folder, Path(place) / "made")
                (Path(place) / "made").rename(wanted)
    return wanted / "node_modules"


def _install(folder: Path, made: Path) -> None:
    made.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, made)
    npm = find_program("npm")
    assert npm is not None
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        reason = f"the packages of {folder.name} could not be installed: {done.stderr.strip()[-500:]}"
        pytest.fail(reason) if are_required() else pytest.skip(reason)


def main() -> None:
    """Install all of them."""
    for lock in sorted(Path(__file__).parent.glob("peers_*/package-lock.json")):
        install_node_packages(lock.parent)


if __name__ == "__main__":
    main()
