"""The folder of a role instance: its configuration file and its certificate, made from the deployment's .cscfg."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from clouddp.disk.whole_files import write_whole
from clouddp.fabric.blob_storage.blob_names import parse_path
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.compute.service_configuration import ServiceConfiguration
from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request

CONFIGURATION_FILE: Final = "configuration.json"
CERTIFICATE_NAME: Final = "Service"
PORT_SETTING: Final = "ListenPort"

_HANDED_ON: Final = (
    "ServiceId",
    "SiteStateKey",
    "StorageKind",
    "StorageLocation",
    "StorageCredential",
    "Delivery",
    "UsageKey",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageMount:
    """An account's container that instances read as a folder of their own machine."""

    account: str
    container: str


def check_settings(configuration: ServiceConfiguration) -> None:
    """Make sure that a .cscfg has the settings and the certificate of the role, and no others.

    Raises:
        ProtocolError: it has not.

    """
    missing = [name for name in _HANDED_ON if name not in configuration.settings]
    unknown = [name for name in configuration.settings if name not in (*_HANDED_ON, PORT_SETTING)]
    if missing or unknown:
        wrong = [f"{name} is missing" for name in missing] + [f"{name} is unknown" for name in unknown]
        raise bad_request("The service configuration does not match the service package: {}.", "; ".join(wrong))
    if list(configuration.certificates) != [CERTIFICATE_NAME]:
        raise bad_request("The service configuration must name one certificate, {}.", CERTIFICATE_NAME)
    wanted_port(configuration)


def wanted_port(configuration: ServiceConfiguration) -> int:
    """Return the port that a .cscfg asks for; 0 leaves the choice to the fabric."""
    text = configuration.settings.get(PORT_SETTING, "0")
    if not text.isascii() or not text.isdigit() or int(text[:6]) > 65_535:
        raise bad_request("The setting {} is not a port.", PORT_SETTING)
    return int(text)


def mounted_storage(configuration: ServiceConfiguration, storage_url: str) -> StorageMount | None:
    """Say which container of this fabric the instances use; None when their storage is elsewhere."""
    settings = configuration.settings
    try:
        location, ours = urlsplit(settings["StorageLocation"]), urlsplit(storage_url)
    except ValueError as error:
        raise _no_container() from error
    if settings["StorageKind"] != "azure" or (location.scheme, location.netloc) != (ours.scheme, ours.netloc):
        return None
    try:
        path = parse_path(location.path.rstrip("/").encode())
    except BlobError as error:
        raise _no_container() from error
    if not path.container or path.blob:
        raise _no_container()
    return StorageMount(account=path.account, container=path.container)


def _no_container() -> ProtocolError:
    return bad_request("The setting StorageLocation does not name a container.")


def write_instance_folder(
    folder: Path, *, configuration: ServiceConfiguration, listen: str, mount: Path | None, certificates: Path
) -> bool:
    """Write what an instance needs into its folder; False when all of it was there."""
    thumbprint = configuration.certificates[CERTIFICATE_NAME]
    values = {name: configuration.settings[name] for name in _HANDED_ON}
    if mount is not None:
        values |= {"StorageKind": "folder", "StorageLocation": str(mount), "StorageCredential": ""}
    values |= {"InstanceId": folder.name, "ListenAddress": listen, "CertificateThumbprint": thumbprint}
    body = json.dumps(values, indent=1).encode()
    path = folder / CONFIGURATION_FILE
    if path.exists() and path.read_bytes() == body:
        return False
    for old in (*folder.glob("*.pem"), *folder.glob("*.key")):
        old.unlink()
    for suffix in (".pem", ".key"):
        write_whole(folder / f"{thumbprint}{suffix}", (certificates / f"{thumbprint}{suffix}").read_bytes())
    write_whole(path, body)
    return True


def remove_instance_folder(folder: Path) -> None:
    """Remove what an instance had; an absent folder is fine."""
    if folder.exists():
        shutil.rmtree(folder)
