"""`clouddp dns`: the names of cloud distribution points."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.named_service import find_service_path
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.admin.problems import error_of_problem
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.model.errors import ConflictError
from clouddp.network.certificate_files import read_file

app = Program()

_SECRET_LIMIT_BYTES: Final = 1_000
_HOPS: Final = {
    "name": "cloud.column_name",
    "kind": "cloud.column_kind",
    "value": "cloud.column_value",
    "ttl_seconds": "cloud.column_ttl",
}

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]
Name = Annotated[str, typer.Argument(help="Service FQDN, service name or ID of a cloud distribution point.")]


@app.callback()
def dns() -> None:
    """Names: the CNAME record of a cloud distribution point, and the chain that clients go."""


@app.command("check")
@exit_on_error
def check(name: Name, *, as_json: Json = False) -> None:
    """Show the record that is needed, and go the chain: FQDN, service name, virtual IP, certificate.

    Example: clouddp dns check clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    _tell(api.get(f"{find_service_path(api, name)}/dns-record"), as_json=as_json)


@app.command("publish")
@exit_on_error
def publish(name: Name, *, as_json: Json = False) -> None:
    """Make the CNAME record by a signed dynamic update, then check the chain.

    Example: clouddp dns publish clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    _tell(api.post(f"{find_service_path(api, name)}/dns-record"), as_json=as_json)


@app.command("set-zone")
@exit_on_error
def set_zone(
    zone: Annotated[str, typer.Argument(help="Zone of the organisation, such as contoso.com.")],
    *,
    server: Annotated[str, typer.Option(help="Primary name server, by address or name.")],
    key_name: Annotated[str, typer.Option(help="Name of the key that may update the zone (TSIG).")],
    secret_file: Annotated[Path, typer.Option(help="File with the key's secret in Base-64.")],
    port: Annotated[int, typer.Option(help="Its port.")] = 53,
    algorithm: Annotated[str, typer.Option(help="Algorithm of the key.")] = "hmac-sha256",
    as_json: Json = False,
) -> None:
    """Tell the site where a zone takes signed updates (RFC 2136).

    Example: clouddp dns set-zone contoso.com --server 192.0.2.1 --key-name clouddp --secret-file key.txt
    """
    secret = read_file(secret_file, limit_bytes=_SECRET_LIMIT_BYTES).decode("utf-8", "replace").strip()
    body = {
        "server": server,
        "port": port,
        "key_name": key_name,
        "algorithm": algorithm,
        "secret_base64": secret,
    }
    saved = SiteApi.from_home(clouddp_home()).put(f"/dns-zones/{zone}", body)
    if as_json:
        print_json(saved)
    else:
        say("cloud.command_zone_set", zone=saved["zone"], server=saved["server"])


def _tell(chain: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(chain)
        if not chain["is_right"]:
            raise typer.Exit(1)
        return
    typer.echo(chain["record"])
    print_table(_HOPS, chain["hops"])
    faults = [error_of_problem(fault) for fault in chain["faults"]]
    if len(faults) == 1:
        raise faults[0]
    if faults:
        reason = " ".join(fault["title"] for fault in chain["faults"])
        raise ConflictError("cloud.chain_broken", fqdn=chain["service_fqdn"], reason=reason)
    say("cloud.command_chain_right", fqdn=chain["service_fqdn"])
