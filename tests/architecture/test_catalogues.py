"""Everything a person reads exists in every language, with the same placeholders."""

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

import pytest

from clouddp.language.translate import LANGUAGES, load_catalogue
from tests.architecture.source_tree import SourceFile

ENGLISH = files("clouddp.language") / "catalogues" / "en"
CATALOGUES = sorted(entry.name.removesuffix(".toml") for entry in ENGLISH.iterdir())
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
CODE = re.compile(r"[a-z_]+\.[a-z0-9_]+")
TELLING_CALLS = {"translate", "explain", "next_step", "say", "information", "warning", "error", "report"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_catalogue(language: str) -> None:
    folder = files("clouddp.language") / "catalogues" / language

    assert sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()) == CATALOGUES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CATALOGUES)
def test_a_language_says_the_same_things_with_the_same_placeholders(name: str, language: str) -> None:
    assert _shape(load_catalogue(name, language)) == _shape(load_catalogue(name, "en"))


@pytest.mark.parametrize("name", CATALOGUES)
def test_french_uses_the_typographic_apostrophe(name: str) -> None:
    plain = [
        key
        for key, entry in load_catalogue(name, "fr").items()
        if any(re.search(r"\b[cdjlmnst]'|qu'", text, re.IGNORECASE) for text in entry.values())
    ]

    assert plain == []


def test_every_code_that_is_raised_or_told_has_a_text_and_its_arguments(sources: tuple[SourceFile, ...]) -> None:
    faults = [
        f"{code} in {file.name}, line {call.lineno}"
        for file in sources
        for call, code in _told_codes(file)
        if not _is_known(code) or not _is_filled(call, code)
    ]

    assert faults == []


def test_status_messages_are_texts_of_numbers() -> None:
    assert all(re.fullmatch(r"m\d{4,5}", key) for key in load_catalogue("status", "en"))


def test_every_text_is_used_somewhere(sources: tuple[SourceFile, ...]) -> None:
    text = "\n".join(file.text for file in sources)
    dynamic = ("status", "command_line")

    unused = [
        f"{name}.{key}"
        for name in CATALOGUES
        if name not in dynamic
        for key in load_catalogue(name, "en")
        if f"{name}.{key}" not in text
    ]

    assert [code for code in unused if not _is_made_from_parts(code, text)] == []


def _is_made_from_parts(code: str, text: str) -> bool:
    """Some codes end in a value of an enumeration, as in f"cloud.state_{state}"."""
    name, _, key = code.partition(".")
    words = key.split("_")
    return any(f'f"{name}.{"_".join([*words[:count], ""])}{{' in text for count in range(len(words)))


def _told_codes(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = node.args[0]
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        is_telling = name.endswith("Error") or name in TELLING_CALLS
        if (
            is_telling
            and isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and CODE.fullmatch(first.value)
        ):
            yield node, first.value


def _is_known(code: str) -> bool:
    name, _, key = code.partition(".")
    return name in CATALOGUES and key in load_catalogue(name, "en")


def _is_filled(call: ast.Call, code: str) -> bool:
    name, _, key = code.partition(".")
    wanted = {match for text in load_catalogue(name, "en")[key].values() for match in PLACEHOLDER.findall(text)}
    given = {keyword.arg for keyword in call.keywords}
    is_open = None in given or any(isinstance(argument, ast.Dict | ast.Name) for argument in call.args[1:])
    return is_open or wanted <= given


def _shape(catalogue: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, set[str]]]:
    return {
        key: {field: set(PLACEHOLDER.findall(text)) for field, text in entry.items()}
        for key, entry in catalogue.items()
    }
