"""The parameters of a command as a person names them: `--zone`, SOURCE, and the kind of value they take."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

_KINDS: Final = {int: "number", float: "number", Path: "path"}


def parameter_name(parameter: Any) -> str:
    """Name a parameter as it is typed: the long form of an option, an argument in capitals."""
    if is_argument(parameter):
        return str(parameter.name).upper()
    return str(max(parameter.opts, key=len))


def is_argument(parameter: Any) -> bool:
    """Say whether a parameter goes by its place alone."""
    return bool(parameter.param_type_name == "argument")


def value_choices(parameter: Any) -> Sequence[str]:
    """List the words that a parameter takes; empty when it takes others, too."""
    return [str(getattr(choice, "value", choice)) for choice in parameter.type_descriptor.choices or ()]


def value_kind(parameter: Any) -> str:
    """Name the kind of value that a parameter takes: `choice`, `number`, `path` or `text`."""
    if value_choices(parameter):
        return "choice"
    annotation = parameter.type_descriptor.annotation
    for inner in (annotation, *get_args(annotation)):
        for kind, name in _KINDS.items():
            if isinstance(inner, type) and issubclass(inner, kind):
                return name
    return "text"
