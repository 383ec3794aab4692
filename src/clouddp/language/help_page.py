"""The help page of a command: how it is used, what it does, an example, what may be given."""

import inspect
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from clouddp.language.help_texts import help_text
from clouddp.language.parameters import is_argument, parameter_name, value_choices, value_kind
from clouddp.language.translate import translate

_EXAMPLE: Final = "Example:"
_INDENT: Final = "  "
_WIDEST: Final = 120
_NAMES_WIDTH: Final = 44
_HELP_OPTION: Final = "--help"


def help_page(context: Any, language: str) -> str:
    """Write the page of the command that `context` stands for."""
    width = min(_WIDEST, shutil.get_terminal_size((100, 24)).columns)
    parameters = [parameter for parameter in context.command.params if not parameter.hidden]
    arguments = [parameter for parameter in parameters if is_argument(parameter)]
    options = [parameter for parameter in parameters if not is_argument(parameter)]
    commands = getattr(context.command, "commands", {})
    option_rows = [(_option_name(option, language), _described(option, language)) for option in options]
    option_rows.append((_HELP_OPTION, translate("command_line.help_option", language=language)))
    sections = [
        _usage(context, arguments, language, has_commands=bool(commands)),
        *_paragraphs(context.command, language, width),
        _table(
            "commands", [(name, _summary(command, language)) for name, command in commands.items()], language, width
        ),
        _table(
            "arguments", [(parameter_name(each), _described(each, language)) for each in arguments], language, width
        ),
        _table("options", option_rows, language, width),
    ]
    return "\n\n".join(section for section in sections if section)


def command_paragraphs(command: Any) -> list[str]:
    """List the paragraphs of a command's own text that are told in each language; its example is not."""
    return [paragraph for paragraph in _written_paragraphs(command) if not paragraph.startswith(_EXAMPLE)]


def _written_paragraphs(command: Any) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(command.help or "").split("\n\n")]


def _usage(context: Any, arguments: Sequence[Any], language: str, *, has_commands: bool) -> str:
    word = translate("command_line.word_command", language=language)
    words = [f"{word} …"] if has_commands else [_argument_usage(argument) for argument in arguments]
    options = translate("command_line.word_options", language=language)
    line = " ".join([context.command_path, f"[{options}]", *words])
    return translate("command_line.usage_line", {"line": line}, language=language)


def _argument_usage(argument: Any) -> str:
    name = parameter_name(argument) + (" …" if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _paragraphs(command: Any, language: str, width: int) -> Iterator[str]:
    for paragraph in _written_paragraphs(command):
        if paragraph.startswith(_EXAMPLE):
            title = translate("command_line.example", language=language)
            yield f"{title}\n{_INDENT}{paragraph.removeprefix(_EXAMPLE).strip()}"  # in one line, to be copied
        else:
            yield textwrap.fill(help_text(paragraph, language), width)


def _summary(command: Any, language: str) -> str:
    paragraphs = command_paragraphs(command)
    return help_text(paragraphs[0], language) if paragraphs else ""


def _option_name(option: Any, language: str) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return ", ".join([names, *option.secondary_opts])
    return f"{names} {_value(option, language)}"


def _value(parameter: Any, language: str) -> str:
    kind = value_kind(parameter)
    return "|".join(value_choices(parameter)) or translate(f"command_line.value_{kind}", language=language)


def _described(parameter: Any, language: str) -> str:
    text = help_text(parameter.help or "", language)
    if parameter.required:
        return f"{text} {translate('command_line.required', language=language)}"
    if parameter.default in (None, "", False, (), []) or callable(parameter.default):
        return text
    default = getattr(parameter.default, "value", parameter.default)
    return f"{text} {translate('command_line.default', {'value': default}, language=language)}"


def _table(title: str, rows: Sequence[tuple[str, str]], language: str, width: int) -> str:
    if not rows:
        return ""
    names_width = min(_NAMES_WIDTH, max(len(name) for name, _ in rows))
    column = " " * (len(_INDENT) * 2 + names_width)
    lines = [translate(f"command_line.title_{title}", language=language)]
    for name, text in rows:
        told = textwrap.wrap(text, width, initial_indent=column, subsequent_indent=column) or [""]
        if len(name) > names_width:
            lines += [f"{_INDENT}{name}", *told]
        else:
            lines += [f"{_INDENT}{name:<{names_width}}{_INDENT}{told[0].strip()}", *told[1:]]
    return "\n".join(lines)
