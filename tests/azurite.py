"""Where Azurite is kept for tests, and how it gets there: `python -m tests.azurite`."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

_DESCRIPTION: Final = Path(__file__).parent / "peers_azurite"
_FILES: Final = ("package.json", "package-lock.json")


def azurite_programs() -> Path:
    """Name the folder of its programs: outside of the checkout, another one for each lock."""
    return _folder() / "node_modules" / ".bin"


def install() -> Path:
    """Install what the lock names, its scripts left out; what is there already is left as it is."""
    folder = _folder()
    if not azurite_programs().is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copy(_DESCRIPTION / name, folder / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return azurite_programs()


def _folder() -> Path:
    lock = hashlib.sha256((_DESCRIPTION / "package-lock.json").read_bytes()).hexdigest()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "clouddp" / "azurite" / lock[:16]


if __name__ == "__main__":
    print(install())  # noqa: T201 (a command's own output)
