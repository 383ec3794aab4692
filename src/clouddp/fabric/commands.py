"""`clouddp fabric`: run the embedded cloud."""

import json
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from clouddp.fabric.server import FabricOptions, run_fabric
from clouddp.fabric.trouble.commands import app as trouble_commands
from clouddp.language.command_line import chosen_language, exit_on_error
from clouddp.language.program import Program
from clouddp.language.translate import translate
from clouddp.model.errors import InvalidInputError
from clouddp.network.lifetime import wait_for_end

app = Program()
app.add_typer(trouble_commands, name="trouble")


@app.callback()
def fabric() -> None:
    """Run the embedded cloud: management API, portal, storage, role instances, DNS."""


@app.command("run")
@exit_on_error
def run(
    *,
    state: Annotated[Path, typer.Option(help="Folder that holds everything the cloud knows; made if missing.")],
    listen: Annotated[
        str, typer.Option(help="HOST:PORT of the management endpoint; port 0 is that of the last start, or a free one.")
    ] = "127.0.0.1:0",
    zone: Annotated[str | None, typer.Option(help="A zone of an organisation, served by the cloud's DNS, too.")] = None,
    zone_key_file: Annotated[
        Path | None, typer.Option(help="JSON file with the key for updates of the zone; made if missing.")
    ] = None,
    until_input_closes: Annotated[
        bool, typer.Option("--until-input-closes", help="End when standard input closes, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell errors as JSON.")] = False,  # noqa: ARG001 (read by exit_on_error)
) -> None:
    """Run until SIGTERM or SIGINT; print one line of JSON with the cloud's addresses when it is ready.

    Example: clouddp fabric run --state ./cloud --zone contoso.com --zone-key-file ./zone-key.json
    """
    host, port = _address(listen)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_while_starting)
    options = FabricOptions(state=state, host=host, port=port, zone=zone, zone_key_file=zone_key_file)
    with run_fabric(options) as addresses:
        typer.echo(json.dumps(addresses))
        typer.echo(translate("fabric.ready", addresses, language=chosen_language()), err=True)
        wait_for_end(until_input_closes=until_input_closes)


def _end_while_starting(_number: int, _frame: FrameType | None) -> NoReturn:
    """End cleanly even before the line is printed and the waiting has begun."""
    raise SystemExit(0)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port[:6]) > 65_535:
        raise InvalidInputError("fabric.listen_invalid", address=text)
    return host, int(port)
