"""The peer: `rclone` crypt, copying into files that are all the null device."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_SHORTEST = 1e-3  # a tiny copy may take less than starting did
_SUFFIX = ".bin"  # what crypt adds to names it does not encrypt
_OPTIONS = (
    "--ignore-checksum",  # crypt would hash the ciphertext with MD5
    "--ignore-size",  # the null device is always empty
    "--no-check-dest",
    "--no-traverse",
    "--no-update-modtime",
    "--inplace",  # a partial file would be renamed over the link
    "--copy-links",
    "--local-no-set-modtime",
    "--local-no-preallocate",
)


@dataclass(frozen=True, slots=True)
class Rclone:
    """One rclone that was found."""

    program: Path
    version: str


def find_rclone() -> Rclone | None:
    """Look at CLOUDDP_BENCH_RCLONE, beside this Python, and on the path; None when there is none."""
    beside = Path(sys.executable).with_name("rclone")
    found = os.environ.get("CLOUDDP_BENCH_RCLONE") or (str(beside) if beside.exists() else shutil.which("rclone"))
    if found is None:
        return None
    told = subprocess.run([found, "version"], capture_output=True, check=True, text=True)
    return Rclone(Path(found), told.stdout.splitlines()[0].removeprefix("rclone "))


class NullCrypt:
    """A crypt remote over a folder in which every file to come is already a link to the null device.

    rclone opens, encrypts, writes and closes as ever, and the kernel drops what is written: the cheapest sink a
    program can have that cannot be told to have none.
    """

    def __init__(self, rclone: Rclone, source: Path, folder: Path) -> None:
        self._rclone = rclone
        self._source = source
        self._sink = folder / "sink"
        self._empty = folder / "empty"
        self._configuration = folder / "rclone.conf"
        self._empty.mkdir(parents=True)
        self._link()
        self._configure()

    def copy(self, *options: str) -> float:
        """Copy all; give the seconds, without those that starting costs."""
        started = self._run(self._empty, ())
        return max(self._run(self._source, options) - started, _SHORTEST)

    def _run(self, source: Path, options: tuple[str, ...]) -> float:
        program = str(self._rclone.program)
        command = [program, "--config", str(self._configuration), "copy", str(source), "null:", *_OPTIONS, *options]
        started = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - started

    def _link(self) -> None:
        for path in self._source.rglob("*"):
            if path.is_file():
                place = self._sink / path.relative_to(self._source)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.with_name(place.name + _SUFFIX).symlink_to(os.devnull)

    def _configure(self) -> None:
        command = [str(self._rclone.program), "obscure", "benchmark"]
        password = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
        settings = {
            "type": "crypt",
            "remote": str(self._sink),
            "password": password,
            "filename_encryption": "off",
            "directory_name_encryption": "false",
        }
        lines = ["[null]", *(f"{name} = {value}" for name, value in settings.items()), ""]
        self._configuration.write_text("\n".join(lines), encoding="utf-8")
