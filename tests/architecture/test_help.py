"""The help of every command is there in every language."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
import typer

from clouddp.__main__ import PROGRAMS
from clouddp.language.help_page import command_paragraphs
from clouddp.language.help_texts import load_help_texts
from clouddp.language.program import Program
from clouddp.language.translate import DEFAULT_LANGUAGE, LANGUAGES

OTHER_LANGUAGES = [language for language in LANGUAGES if language != DEFAULT_LANGUAGE]


@pytest.mark.parametrize("module", PROGRAMS.values())
def test_every_program_speaks_the_readers_language(module: str) -> None:
    assert isinstance(import_module(module).app, Program)


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_the_help_of_every_command_is_told(language: str) -> None:
    english = {text: where for where, text in _told_texts()}

    missing = {text: where for text, where in english.items() if text not in load_help_texts(language)}
    unused = [text for text in load_help_texts(language) if text not in english]

    assert missing == {}
    assert unused == []


def test_every_command_and_parameter_has_help() -> None:
    assert [where for where, text in _told_texts() if not text] == []


def test_every_command_has_an_example() -> None:
    without = [
        path for path, command in _commands() if not hasattr(command, "commands") and "Example:" not in command.help
    ]

    assert without == []


def _told_texts() -> Iterator[tuple[str, str]]:
    """Give every paragraph of help, and where it stands."""
    for path, command in _commands():
        for paragraph in command_paragraphs(command):
            yield path, paragraph
        for parameter in command.params:
            yield f"{path} {parameter.name}", " ".join((parameter.help or "").split())


def _commands() -> Iterator[tuple[str, Any]]:
    for word, module in PROGRAMS.items():
        yield from _with_those_below(word, typer.main.get_command(import_module(module).app))


def _with_those_below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    below: Mapping[str, Any] = getattr(command, "commands", {})
    for name, each in below.items():
        yield from _with_those_below(f"{path} {name}", each)
