"""`clouddp fabric trouble`: have the running cloud meet its users with trouble."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clouddp.fabric.trouble.admin_client import TroubleClient
from clouddp.fabric.trouble.administration import DOES, MEETS, tell_fields
from clouddp.fabric.trouble.rules import parse_rule
from clouddp.language.command_line import chosen_language, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate

app = Program()

_COLUMNS: Final = ("id", "kind", "meets", "does", "struck")

State = Annotated[Path, typer.Option(help="State folder of the running cloud, as in clouddp fabric run.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


@app.callback()
def trouble() -> None:
    """Realistic trouble on request: delays, errors, cut connections, lost storage and more."""


@app.command("add")
@exit_on_error
def add(  # noqa: PLR0913 (one parameter an option)
    kind: Annotated[str, typer.Argument(help="What goes wrong.")],
    *,
    state: State,
    operation: Annotated[str | None, typer.Option(help="Pattern of operations, such as create-*.")] = None,
    name: Annotated[str | None, typer.Option(help="Pattern of hosted services and storage accounts.")] = None,
    subscription: Annotated[str | None, typer.Option(help="Pattern of subscription IDs.")] = None,
    after: Annotated[int | None, typer.Option(help="How many such requests are let through first.")] = None,
    times: Annotated[int | None, typer.Option(help="How often it strikes; without it, until it is removed.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long a request waits, or an operation.")] = None,
    status: Annotated[int | None, typer.Option(help="HTTP status of the error.")] = None,
    code: Annotated[str | None, typer.Option(help="The error's code, such as InternalError.")] = None,
    message: Annotated[str | None, typer.Option(help="The error's message.")] = None,
    retry_after: Annotated[int | None, typer.Option(help="Seconds that Retry-After says.")] = None,
    region: Annotated[str | None, typer.Option(help='Region, such as "West Europe".')] = None,
    as_json: Json = False,
) -> None:
    """Put a trouble in force, from the next request on.

    Kinds: delay, error, failed-operation, lost-answer, lost-request, repeated-request, slow-storage,
    unavailable-storage, lost-storage, region-without-capacity, name-taken-late, disabled-subscription,
    instance-never-ready.

    Example: clouddp fabric trouble add error --state ./cloud --operation create-deployment --status 503
    --retry-after 2 --times 3
    """
    rule: dict[str, Any] = {
        "kind": kind,
        "operation": operation,
        "name": name,
        "subscription": subscription,
        "after": after,
        "times": times,
        "seconds": seconds,
        "status": status,
        "code": code,
        "message": message,
        "retry_after": retry_after,
        "region": region,
    }
    parse_rule(rule)  # all that is wrong is told before the cloud is asked
    added = _client(state).add(rule)
    if as_json:
        _print_json(added)
    else:
        _say("trouble.command_added", id=added["id"], kind=added["kind"])


@app.command("list")
@exit_on_error
def list_all(*, state: State, as_json: Json = False) -> None:
    """List the troubles in force, and how often each has struck.

    Example: clouddp fabric trouble list --state ./cloud
    """
    troubles = _client(state).list()
    if as_json:
        _print_json(troubles)
    elif troubles:
        _print_table([_row(each) for each in troubles])
    else:
        _say("trouble.command_none")


@app.command("remove")
@exit_on_error
def remove(
    trouble_id: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    *,
    state: State,
    as_json: Json = False,
) -> None:
    """Remove a trouble; requests that it holds go on at once.

    Example: clouddp fabric trouble remove 5f0c2a91 --state ./cloud
    """
    _client(state).remove(trouble_id)
    if as_json:
        _print_json({"removed": [trouble_id]})
    else:
        _say("trouble.command_removed", id=trouble_id)


@app.command("clear")
@exit_on_error
def clear(*, state: State, as_json: Json = False) -> None:
    """Remove every trouble.

    Example: clouddp fabric trouble clear --state ./cloud
    """
    _client(state).clear()
    if as_json:
        _print_json({"cleared": True})
    else:
        _say("trouble.command_cleared")


def _client(state: Path) -> TroubleClient:
    return TroubleClient.from_state(state, language=chosen_language())


def _row(trouble: Mapping[str, Any]) -> list[str]:
    struck = str(trouble["struck"])
    if trouble["is_spent"]:
        struck = translate("trouble.spent", {"struck": struck}, language=chosen_language())
    return [trouble["id"], trouble["kind"], tell_fields(trouble, MEETS), tell_fields(trouble, DOES), struck]


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    language = chosen_language()
    headings = [translate(f"trouble.column_{column}", language=language) for column in _COLUMNS]
    widths = [max(len(row[number]) for row in (headings, *rows)) for number in range(len(_COLUMNS))]
    for row in (headings, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _say(code: str, **arguments: object) -> None:
    typer.echo(translate(code, arguments, language=chosen_language()))


def _print_json(answer: object) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
