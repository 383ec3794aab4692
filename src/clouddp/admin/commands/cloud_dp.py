"""`clouddp cloud-dp`: cloud distribution points."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands import cloud_dp_operations as operations
from clouddp.admin.commands.cloud_dp_connection import check_connection
from clouddp.admin.commands.cloud_dp_following import Json, Name, Wait, tell_end
from clouddp.admin.commands.cloud_dp_operations import read_upload
from clouddp.admin.commands.cloud_dp_reconcile import reconcile
from clouddp.admin.commands.named_service import SERVICES_PATH, find_service_path
from clouddp.admin.commands.output import print_fields, print_json, print_table, say
from clouddp.admin.problems import error_of_problem
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.language.program import Program
from clouddp.model.errors import InvalidInputError
from clouddp.model.settings import GIGABYTE
from clouddp.network.certificate_files import read_file
from clouddp.network.certificates import CERTIFICATE_FILE_LIMIT_BYTES

app = Program()

_FIELDS: Final = {
    "service_fqdn": "cloud.column_fqdn",
    "site_url": "cloud.column_service",
    "state_text": "cloud.column_state",
    "region": "cloud.column_region",
    "virtual_ip": "cloud.column_virtual_ip",
    "port": "cloud.column_port",
    "id": "cloud.column_id",
}
_MORE_FIELDS: Final = {
    "subscription_id": "cloud.column_subscription",
    "service_certificate_thumbprint": "cloud.column_certificate",
    "description": "cloud.column_description",
    "instance_count": "cloud.column_instances",
    "activity": "cloud.column_activity",
    "elapsed_seconds": "cloud.column_elapsed",
    "remaining_seconds": "cloud.column_remaining",
    "possible_now": "cloud.column_possible",
}


@app.callback()
def cloud_dp() -> None:
    """Cloud distribution points: content servers that run in a cloud."""


@app.command("create")
@exit_on_error
def create(  # noqa: PLR0913 (one parameter an option)
    *,
    management_url: Annotated[str, typer.Option(help="Address of the cloud's management service.")],
    subscription_id: Annotated[str, typer.Option(help="Subscription ID, as the portal shows it.")],
    management_certificate: Annotated[Path, typer.Option(help="Management certificate, .pfx.")],
    service_certificate: Annotated[Path, typer.Option(help="Service certificate, .pfx.")],
    region: Annotated[str, typer.Option(help="Region of the cloud.")],
    service_fqdn: Annotated[str | None, typer.Option(help="Without it, the name in the service certificate.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password of both .pfx files.")] = None,
    management_password_file: Annotated[Path | None, typer.Option(help="The management certificate's own.")] = None,
    service_password_file: Annotated[Path | None, typer.Option(help="The service certificate's own.")] = None,
    cloud_ca_file: Annotated[Path | None, typer.Option(help="PEM of a private cloud's authority.")] = None,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    storage_quota: Annotated[int, typer.Option(help="Storage quota in GB.")] = 2_000,
    transfer_quota: Annotated[int, typer.Option(help="Transfer quota in GB per 30 days.")] = 10_000,
    accept_wildcard: Annotated[bool, typer.Option("--accept-wildcard", help="For test environments.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether it could be created.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Create a cloud distribution point.

    Example: clouddp cloud-dp create --management-url https://127.0.0.1:8443 --subscription-id … --region "West Europe"
    --management-certificate management.pfx --service-certificate service.pfx --password-file password.txt --wait
    """
    body = {
        "management_url": management_url,
        "subscription_id": subscription_id,
        "management_certificate": read_upload(management_certificate, management_password_file or password_file),
        "service_certificate": read_upload(service_certificate, service_password_file or password_file),
        "region": region,
        "service_fqdn": service_fqdn,
        "management_authorities_pem": None if cloud_ca_file is None else _read(cloud_ca_file).decode("ascii"),
        "description": description,
        "storage_quota_bytes": storage_quota * GIGABYTE,
        "transfer_quota_bytes": transfer_quota * GIGABYTE,
        "accept_wildcard": accept_wildcard,
        "dry_run": dry_run,
    }
    api = SiteApi.from_home(clouddp_home())
    if dry_run:
        _tell_faults(api.post(SERVICES_PATH, body), as_json=as_json)
        return
    service = api.post(SERVICES_PATH, body, idempotency_key=uuid4().hex)
    if not as_json:
        say("cloud.command_accepted", fqdn=service["service_fqdn"], id=service["id"])
    tell_end(api, service, wait=wait, as_json=as_json)


@app.command("list")
@exit_on_error
def list_all(*, as_json: Json = False) -> None:
    """List the cloud distribution points.

    Example: clouddp cloud-dp list
    """
    services = SiteApi.from_home(clouddp_home()).get(SERVICES_PATH)
    if as_json:
        print_json(services)
    else:
        print_table(_FIELDS, services)


@app.command("show")
@exit_on_error
def show(name: Name, *, as_json: Json = False) -> None:
    """Show one cloud distribution point and how far its work is.

    Example: clouddp cloud-dp show clouddp1.contoso.com
    """
    api = SiteApi.from_home(clouddp_home())
    service: dict[str, Any] = api.get(find_service_path(api, name))
    if as_json:
        print_json(service)
        return
    print_fields(_FIELDS | _MORE_FIELDS, service | {"possible_now": ", ".join(service["possible"])})
    for step in service["steps"]:
        typer.echo(f"  {step['done_at'][:19]}  {step['text']}")
    if service["problem"] is not None:
        typer.echo(f"{service['problem']['text']}\n  → {service['problem']['next_step']}")
    if service["delay"] is not None:
        say("cloud.command_delayed", reason=service["delay"]["text"])


@app.command("delete")
@exit_on_error
def delete(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Remove a cloud distribution point from the cloud, then from the site.

    Example: clouddp cloud-dp delete clouddp1.contoso.com --wait
    """
    api = SiteApi.from_home(clouddp_home())
    service = api.delete(find_service_path(api, name))
    if not as_json:
        say("cloud.command_deleting", fqdn=service["service_fqdn"])
    tell_end(api, service, wait=wait, as_json=as_json)


@app.command("retry")
@exit_on_error
def retry(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Do work again that ended in an error.

    Example: clouddp cloud-dp retry clouddp1.contoso.com --wait
    """
    api = SiteApi.from_home(clouddp_home())
    service = api.post(f"{find_service_path(api, name)}/retry")
    if not as_json:
        say("cloud.command_retrying", fqdn=service["service_fqdn"])
    tell_end(api, service, wait=wait, as_json=as_json)


app.command("set")(operations.set_properties)
app.command("start")(operations.start)
app.command("stop")(operations.stop)
app.command("upgrade")(operations.upgrade)
app.command("cancel")(operations.cancel)
app.command("replace-certificate")(operations.replace_certificate)
app.command("reconcile")(reconcile)
app.command("check-connection")(check_connection)


def _read(file: Path) -> bytes:
    return read_file(file, limit_bytes=CERTIFICATE_FILE_LIMIT_BYTES)


def _tell_faults(answer: Mapping[str, Any], *, as_json: bool) -> None:
    faults = tuple(error_of_problem(fault) for fault in answer["faults"])
    if as_json:
        print_json(answer)
        if faults:
            raise typer.Exit(2)
        return
    for warning in answer["warnings"]:
        say("cloud.command_warning", text=warning["title"], next_step=warning["next_step"] or "")
    if faults:
        raise InvalidInputError("cloud.preflight_found", faults=faults)
    say("cloud.command_no_faults")
