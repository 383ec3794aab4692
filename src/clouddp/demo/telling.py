"""How the demo tells its story: a line a step as it goes, a summary at the end."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from clouddp.language.translate import translate


class Teller:
    """Shows steps on a console; on a terminal with what is going on at the moment."""

    def __init__(self, console: Console, language: str, steps: int) -> None:
        self._console = console
        self._language = language
        self._steps = steps
        self._number = 0
        self._status: Status | None = None
        self._began = time.monotonic()

    @contextmanager
    def step(self, code: str, **arguments: object) -> Iterator[None]:
        """Tell one step: its name at once, how long it took when it holds."""
        self._number += 1
        title = self._text(code, arguments)
        started = time.monotonic()
        self._console.print(f"[bold]{self._number}/{self._steps}[/bold] {title}", highlight=False, soft_wrap=True)
        with self._console.status("") as status:
            self._status = status
            yield
        self._status = None
        self.detail("demo.step_done", seconds=f"{time.monotonic() - started:.1f}")

    def going_on(self, text: str) -> None:
        """Show what is going on inside the step; only where there is a terminal."""
        if self._status is not None:
            self._status.update(text)

    def detail(self, code: str, **arguments: object) -> None:
        """Add a line below the step."""
        self._console.print(f"    {self._text(code, arguments)}", highlight=False, soft_wrap=True)

    def summary(self, rows: Mapping[str, str]) -> None:
        """Show the summary, catalogue code of the label to value, and how long all of it took."""
        rows = {**rows, "demo.label_time": f"{time.monotonic() - self._began:.1f} s"}
        self._console.print()
        width = max(len(self._text(label, {})) for label in rows)
        for label, value in rows.items():
            self._console.print(f"  {self._text(label, {}):<{width}}  {value}", highlight=False, soft_wrap=True)
        self._console.print()

    def _text(self, code: str, arguments: Mapping[str, object]) -> str:
        return translate(code, arguments, language=self._language).replace("[", "\\[")
