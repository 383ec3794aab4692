"""Turn a code and its arguments into the sentence a person reads, in their language.

A code is `<catalogue>.<key>`; `catalogues/<language>/<catalogue>.toml` holds `key = "text"`, or a table with `text`
and `next_step` where something failed and the reader can do something about it. Placeholders are `{name}`.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def translate(code: str, arguments: Mapping[str, object] | None = None, *, language: str) -> str:
    """Say what `code` means; a missing text is a defect and raises KeyError (a test looks at every code)."""
    return _fill(_entry(code, language)["text"], arguments or {})


def next_step(code: str, arguments: Mapping[str, object] | None = None, *, language: str) -> str | None:
    """Say what the reader can do about `code`; None when there is nothing to add."""
    text = _entry(code, language).get("next_step")
    return None if text is None else _fill(text, arguments or {})


def explain(code: str, arguments: Mapping[str, object] | None = None, *, language: str) -> str:
    """Say what happened and what to do, as one paragraph."""
    advice = next_step(code, arguments, language=language)
    text = translate(code, arguments, language=language)
    return text if advice is None else f"{text} {advice}"


@cache
def load_catalogue(name: str, language: str) -> Mapping[str, Mapping[str, str]]:
    """Read one catalogue; raises FileNotFoundError when there is none of this name."""
    resource = files("clouddp.language") / "catalogues" / language / f"{name}.toml"
    entries = tomllib.loads(resource.read_text(encoding="utf-8"))
    return {key: {"text": entry} if isinstance(entry, str) else entry for key, entry in entries.items()}


def _entry(code: str, language: str) -> Mapping[str, str]:
    name, _, key = code.partition(".")
    return load_catalogue(name, language)[key]


def _fill(text: str, arguments: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda match: str(arguments[match[1]]), text)
