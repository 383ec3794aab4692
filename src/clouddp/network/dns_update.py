"""Publish an alias in the organisation's zone by a signed dynamic update (RFC 2136, RFC 8945)."""

import base64
import binascii
import socket
from dataclasses import dataclass, field
from typing import Final

import dns.exception
import dns.query
import dns.rcode
import dns.tsig
import dns.update

from clouddp.model.errors import CloudError, ConflictError, InvalidInputError, RefusedError, SiteError, TemporaryError
from clouddp.network.name_queries import text_of_name

_ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_TIMEOUT_SECONDS: Final = 10.0
_OTHER_KINDS: Final = ("A", "AAAA")  # an alias beside them would be passed over in silence


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAccess:
    """Where a zone takes updates, and the key that may make them."""

    zone: str
    server: str  # host name or address of the primary name server
    port: int = 53
    key_name: str
    algorithm: str = "hmac-sha256"
    secret: str = field(repr=False)  # Base-64


def publish_alias(fqdn: str, target: str, *, access: ZoneAccess, ttl_seconds: int = 300) -> None:
    """Make `fqdn` an alias of `target` and of nothing else; again is fine.

    Raises:
        InvalidInputError: a name, the algorithm or the secret cannot be used.
        RefusedError: the server does not take the key, or the key may not change the zone.
        ConflictError: the name has an address of its own.
        TemporaryError: the server cannot be reached or asks to try later.

    """
    key = _key(access)
    fqdn, zone = text_of_name(fqdn), access.zone.lower().rstrip(".")
    if not fqdn.endswith(f".{zone}"):
        raise InvalidInputError("names.not_in_zone", fqdn=fqdn, zone=zone)
    update = dns.update.UpdateMessage(zone, keyring=key)
    for kind in _OTHER_KINDS:
        update.absent(f"{fqdn}.", kind)
    update.replace(f"{fqdn}.", ttl_seconds, "CNAME", f"{text_of_name(target)}.")
    rcode = _send(update, access)
    if rcode != dns.rcode.NOERROR:
        raise _refusal(rcode, fqdn, access)


def check_key(access: ZoneAccess) -> None:
    """Make sure that updates can be signed with what was given.

    Raises:
        InvalidInputError: its algorithm, secret or name cannot be used.
    """
    _key(access)


def _key(access: ZoneAccess) -> dns.tsig.Key:
    algorithm = access.algorithm.lower().rstrip(".")
    if algorithm not in _ALGORITHMS:
        raise InvalidInputError("names.algorithm_unknown", algorithm=access.algorithm, known=", ".join(_ALGORITHMS))
    try:
        secret = base64.b64decode(access.secret, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("names.secret_not_base64", key=access.key_name) from error
    try:
        return dns.tsig.Key(access.key_name, secret, algorithm)
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidInputError("names.not_a_name", name=access.key_name) from error


def _send(update: dns.update.UpdateMessage, access: ZoneAccess) -> dns.rcode.Rcode:
    where = _where(access)
    try:
        address = socket.getaddrinfo(access.server, access.port, type=socket.SOCK_STREAM)[0][4][0]
        response = dns.query.tcp(update, str(address), timeout=_TIMEOUT_SECONDS, port=access.port)
    except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
        raise RefusedError("names.clock_differs", server=where) from error
    except (dns.tsig.PeerError, dns.tsig.BadSignature, dns.tsig.BadKey, dns.tsig.BadAlgorithm) as error:
        raise RefusedError("names.key_refused", server=where, zone=access.zone, key=access.key_name) from error
    except (dns.exception.DNSException, OSError, EOFError) as error:
        reason = str(error) or type(error).__name__
        raise TemporaryError("names.server_silent", server=where, reason=reason, retry_after_seconds=30) from error
    return response.rcode()


def _refusal(rcode: dns.rcode.Rcode, fqdn: str, access: ZoneAccess) -> SiteError:
    where = _where(access)
    if rcode == dns.rcode.YXRRSET:
        return ConflictError("names.has_address", fqdn=fqdn)
    if rcode == dns.rcode.REFUSED:
        return RefusedError("names.update_refused", server=where, zone=access.zone, key=access.key_name, fqdn=fqdn)
    if rcode in (dns.rcode.NOTAUTH, dns.rcode.NOTZONE):
        return InvalidInputError("names.zone_not_served", server=where, zone=access.zone)
    if rcode == dns.rcode.SERVFAIL:
        return TemporaryError("names.server_silent", server=where, reason="SERVFAIL", retry_after_seconds=30)
    return CloudError("names.update_failed", server=where, zone=access.zone, reason=dns.rcode.to_text(rcode))


def _where(access: ZoneAccess) -> str:
    return f"{access.server}:{access.port}"
