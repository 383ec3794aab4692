"""Read the configuration file of a front end."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clouddp.model.errors import InvalidInputError
from clouddp.network.signing_keys import parse_public_jwk

_LIMIT_BYTES: Final = 64 * 1024
_SETTINGS: Final = frozenset(
    {
        "ServiceId",
        "InstanceId",
        "SiteStateKey",
        "StorageKind",
        "StorageLocation",
        "StorageCredential",
        "ListenAddress",
        "CertificateThumbprint",
        "Delivery",
        "UsageKey",
    }
)
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")
_ADDRESS: Final = re.compile(r"\[?([0-9A-Za-z.:-]+?)\]?:([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndConfiguration:
    """What one role instance is told; everything else comes from the signed state."""

    service_id: str
    instance_id: str
    site_state_key: Mapping[str, str]
    storage_folder: Path
    listen_host: str
    listen_port: int
    certificate_file: Path
    key_file: Path
    folder: Path  # the instance's own: its logs, and what it remembers


def read_configuration(path: Path) -> FrontEndConfiguration:
    """Read and check the file; all that is wrong is told at once.

    Raises:
        InvalidInputError: a setting is missing, unknown, or cannot be used.

    """
    settings = _read_settings(path)
    faults: list[InvalidInputError] = []
    faults += [_unusable(name, "missing") for name in sorted(_SETTINGS - settings.keys())]
    faults += [_unusable(name, "unknown") for name in sorted(settings.keys() - _SETTINGS)]
    if not faults:
        faults = _check_values(settings, path.parent)
    if faults:
        raise InvalidInputError("distribution_point.configuration_not_usable", path=path, faults=tuple(faults))
    host, port = _split_address(settings["ListenAddress"])
    thumbprint = settings["CertificateThumbprint"]
    return FrontEndConfiguration(
        service_id=settings["ServiceId"],
        instance_id=settings["InstanceId"],
        site_state_key=parse_public_jwk(json.loads(settings["SiteStateKey"])),
        storage_folder=Path(settings["StorageLocation"]),
        listen_host=host,
        listen_port=port,
        certificate_file=path.parent / f"{thumbprint}.pem",
        key_file=path.parent / f"{thumbprint}.key",
        folder=path.parent,
    )


def _read_settings(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            settings: Any = json.loads(file.read(_LIMIT_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInputError("distribution_point.configuration_unreadable", path=path, reason=error) from error
    if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
        raise InvalidInputError(
            "distribution_point.configuration_unreadable", path=path, reason="not an object of strings"
        )
    return settings


def _check_values(settings: Mapping[str, str], folder: Path) -> list[InvalidInputError]:
    faults = [_unusable(name, "empty") for name in ("ServiceId", "InstanceId") if not settings[name]]
    if settings["StorageKind"] != "folder":
        faults.append(_unusable("StorageKind", f"{settings['StorageKind']!r}, not 'folder'"))
    elif not Path(settings["StorageLocation"]).is_absolute():
        faults.append(_unusable("StorageLocation", "not an absolute path"))
    if settings["Delivery"] != "bytes":
        faults.append(_unusable("Delivery", f"{settings['Delivery']!r}, not 'bytes'"))
    if (
        not _ADDRESS.fullmatch(settings["ListenAddress"])
        or not 0 < _split_address(settings["ListenAddress"])[1] < 65536
    ):
        faults.append(_unusable("ListenAddress", "not ADDRESS:PORT"))
    try:
        parse_public_jwk(json.loads(settings["SiteStateKey"]))
    except (ValueError, RecursionError, InvalidInputError):
        faults.append(_unusable("SiteStateKey", "not an Ed25519 public key as JSON Web Key"))
    return faults + _check_certificate(settings["CertificateThumbprint"], folder)


def _check_certificate(thumbprint: str, folder: Path) -> list[InvalidInputError]:
    if not _THUMBPRINT.fullmatch(thumbprint):
        return [_unusable("CertificateThumbprint", "not 40 hexadecimal digits")]
    certificate, key = folder / f"{thumbprint}.pem", folder / f"{thumbprint}.key"
    missing = [path.name for path in (certificate, key) if not path.is_file()]
    if missing:
        return [_unusable("CertificateThumbprint", f"no file {name}") for name in missing]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        return [_unusable("CertificateThumbprint", f"certificate and key cannot be used: {error}")]
    return []


def _split_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _unusable(setting: str, reason: str) -> InvalidInputError:
    return InvalidInputError("distribution_point.setting_not_usable", setting=setting, reason=reason)
