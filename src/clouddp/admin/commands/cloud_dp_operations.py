"""`clouddp cloud-dp set|start|stop|upgrade|cancel|replace-certificate`: what is done with one that exists."""

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.cloud_dp_following import Json, Name, Wait, tell_end
from clouddp.admin.commands.named_service import find_service_path
from clouddp.admin.commands.output import print_json, say
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.model.errors import InvalidInputError
from clouddp.model.settings import GIGABYTE
from clouddp.network.certificate_files import read_file
from clouddp.network.certificates import CERTIFICATE_FILE_LIMIT_BYTES
from clouddp.network.passwords import obtain_password


@exit_on_error
def set_properties(  # noqa: PLR0913 (one parameter an option)
    name: Name,
    *,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    instance_count: Annotated[int | None, typer.Option(help="Number of role instances.")] = None,
    storage_quota: Annotated[int | None, typer.Option(help="Storage quota in GB.")] = None,
    transfer_quota: Annotated[int | None, typer.Option(help="Transfer quota in GB per 30 days.")] = None,
    warning_percent: Annotated[int | None, typer.Option(help="Percentage of a quota at which to warn.")] = None,
    critical_percent: Annotated[int | None, typer.Option(help="Percentage of a quota that is critical.")] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Change the properties of a cloud distribution point.

    Description, quotas and thresholds hold at once; another number of role instances is brought to the cloud.

    Example: clouddp cloud-dp set clouddp1.contoso.com --instance-count 3 --wait
    """
    wanted: dict[str, Any] = {
        "description": description,
        "instance_count": instance_count,
        "storage_quota_bytes": None if storage_quota is None else storage_quota * GIGABYTE,
        "transfer_quota_bytes": None if transfer_quota is None else transfer_quota * GIGABYTE,
        "warning_percent": warning_percent,
        "critical_percent": critical_percent,
    }
    given = {key: value for key, value in wanted.items() if value is not None}
    if not given:
        raise InvalidInputError("cloud.nothing_to_change")
    api = SiteApi.from_home(clouddp_home())
    service = api.patch(find_service_path(api, name), given)
    if not service["settled"]:
        _tell(api, service, "cloud.command_changing", wait=wait, as_json=as_json)
    elif as_json:
        print_json(service)
    else:
        say("cloud.command_changed", fqdn=service["service_fqdn"])


@exit_on_error
def start(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Let clients use a stopped cloud distribution point again.

    Example: clouddp cloud-dp start clouddp1.contoso.com --wait
    """
    _operate(name, "start", "cloud.command_starting", wait=wait, as_json=as_json)


@exit_on_error
def stop(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Cut clients off from a cloud distribution point; its content stays.

    Example: clouddp cloud-dp stop clouddp1.contoso.com --wait
    """
    _operate(name, "stop", "cloud.command_stopping", wait=wait, as_json=as_json)


@exit_on_error
def upgrade(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Bring the service package of this version of clouddp to a cloud distribution point.

    Example: clouddp cloud-dp upgrade clouddp1.contoso.com --wait
    """
    _operate(name, "upgrade", "cloud.command_upgrading", wait=wait, as_json=as_json)


@exit_on_error
def cancel(name: Name, *, wait: Wait = False, as_json: Json = False) -> None:
    """Undo a creation that is not finished: what was made in the cloud is removed, then the record.

    Example: clouddp cloud-dp cancel clouddp1.contoso.com --wait
    """
    _operate(name, "cancel", "cloud.command_cancelling", wait=wait, as_json=as_json)


@exit_on_error
def replace_certificate(
    name: Name,
    *,
    service_certificate: Annotated[Path, typer.Option(help="Service certificate, .pfx.")],
    password_file: Annotated[Path | None, typer.Option(help="File with the password of the .pfx file.")] = None,
    accept_wildcard: Annotated[bool, typer.Option("--accept-wildcard", help="For test environments.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Give a cloud distribution point another service certificate of the same name; the old one is valid meanwhile.

    Example: clouddp cloud-dp replace-certificate clouddp1.contoso.com --service-certificate new.pfx --wait
    """
    body = {**read_upload(service_certificate, password_file), "accept_wildcard": accept_wildcard}
    api = SiteApi.from_home(clouddp_home())
    service = api.put(f"{find_service_path(api, name)}/service-certificate", body)
    _tell(api, service, "cloud.command_changing", wait=wait, as_json=as_json)


def read_upload(file: Path, password_file: Path | None) -> dict[str, str]:
    """Read a .pfx file and obtain its password, by a prompt if it is nowhere else."""
    content = read_file(file, limit_bytes=CERTIFICATE_FILE_LIMIT_BYTES)
    return {
        "pfx_base64": base64.b64encode(content).decode("ascii"),
        "password": obtain_password(password_file, opens=file),
    }


def _operate(name: str, operation: str, accepted: str, *, wait: bool, as_json: bool) -> None:
    api = SiteApi.from_home(clouddp_home())
    service = api.post(f"{find_service_path(api, name)}/{operation}")
    _tell(api, service, accepted, wait=wait, as_json=as_json)


def _tell(api: SiteApi, service: dict[str, Any], accepted: str, *, wait: bool, as_json: bool) -> None:
    if not as_json:
        say(accepted, fqdn=service["service_fqdn"])
    tell_end(api, service, wait=wait, as_json=as_json)
