"""Where a command gets a password from: a file, the environment, or a prompt; never its arguments, which others see."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from clouddp.language.command_line import chosen_language
from clouddp.language.translate import translate
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificate_files import read_file

PASSWORD_VARIABLE = "CLOUDDP_PASSWORD"  # noqa: S105 (the name of the variable)

_LIMIT_BYTES = 1024


def obtain_password(
    password_file: Path | None, *, opens: Path | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the password that opens what exists; a prompt names the file that it `opens`.

    Raises:
        InvalidInputError: there is none.

    """
    return _given(password_file, environment) or _asked(opens, is_new=False)


def choose_password(password_file: Path | None, *, environment: Mapping[str, str] = os.environ) -> str:
    """Return the password for what is new; at the prompt it is asked for twice.

    Raises:
        InvalidInputError: there is none.

    """
    return _given(password_file, environment) or _asked(None, is_new=True)


def _given(password_file: Path | None, environment: Mapping[str, str]) -> str:
    if password_file is None:
        return environment.get(PASSWORD_VARIABLE, "")
    try:
        text = read_file(password_file, limit_bytes=_LIMIT_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError("certificate.password_file_not_text", path=password_file) from error
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise InvalidInputError("certificate.password_missing")
    return password


def _asked(opens: Path | None, *, is_new: bool) -> str:
    if not sys.stdin.isatty():
        raise InvalidInputError("certificate.password_missing")
    language = chosen_language()
    question = translate("certificate.password_prompt", language=language)
    if opens is not None:
        question = f"{opens}: {question}"
    again = translate("certificate.password_prompt_again", language=language)
    return str(typer.prompt(question, hide_input=True, err=True, confirmation_prompt=again if is_new else False))
