"""`clouddp client-settings`: what clients may do, which there are, and shutting one out."""

from typing import Annotated

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program

app = Program()

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


@app.callback()
def client_settings() -> None:
    """Clients of the site, and what they may do."""


@app.command("show")
@exit_on_error
def show_settings(*, as_json: Json = False) -> None:
    """Show the settings for all clients.

    Example: clouddp client-settings show
    """
    _tell(SiteApi.from_home(clouddp_home()).get("/client-settings"), as_json=as_json)


@app.command("set")
@exit_on_error
def change_settings(
    *,
    allow_cloud: Annotated[
        bool, typer.Option("--allow-cloud/--deny-cloud", help="Allow access to cloud distribution point.")
    ],
    as_json: Json = False,
) -> None:
    """Change the settings for all clients.

    Example: clouddp client-settings set --allow-cloud
    """
    changed = {"allow_cloud_distribution_point": allow_cloud}
    _tell(SiteApi.from_home(clouddp_home()).put("/client-settings", changed), as_json=as_json)


@app.command("list-clients")
@exit_on_error
def list_clients(*, as_json: Json = False) -> None:
    """List the clients that are registered, newest first.

    Example: clouddp client-settings list-clients
    """
    clients = SiteApi.from_home(clouddp_home()).get("/clients")
    if as_json:
        print_json(clients)
        return
    columns = ("id", "name", "registered_at", "blocked_at")
    print_table({column: f"management_point.column_{column}" for column in columns}, clients)


@app.command("block")
@exit_on_error
def block_client(
    client_id: Annotated[str, typer.Argument(help="The client's ID.")],
    *,
    as_json: Json = False,
) -> None:
    """Shut a client out: it gets no more tokens, and front ends refuse those it has.

    Example: clouddp client-settings block 0123456789abcdef0123456789abcdef
    """
    SiteApi.from_home(clouddp_home()).post(f"/clients/{client_id}/block")
    if as_json:
        print_json({"client_id": client_id, "blocked": True})
        return
    say("management_point.client_was_blocked", client=client_id)


def _tell(settings: dict[str, bool], *, as_json: bool) -> None:
    if as_json:
        print_json(settings)
    elif settings["allow_cloud_distribution_point"]:
        say("management_point.cloud_is_allowed")
    else:
        say("management_point.cloud_is_denied")
