"""`clouddp status-message`: what the components of the site reported."""

from typing import Annotated

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.output import print_json, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program

_SECONDS = len("2026-11-23T12:00:00")

app = Program()


@app.callback()
def status_message() -> None:
    """Status messages of the site's components."""


@app.command("list")
@exit_on_error
def list_status_messages(
    *,
    object_id: Annotated[str | None, typer.Option("--object", help="Only those of this object, by its ID.")] = None,
    number: Annotated[int | None, typer.Option(help="Only those of this number, such as 9409.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON.")] = False,
) -> None:
    """List the newest messages, newest first.

    Example: clouddp status-message list --number 9409
    """
    wanted = {"object_id": object_id, "number": None if number is None else str(number)}
    parameters = {name: value for name, value in wanted.items() if value is not None}
    messages = SiteApi.from_home(clouddp_home()).get("/status-messages", parameters)
    if as_json:
        print_json(messages)
        return
    for message in messages:
        say("admin.status_message", **{**message, "reported_at": message["reported_at"][:_SECONDS]})
