"""The programs of the command line: Typer's, with help pages and usage errors in the reader's language."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from clouddp.language.command_line import chosen_language, exit_code, tell_error
from clouddp.language.help_page import help_page
from clouddp.language.usage_errors import unknown_command, usage_error
from clouddp.model.errors import SiteError

_Function = TypeVar("_Function", bound=Callable[..., Any])

_CLOUDDP: Final = "clouddp"
_NOT_STANDALONE: Final = {"standalone_mode": False}  # what is wrong comes here as an exception instead of in English


class Program(typer.Typer):
    """What stands behind one word after `clouddp`: commands, whose docstrings and options' texts are the help."""

    def __init__(self) -> None:
        super().__init__(cls=_Group, add_completion=False, pretty_exceptions_enable=False)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """Register a command, as Typer does."""
        return super().command(name, cls=_Command, **settings)


class _Command(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return help_page(ctx, chosen_language())

    def main(self, args: Sequence[str] | None = None, *others: Any, **settings: Any) -> NoReturn:
        _end(partial(super().main, args, *others, **settings | _NOT_STANDALONE), args, settings.get("prog_name"))


class _Group(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return help_page(ctx, chosen_language())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:
            typer.echo(self.get_help(ctx), err=True)
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None:
            raise unknown_command(ctx.command_path, args[0], self.commands)
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *others: Any, **settings: Any) -> NoReturn:
        _end(partial(super().main, args, *others, **settings | _NOT_STANDALONE), args, settings.get("prog_name"))


def _end(run: Callable[[], Any], words: Sequence[str] | None, program: str | None) -> NoReturn:
    """Run a command line to its end: with its exit code, or with what was wrong about its words."""
    try:
        result = run()
    except typer.Abort:
        raise SystemExit(1) from None
    except typer.TyperException as error:
        _tell_and_end(usage_error(error, program=program or _CLOUDDP), words)
    except SiteError as error:
        _tell_and_end(error, words)
    raise SystemExit(result if isinstance(result, int) else 0)


def _tell_and_end(error: SiteError, words: Sequence[str] | None) -> NoReturn:
    tell_error(error, as_json="--json" in (words or ()))
    raise SystemExit(exit_code(error)) from None
