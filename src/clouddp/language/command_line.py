"""What every command shares: the reader's language, the installation's home, and how an error ends a command.

Exit codes: 0 done, 1 failed or not possible now, 2 usage (what was given cannot be used), 3 not found, 4 not allowed.
"""

import functools
import json
import locale
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from platformdirs import user_data_path

from clouddp.language.translate import DEFAULT_LANGUAGE, LANGUAGES, next_step, translate
from clouddp.model.errors import InvalidInputError, NotFoundError, RefusedError, SiteError

P = ParamSpec("P")
R = TypeVar("R")

_EXIT_CODES: Final[tuple[tuple[type[SiteError], int], ...]] = (
    (InvalidInputError, 2),
    (NotFoundError, 3),
    (RefusedError, 4),
    (SiteError, 1),
)


def chosen_language(environment: Mapping[str, str] = os.environ) -> str:
    """Name the reader's language: `CLOUDDP_LANG`, else the system's locale, else English."""
    for variable in ("CLOUDDP_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        language = locale.normalize(environment.get(variable, "")).partition("_")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def clouddp_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Name the folder that everything of an installation lives in: `CLOUDDP_HOME`, else the user's data directory."""
    chosen = environment.get("CLOUDDP_HOME")
    return Path(chosen).resolve() if chosen else user_data_path("clouddp", appauthor=False)


def exit_on_error(command: Callable[P, R]) -> Callable[P, R]:
    """Make an expected error end the command with its text and exit code, without a traceback.

    A command whose parameter `as_json` is true gets the error as one JSON object on standard error.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SiteError as error:
            tell_error(error, as_json=bool(kwargs.get("as_json")))
            raise SystemExit(exit_code(error)) from None

    return run


def exit_code(error: SiteError) -> int:
    """Say how a command ends that failed with `error`."""
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))


def tell_error(error: SiteError, *, as_json: bool) -> None:
    """Write `error`, with all its faults and what to do, to standard error."""
    described = describe_error(error, chosen_language())
    if as_json:
        print(json.dumps(described, ensure_ascii=False), file=sys.stderr)  # noqa: T201 (the command line's own output)
        return
    for line in _lines(described, indent=""):
        print(line, file=sys.stderr)  # noqa: T201 (the command line's own output)


def describe_error(error: SiteError, language: str) -> dict[str, Any]:
    """Put `error` into words: code, text, next step, and the same for each of its faults."""
    described: dict[str, Any] = {"code": error.code, "text": translate(error.code, error.arguments, language=language)}
    advice = next_step(error.code, error.arguments, language=language)
    if advice is not None:
        described["next_step"] = advice
    if isinstance(error, InvalidInputError) and error.faults:
        described["faults"] = [describe_error(fault, language) for fault in error.faults]
    return described


def _lines(described: Mapping[str, Any], indent: str) -> list[str]:
    lines = [indent + described["text"]]
    if "next_step" in described:
        lines.append(f"{indent}  → {described['next_step']}")
    for fault in described.get("faults", ()):
        lines += _lines(fault, indent + "  ")
    return lines
