"""Start the programs of the story and stop them again, whatever happens to the one who told it."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from clouddp.model.errors import SiteError

_READY_DEADLINE_SECONDS: Final = 60.0
_STOP_DEADLINE_SECONDS: Final = 20.0
_COMMAND_DEADLINE_SECONDS: Final = 3_600.0


class Programs:
    """The long-running programs. Each ends when its standard input closes, so none outlives this process."""

    def __init__(self, home: Path, language: str) -> None:
        self._environment = {**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": language}
        self._running: list[tuple[str, subprocess.Popen[str]]] = []

    def start(self, name: str, arguments: Sequence[str], *, errors: Path) -> dict[str, Any]:
        """Start `clouddp <arguments>` and give the JSON line it prints when it is ready.

        Raises:
            SiteError: it ended instead, or the line did not come in time.
        """
        errors.parent.mkdir(parents=True, exist_ok=True)
        with errors.open("a", encoding="utf-8") as error_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "clouddp", *arguments, "--until-input-closes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=error_file,
                env=self._environment,
                text=True,
                start_new_session=True,  # Ctrl-C is ours to handle: the programs are stopped in order
            )
        self._running.append((name, process))
        line = _first_line(process)
        if not line:
            raise SiteError("demo.program_not_ready", program=name, log=errors, reason=_last_words(errors))
        return dict(json.loads(line))

    def died(self) -> str | None:
        """Name a program that ended by itself, if one did."""
        return next((name for name, process in self._running if process.poll() is not None), None)

    def stop(self) -> None:
        """Stop all, the last started first, each with time to end in order."""
        while self._running:
            _, process = self._running.pop()
            process.terminate()
            try:
                process.wait(_STOP_DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def run_command(
    arguments: Sequence[str], *, home: Path, language: str, more_environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run a command of the command line with `--json` and give its answer.

    Raises:
        SiteError: it failed; its own words are the reason.
    """
    environment = {**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": language, **(more_environment or {})}
    finished = subprocess.run(
        [sys.executable, "-m", "clouddp", *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment,
        text=True,
        timeout=_COMMAND_DEADLINE_SECONDS,
        check=False,
    )
    if finished.returncode != 0:
        raise SiteError("demo.command_failed", command=" ".join(arguments[:2]), reason=_told(finished.stderr))
    return dict(json.loads(finished.stdout)) if finished.stdout.strip() else {}


def _first_line(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()
    output = process.stdout
    if output is None:
        return ""
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        return lines.get(timeout=_READY_DEADLINE_SECONDS)
    except queue.Empty:
        return ""


def _last_words(errors: Path) -> str:
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " ".join(lines[-2:])


def _told(standard_error: str) -> str:
    try:
        described = json.loads(standard_error)
        return " ".join(filter(None, (described["text"], described.get("next_step"))))
    except (ValueError, KeyError, TypeError):
        return " ".join(standard_error.strip().splitlines()[-3:])
