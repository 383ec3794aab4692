"""What the name server asks of a zone, and the zone of the cloud's own service names."""

from typing import Final, Protocol

import dns.name
import dns.rdataset
import dns.rdatatype

from clouddp.fabric.ports import AddressLookup

SERVICE_ZONE: Final = "cloudapp.net"
_SERVICE_TTL_SECONDS: Final = 10  # a virtual IP may change with every deployment
_AUTHORITY_TTL_SECONDS: Final = 60
_SERIAL: Final = 1  # there are no secondary servers that would look at it


class Zone(Protocol):
    """Names below one origin, for which the name server is the authority."""

    origin: dns.name.Name

    def find(self, name: dns.name.Name) -> tuple[dns.rdataset.Rdataset, ...] | None:
        """Return what is known of a name; empty when only names below it exist, None when it does not exist."""

    def authority(self) -> dns.rdataset.Rdataset:
        """Return the zone's SOA record."""


class ServiceZone:
    """`cloudapp.net`: an address for every service that has a deployment, asked anew each time."""

    def __init__(self, lookup: AddressLookup, *, address: str) -> None:
        self.origin = dns.name.from_text(SERVICE_ZONE)
        self._server = dns.name.from_text("ns", self.origin)
        self._address = address
        self._lookup = lookup

    def find(self, name: dns.name.Name) -> tuple[dns.rdataset.Rdataset, ...] | None:
        """Ask for the service of this name."""
        if name == self.origin:
            return self.authority(), records("NS", _AUTHORITY_TTL_SECONDS, str(self._server))
        if name == self._server:
            return (records("A", _AUTHORITY_TTL_SECONDS, self._address),)
        address = self._lookup(name.to_text(omit_final_dot=True).lower())
        return None if address is None else (records("A", _SERVICE_TTL_SECONDS, address),)

    def authority(self) -> dns.rdataset.Rdataset:
        """Return the SOA record; absent names are remembered by others for as short as present ones."""
        return start_of_authority(self.origin, self._server, serial=_SERIAL, negative_ttl_seconds=_SERVICE_TTL_SECONDS)


def records(kind: str, ttl_seconds: int, *texts: str) -> dns.rdataset.Rdataset:
    """Make the records of one kind from their texts."""
    return dns.rdataset.from_text("IN", kind, ttl_seconds, *texts)


def start_of_authority(
    origin: dns.name.Name, server: dns.name.Name, *, serial: int, negative_ttl_seconds: int
) -> dns.rdataset.Rdataset:
    """Make the SOA record of a zone."""
    mailbox = dns.name.from_text("hostmaster", origin)
    text = f"{server} {mailbox} {serial} 3600 600 604800 {negative_ttl_seconds}"
    return records("SOA", _AUTHORITY_TTL_SECONDS, text)


def is_kind(found: dns.rdataset.Rdataset, kind: dns.rdatatype.RdataType) -> bool:
    """Say whether these records answer a question for a kind."""
    return kind in (dns.rdatatype.ANY, found.rdtype)
