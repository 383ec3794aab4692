"""`clouddp distribution-point`: the front end that serves content to clients."""

import json
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from clouddp.distribution_point.configuration import read_configuration
from clouddp.distribution_point.instance_host import host_instances
from clouddp.distribution_point.server import end_with_standard_input, run_front_end
from clouddp.language.command_line import exit_on_error
from clouddp.language.program import Program

app = Program()


@app.callback()
def distribution_point() -> None:
    """Serve content to clients, as an instance of a cloud distribution point."""


@app.command("run")
@exit_on_error
def run(
    *,
    configuration: Annotated[Path, typer.Option(help="The instance's configuration file.")],
    listener: Annotated[
        int | None, typer.Option(help="The number of a listening socket that this process was handed, to share.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell errors as JSON.")] = False,  # noqa: ARG001 (read by exit_on_error)
) -> None:
    """Serve until SIGTERM, or until the pipe on standard input closes; prints one JSON line when ready.

    Example: clouddp distribution-point run --configuration ./configuration.json
    """
    _serve(configuration, listener)


@app.command("host")
def host() -> None:
    """Start instances for an embedded cloud, which asks for them on standard input.

    Each is a copy of this process, so that it starts at once and shares its memory with the others.

    Example: clouddp distribution-point host
    """
    with socket.socket(fileno=0) as control:
        host_instances(control, exit_on_error(_serve))


def _serve(configuration: Path, listener: int | None) -> None:
    end_with_standard_input()
    settings = read_configuration(configuration.resolve())
    ready = {"ready": True, "pid": os.getpid(), "instance_id": settings.instance_id}
    run_front_end(settings, lambda: typer.echo(json.dumps(ready)), handed=listener)
