"""Check the chain that clients go: service FQDN, CNAME, service name, virtual IP, certificate."""

import hashlib
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import ConflictError, SiteError, TemporaryError
from clouddp.network.name_queries import NameRecord
from clouddp.network.names import NameChain, follow_names

_TIMEOUT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCheck:
    """What was found on the way, and everything that is wrong with it."""

    service_fqdn: str
    target: str
    hops: tuple[NameRecord, ...]
    addresses: tuple[str, ...]
    faults: tuple[SiteError, ...]


def check_names(service: CloudService, *, resolver: str | None) -> NameCheck:
    """Go the chain of a service; `resolver` is asked first (`address:port`), then the name servers of this machine."""
    chain = _follow_or_fault(service, resolver)
    found = chain if isinstance(chain, NameChain) else None
    fault = chain.fault if isinstance(chain, NameChain) else chain
    return NameCheck(
        service_fqdn=service.service_fqdn,
        target=service.site_host,
        hops=() if found is None else found.hops,
        addresses=() if found is None else found.addresses,
        faults=(*(() if fault is None else (fault,)), *_certificate_faults(service)),
    )


def _follow_or_fault(service: CloudService, resolver: str | None) -> NameChain | SiteError:
    fault: SiteError | None = None
    for asked in dict.fromkeys((resolver, None)):
        try:
            return follow_names(
                service.service_fqdn,
                service_host=service.site_host,
                virtual_ip=service.virtual_ip,
                resolver=asked,
                timeout_seconds=_TIMEOUT_SECONDS,
            )
        except SiteError as error:
            fault = fault or error
    assert fault is not None  # noqa: S101 (each turn of the loop returns or leaves one)
    return fault


def _certificate_faults(service: CloudService) -> tuple[SiteError, ...]:
    if service.virtual_ip is None or service.port is None:
        return (ConflictError("cloud.without_front_end", name=service.service_fqdn),)
    where = f"{service.virtual_ip}:{service.port}"
    try:
        presented = _presented_thumbprint(service.virtual_ip, service.port, service.service_fqdn)
    except OSError as error:
        return (TemporaryError("cloud.front_end_silent", address=where, reason=str(error) or type(error).__name__),)
    if presented in (service.service_certificate_thumbprint, *service.previous_certificate_thumbprints):
        return ()
    expected = service.service_certificate_thumbprint
    return (ConflictError("cloud.other_certificate", address=where, presented=presented, expected=expected),)


def _presented_thumbprint(address: str, port: int, host: str) -> str:
    # Only the certificate is looked at, and compared with the one that we handed to the cloud; nothing is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((address, port), timeout=_TIMEOUT_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host) as secured,
    ):
        presented = secured.getpeercert(binary_form=True) or b""
    return hashlib.sha1(presented, usedforsecurity=False).hexdigest().upper()
