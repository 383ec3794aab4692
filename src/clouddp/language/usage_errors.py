"""What is wrong about the words of a command line, as an error of ours."""

import difflib
from collections.abc import Iterable
from typing import Any

import typer

from clouddp.language.parameters import parameter_name, value_choices, value_kind
from clouddp.model.errors import InvalidInputError


def usage_error(error: typer.TyperException, *, program: str) -> InvalidInputError:
    """Turn what Typer refuses, in English only, into one of our errors; `program` is who was called.

    Typer's own classes for this are not public: their attributes tell them apart.
    """
    command = getattr(getattr(error, "ctx", None), "command_path", program)
    option: str | None = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        return _unknown_option(command, option, close=error.possibilities or ())
    if option is not None:
        return InvalidInputError("command_line.option_misused", command=command, option=option)
    parameter: Any = getattr(error, "param", None)
    if parameter is None:
        return InvalidInputError("command_line.too_much", command=command)
    if hasattr(error, "param_type"):
        return InvalidInputError("command_line.missing", command=command, parameter=parameter_name(parameter))
    return _bad_value(command, parameter)


def unknown_command(program: str, word: str, known: Iterable[str]) -> InvalidInputError:
    """Say that a program has no such command, and which one is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    if close:
        return InvalidInputError("command_line.unknown_below_close", program=program, word=word, close=close[0])
    return InvalidInputError("command_line.unknown_below", program=program, word=word)


def _unknown_option(command: str, option: str, *, close: Iterable[str]) -> InvalidInputError:
    best = next(iter(close), None)
    if best is not None:
        return InvalidInputError("command_line.unknown_option_close", command=command, option=option, close=best)
    return InvalidInputError("command_line.unknown_option", command=command, option=option)


def _bad_value(command: str, parameter: Any) -> InvalidInputError:
    choices = ", ".join(value_choices(parameter))
    return InvalidInputError(
        f"command_line.bad_{value_kind(parameter)}",
        command=command,
        parameter=parameter_name(parameter),
        choices=choices,
    )
