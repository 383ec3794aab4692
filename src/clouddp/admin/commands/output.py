"""How the administrator's commands answer: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table

from clouddp.language.command_line import chosen_language
from clouddp.language.translate import translate

_UNBROKEN: Final = 10_000  # columns; more than any row has


def say(code: str, **arguments: object) -> None:
    """Print one sentence of the catalogue in the reader's language."""
    typer.echo(translate(code, arguments, language=chosen_language()))


def print_json(answer: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def print_table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows under `columns`: field name to the catalogue code of its heading."""
    language = chosen_language()
    table = Table(box=None)
    for heading in columns.values():
        table.add_column(translate(heading, language=language), overflow="fold")
    for row in rows:
        table.add_row(*_cells(row, tuple(columns)))
    _console().print(table)


def print_fields(fields: Mapping[str, str], row: Mapping[str, Any]) -> None:
    """Print one object, a line a field: field name to the catalogue code of its label."""
    language = chosen_language()
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for field, label in fields.items():
        table.add_row(translate(label, language=language), *_cells(row, (field,)))
    _console().print(table)


def _console() -> Console:
    """Fit a terminal; a file or another program gets each row on one line, whole."""
    return Console() if sys.stdout.isatty() else Console(width=_UNBROKEN)


def _cells(row: Mapping[str, Any], fields: Sequence[str]) -> list[str]:
    return ["" if row.get(field) is None else str(row[field]) for field in fields]
