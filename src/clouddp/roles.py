"""`clouddp site`: make a site, and run its site server."""

import json
from pathlib import Path
from typing import Annotated

import typer

from clouddp.bootstrap.initialise import initialise_site
from clouddp.bootstrap.site import run_site
from clouddp.language.command_line import chosen_language, clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate
from clouddp.network.lifetime import wait_for_end
from clouddp.site_server.site import SiteFolders, SiteSettings

app = Program()

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


@app.callback()
def site() -> None:
    """Make a site, and run its site server."""


@app.command("init")
@exit_on_error
def init(  # noqa: PLR0913 (one parameter an option)
    *,
    site_code: Annotated[str, typer.Option(help="Three letters or digits that begin every package ID.")] = "P01",
    name: Annotated[str, typer.Option(help="What people call the site.")] = "Primary site",
    host: Annotated[str, typer.Option(help="Name or address under which clients reach this machine.")] = "127.0.0.1",
    admin_port: Annotated[int, typer.Option(help="Port of the administration service; 0 takes a free one.")] = 0,
    management_point_port: Annotated[int, typer.Option(help="Port of the management point; 0 takes a free one.")] = 0,
    authority: Annotated[
        list[Path] | None,
        typer.Option(help="PEM file of an authority that issues service certificates; handed to clients."),
    ] = None,
    resolver: Annotated[
        str | None, typer.Option(help="Name server to ask, address:port; without it, those of this machine.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a site in CLOUDDP_HOME.

    Example: clouddp site init --site-code P01 --name Contoso --authority contoso-ca.pem
    """
    settings = SiteSettings(
        site_code=site_code,
        name=name,
        language=chosen_language(),
        host=host,
        admin_port=admin_port,
        management_point_port=management_point_port,
        resolver=resolver,
    )
    made = initialise_site(SiteFolders.of_home(clouddp_home()), settings, authorities=authority or [])
    if as_json:
        typer.echo(json.dumps(made))
    else:
        arguments = {"code": site_code, "path": made["path"], "token_file": made["token_file"]}
        typer.echo(translate("site.initialised", arguments, language=chosen_language()))


@app.command("run")
@exit_on_error
def run(
    *,
    until_input_closes: Annotated[
        bool, typer.Option("--until-input-closes", help="End when standard input closes, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say with JSON when the site is ready.")] = False,
) -> None:
    """Run the site server of CLOUDDP_HOME until it is told to stop.

    Example: CLOUDDP_HOME=/srv/clouddp clouddp site run
    """
    with run_site(SiteFolders.of_home(clouddp_home())) as running:
        if as_json or until_input_closes:
            typer.echo(json.dumps(running))
        else:
            arguments = {
                "code": running["site_code"],
                "admin_url": running["admin_url"],
                "management_point_url": running["management_point_url"],
            }
            typer.echo(translate("site.started", arguments, language=chosen_language()))
        wait_for_end(until_input_closes=until_input_closes)
    if not (as_json or until_input_closes):
        typer.echo(translate("site.stopped", {"code": running["site_code"]}, language=chosen_language()))
