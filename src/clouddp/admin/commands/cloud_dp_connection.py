"""`clouddp cloud-dp check-connection`: whether a cloud accepts a management certificate, and what it offers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from clouddp.admin.api_client import SiteApi
from clouddp.admin.commands.cloud_dp_following import Json
from clouddp.admin.commands.cloud_dp_operations import read_upload
from clouddp.admin.commands.output import print_json, print_table, say
from clouddp.admin.problems import error_of_problem
from clouddp.language.command_line import clouddp_home, exit_on_error
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificate_files import read_file
from clouddp.network.certificates import CERTIFICATE_FILE_LIMIT_BYTES

_REGIONS: Final = {"name": "cloud.column_region", "display_name": "cloud.column_name"}


@exit_on_error
def check_connection(
    *,
    management_url: Annotated[str, typer.Option(help="Address of the cloud's management service.")],
    subscription_id: Annotated[str, typer.Option(help="Subscription ID, as the portal shows it.")],
    management_certificate: Annotated[Path, typer.Option(help="Management certificate, .pfx.")],
    password_file: Annotated[Path | None, typer.Option(help="File with the password of the .pfx file.")] = None,
    cloud_ca_file: Annotated[Path | None, typer.Option(help="PEM of a private cloud's authority.")] = None,
    as_json: Json = False,
) -> None:
    """See whether the cloud accepts the management certificate, and list the regions of the subscription.

    Example: clouddp cloud-dp check-connection --management-url https://127.0.0.1:8443 --subscription-id …
    --management-certificate management.pfx --password-file password.txt
    """
    authorities = None if cloud_ca_file is None else read_file(cloud_ca_file, limit_bytes=CERTIFICATE_FILE_LIMIT_BYTES)
    body = {
        "management_url": management_url,
        "subscription_id": subscription_id,
        "management_certificate": read_upload(management_certificate, password_file),
        "management_authorities_pem": None if authorities is None else authorities.decode("ascii"),
    }
    _tell(SiteApi.from_home(clouddp_home()).post("/cloud-connection-checks", body), as_json=as_json)


def _tell(facts: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        if facts["faults"]:
            raise typer.Exit(2)
        return
    if facts["faults"]:
        faults = tuple(error_of_problem(fault) for fault in facts["faults"])
        raise InvalidInputError("cloud.connection_not_possible", faults=faults)
    say("cloud.command_connected", **facts["subscription"])
    print_table(_REGIONS, facts["regions"])
