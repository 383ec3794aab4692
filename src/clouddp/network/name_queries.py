"""Ask a name server, or those of this machine, for the addresses of a name."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from clouddp.model.errors import InvalidInputError, TemporaryError

_PORT: Final = 53
_ANSWERS: Final = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_KINDS: Final = (dns.rdatatype.CNAME, dns.rdatatype.A, dns.rdatatype.AAAA)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRecord:
    """One record on the way to an address; names in lower case, without a final dot."""

    name: str
    kind: str  # CNAME, A or AAAA
    value: str
    ttl_seconds: int


def ask_addresses(
    name: str, *, resolver: str | None, timeout_seconds: float, kind: Literal["A", "AAAA"] = "A"
) -> list[NameRecord]:
    """Return the CNAME and address records that the answer holds, of this name and those it leads to.

    `resolver` is `host:port`; None: the servers of this machine, one after the other.

    Raises:
        TemporaryError: no server gave an answer.

    """
    reason = "no name server is known"
    for host, port in _servers(resolver):
        query = dns.message.make_query(_name(name), kind)
        try:
            response, _used_tcp = dns.query.udp_with_fallback(query, host, timeout=timeout_seconds, port=port)
        except (dns.exception.DNSException, OSError) as error:
            reason = f"{host}:{port}: {error}"
            continue
        if response.rcode() in _ANSWERS:
            return list(_records(response))
        reason = f"{host}:{port}: {dns.rcode.to_text(response.rcode())}"
    raise TemporaryError("names.resolver_silent", name=name, reason=reason, retry_after_seconds=10)


def check_resolver(resolver: str) -> None:
    """Make sure that `resolver` can be asked.

    Raises:
        InvalidInputError: it is not `address:port`.

    """
    _servers(resolver)


def text_of_name(name: str) -> str:
    """Write a host name as this module compares it.

    Raises:
        InvalidInputError: it cannot be a host name.

    """
    return _text(_name(name))


def _records(response: dns.message.Message) -> Iterator[NameRecord]:
    for found in response.answer:
        if found.rdtype in _KINDS:
            for record in found:
                is_alias = found.rdtype == dns.rdatatype.CNAME
                yield NameRecord(
                    name=_text(found.name),
                    kind=dns.rdatatype.to_text(found.rdtype),
                    value=_text(record.target) if is_alias else record.address,
                    ttl_seconds=found.ttl,
                )


def _servers(resolver: str | None) -> list[tuple[str, int]]:
    if resolver is not None:
        host, _, port = resolver.rpartition(":")
        if not _is_address(host) or not port.isdigit():
            raise InvalidInputError("names.resolver_not_usable", resolver=resolver)
        return [(host, int(port))]
    try:
        system = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise TemporaryError("names.resolver_silent", name="", reason=str(error), retry_after_seconds=60) from error
    return [(str(server), _PORT) for server in system.nameservers if _is_address(str(server))]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(text: str) -> dns.name.Name:
    try:
        name = dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidInputError("names.not_a_name", name=text) from error
    if len(name) < 3 or not all(_is_label(label) for label in name.labels[:-1]):
        raise InvalidInputError("names.not_a_name", name=text)
    return name


def _is_label(label: bytes) -> bool:
    return label.replace(b"-", b"").replace(b"_", b"").isalnum()


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
