"""The help of the commands in other languages than English, which is in the commands themselves."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from clouddp.language.translate import DEFAULT_LANGUAGE


def help_text(english: str, language: str) -> str:
    """Say a paragraph of help in a language; one without a text there stays as it is (a test finds it)."""
    text = " ".join(english.split())
    return text if language == DEFAULT_LANGUAGE else load_help_texts(language).get(text, text)


@cache
def load_help_texts(language: str) -> Mapping[str, str]:
    """Read the paragraphs of a language, by the English ones."""
    resource = files("clouddp.language") / "help_texts" / f"{language}.toml"
    return tomllib.loads(resource.read_text(encoding="utf-8"))
