"""`clouddp registration-token`: what a client needs to register."""

from pathlib import Path
from typing import Annotated

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.output import print_json, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program

app = Program()


@app.callback()
def registration_token() -> None:
    """Tokens with which clients register."""


@app.command("new")
@exit_on_error
def new_registration_token(
    *,
    to: Annotated[Path, typer.Option(help="File to write the token to; only you can read it.")],
    uses: Annotated[int, typer.Option(help="How many clients can register with it.")] = 1,
    hours: Annotated[int, typer.Option(help="How long it can be used.")] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON.")] = False,
) -> None:
    """Make a registration token.

    Example: clouddp registration-token new --to token.txt --uses 20
    """
    to.unlink(missing_ok=True)
    to.touch(mode=0o600)
    made = SiteApi.from_home(clouddp_home()).post("/registration-tokens", {"uses": uses, "hours": hours})
    to.write_text(made["token"] + "\n", encoding="ascii")
    if as_json:
        print_json({"token_file": str(to.resolve()), "uses": uses, "hours": hours})
        return
    say("management_point.token_written", path=to, uses=uses, hours=hours)
