"""Where programs that run on Node are kept for tests, and how they get there: `python -m tests.node_peers`."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

_DESCRIPTION: Final = Path(__file__).parent / "peers_node"
_FILES: Final = ("package.json", "package-lock.json")


def node_programs() -> Path:
    """Name the folder of the installed programs: outside of the checkout, another one for each lock."""
    return _folder() / "node_modules" / ".bin"


def install() -> Path:
    """Install what the lock names, its scripts left out; what is there already is left as it is."""
    folder = _folder()
    if not node_programs().is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copy(_DESCRIPTION / name, folder / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return node_programs()


def _folder() -> Path:
    lock = hashlib.sha256((_DESCRIPTION / "package-lock.json").read_bytes()).hexdigest()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "clouddp" / "node-peers" / lock[:16]


if __name__ == "__main__":
    print(install())  # noqa: T201 (a command's own output)
