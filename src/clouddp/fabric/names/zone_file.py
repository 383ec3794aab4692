"""A zone that is kept in a file, and changed as a whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import dns.exception
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.tsig
import dns.zone

from clouddp.disk.whole_files import write_whole
from clouddp.fabric.names.zones import records, start_of_authority
from clouddp.model.errors import DamagedError

_TTL_SECONDS: Final = 60
_ALGORITHM: Final = "hmac-sha256"


class ZoneFile:
    """One zone with the keys that may change it; used by one thread."""

    def __init__(self, path: Path, origin: dns.name.Name, *, keys: Mapping[str, bytes], server_address: str) -> None:
        self.origin = origin
        self._path = path
        self._zone = _load(path, origin) if path.exists() else _new_zone(origin, server_address)
        self.keys = {dns.name.from_text(name): dns.tsig.Key(name, key, _ALGORITHM) for name, key in keys.items()}

    def find(self, name: dns.name.Name) -> tuple[dns.rdataset.Rdataset, ...] | None:
        """Return the records of a name, an empty name on the way to others included."""
        node = self._zone.get_node(name)
        if node is not None:
            return tuple(node.rdatasets)
        return () if any(other.is_subdomain(name) for other in self._zone) else None

    def authority(self) -> dns.rdataset.Rdataset:
        """Return the SOA record."""
        return self._zone.find_rdataset(self.origin, dns.rdatatype.SOA)

    def copy(self) -> dns.zone.Zone:
        """Return a zone to change, that `replace` then takes."""
        return _parse(self._zone.to_text(), self.origin)

    def replace(self, changed: dns.zone.Zone) -> None:
        """Let a changed copy take the zone's place, with the next serial; on disk when this returns."""
        authority = changed.find_rdataset(self.origin, dns.rdatatype.SOA)
        serial = max(authority[0].serial, self.authority()[0].serial)
        following = authority[0].replace(serial=(serial + 1) & 0xFFFFFFFF or 1)
        changed.replace_rdataset(self.origin, dns.rdataset.from_rdata(authority.ttl, following))
        write_whole(self._path, changed.to_text().encode())
        self._zone = changed


def open_zone_file(path: Path, origin: str, *, keys: Mapping[str, bytes], server_address: str) -> ZoneFile:
    """Open a zone, or make it with nothing but its own records; `keys` gives TSIG secrets (hmac-sha256) by name.

    Raises DamagedError("names.zone_file_damaged") when the file cannot be read as a zone.
    """
    return ZoneFile(path, dns.name.from_text(origin), keys=keys, server_address=server_address)


def _new_zone(origin: dns.name.Name, server_address: str) -> dns.zone.Zone:
    zone = dns.zone.Zone(origin, relativize=False)
    server = dns.name.from_text("ns", origin)
    zone.replace_rdataset(origin, start_of_authority(origin, server, serial=1, negative_ttl_seconds=_TTL_SECONDS))
    zone.replace_rdataset(origin, records("NS", _TTL_SECONDS, str(server)))
    zone.replace_rdataset(server, records("A", _TTL_SECONDS, server_address))
    return zone


def _load(path: Path, origin: dns.name.Name) -> dns.zone.Zone:
    try:
        return _parse(path.read_text(encoding="utf-8"), origin)
    except (dns.exception.DNSException, ValueError) as error:
        raise DamagedError("names.zone_file_damaged", path=str(path), reason=str(error)) from error


def _parse(text: str, origin: dns.name.Name) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin=origin, relativize=False, check_origin=True)
