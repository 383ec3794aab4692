"""Component logs: a file that CMTrace and OneTrace read, and the same lines as JSON beside it.

A CMTrace line is `<![LOG[text]LOG]!><time="HH:MM:SS.mmm+bias" date="MM-DD-YYYY" component="" context="" type=""
thread="" file="">`, where bias is the minutes to add to the time to get UTC and type is 1 (information), 2 (warning)
or 3 (error). We write UTC, so the bias is always +000.
"""

import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clouddp.language.translate import DEFAULT_LANGUAGE, translate
from clouddp.telemetry.correlation import correlation_id

_LINE_LIMIT: Final = 7_600  # characters of text; CMTrace reads no lines longer than 8,000
_FILE_LIMIT: Final = 5 * 2**20  # bytes; then the file becomes `.lo_`, as the product does
_TYPES: Final = {"information": 1, "warning": 2, "error": 3}


class ComponentLog:
    """One component's log. Safe to use from many threads of one process; one process writes one file.

    Writing never raises: what the disk does not take goes to standard error.
    """

    def __init__(
        self,
        path: Path,
        component: str,
        *,
        language: str = DEFAULT_LANGUAGE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._component = component
        self._language = language
        self._now = now
        self._lock = threading.Lock()

    def information(self, code: str, /, **arguments: object) -> None:
        """Write what happened as it should."""
        self._write("information", code, arguments)

    def warning(self, code: str, /, **arguments: object) -> None:
        """Write what went wrong and is being dealt with."""
        self._write("warning", code, arguments)

    def error(self, code: str, /, **arguments: object) -> None:
        """Write what failed."""
        self._write("error", code, arguments)

    def _write(self, severity: str, code: str, arguments: dict[str, object]) -> None:
        moment = self._now().astimezone(UTC)
        text = translate(code, arguments, language=self._language)
        thread = threading.get_native_id()
        traced = cmtrace_line(text, self._component, _TYPES[severity], moment, thread)
        record = {
            "time": moment.isoformat(),
            "component": self._component,
            "severity": severity,
            "code": code,
            "arguments": {name: str(value) for name, value in arguments.items()},
            "correlation_id": correlation_id(),
        }
        with self._lock:
            try:
                _append(self.path, traced)
                _append(self.path.with_suffix(".jsonl"), json.dumps(record, ensure_ascii=False) + "\n")
            except OSError as error:
                # A full disk must not end the work that the log tells of: it would not go on when there is room again.
                sys.stderr.write(f"{self.path}: {error.strerror}: {text}\n")


def cmtrace_line(text: str, component: str, kind: int, moment: datetime, thread: int) -> str:
    """Format one line, CRLF included; `moment` in UTC, `kind` 1, 2 or 3."""
    body = text.replace("]LOG]!>", "]LOG] !>").replace("\r", " ").replace("\n", " ")
    return (
        f"<![LOG[{body[:_LINE_LIMIT]}]LOG]!>"
        f'<time="{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}+000" date="{moment:%m-%d-%Y}" '
        f'component="{component}" context="{correlation_id()}" type="{kind}" thread="{thread}" file="">\r\n'
    )


def _append(path: Path, line: str) -> None:
    if path.exists() and path.stat().st_size > _FILE_LIMIT:
        path.replace(path.with_suffix(".lo_" if path.suffix == ".log" else ".lo_.jsonl"))
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(line)
