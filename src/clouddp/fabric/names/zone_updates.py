"""Dynamic updates of a zone as RFC 2136 describes them: prerequisites, then all changes or none."""

from collections.abc import Iterable
from typing import Final

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.update
import dns.zone

from clouddp.fabric.names.zone_file import ZoneFile

_ANY: Final = dns.rdataclass.ANY
_NONE: Final = dns.rdataclass.NONE
_APEX_KINDS: Final = (dns.rdatatype.SOA, dns.rdatatype.NS)


class UpdateRefusal(Exception):  # noqa: N818 - it is an answer, which the requester expects as a possible one
    """The response code of an update that is not done."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


def apply_update(zone: ZoneFile, message: dns.update.UpdateMessage) -> None:
    """Do what an authorised update asks for; raises UpdateRefusal with nothing changed."""
    _check_names(zone, [*message.prerequisite, *message.update])
    for prerequisite in message.prerequisite:
        _check_prerequisite(zone, prerequisite)
    _check_kinds(message.update)
    changed = zone.copy()
    for change in message.update:
        _apply(changed, change)
    if changed.to_text() != zone.copy().to_text():
        zone.replace(changed)


def _check_names(zone: ZoneFile, sets: Iterable[dns.rrset.RRset]) -> None:
    for one in sets:
        if not one.name.is_subdomain(zone.origin):
            raise UpdateRefusal(dns.rcode.NOTZONE)


def _check_prerequisite(zone: ZoneFile, wanted: dns.rrset.RRset) -> None:
    """RFC 2136, section 3.2."""
    found = zone.find(wanted.name) or ()
    if wanted.rdtype == dns.rdatatype.ANY:
        if wanted.deleting == _ANY and not found:
            raise UpdateRefusal(dns.rcode.NXDOMAIN)
        if wanted.deleting == _NONE and found:
            raise UpdateRefusal(dns.rcode.YXDOMAIN)
        return
    same_kind = next((one for one in found if one.rdtype == wanted.rdtype), None)
    if wanted.deleting == _NONE:
        if same_kind is not None:
            raise UpdateRefusal(dns.rcode.YXRRSET)
    elif same_kind is None or (wanted.deleting is None and set(same_kind) != set(wanted)):
        raise UpdateRefusal(dns.rcode.NXRRSET)


def _check_kinds(changes: Iterable[dns.rrset.RRset]) -> None:
    """RFC 2136, section 3.4.1: kinds that no zone holds are an error of the requester."""
    for change in changes:
        is_whole_name = change.rdtype == dns.rdatatype.ANY and change.deleting == _ANY
        if dns.rdatatype.is_metatype(change.rdtype) and not is_whole_name:
            raise UpdateRefusal(dns.rcode.FORMERR)


def _apply(zone: dns.zone.Zone, change: dns.rrset.RRset) -> None:
    """RFC 2136, section 3.4.2."""
    is_apex = change.name == zone.origin
    if change.deleting == _ANY:
        _remove_sets(zone, change, is_apex=is_apex)
    elif change.deleting == _NONE:
        if not (is_apex and change.rdtype in _APEX_KINDS):
            _remove_records(zone, change)
    elif change.rdtype != dns.rdatatype.SOA and not _breaks_alias_rule(zone, change):
        _add(zone, change)


def _remove_sets(zone: dns.zone.Zone, change: dns.rrset.RRset, *, is_apex: bool) -> None:
    if change.rdtype != dns.rdatatype.ANY:
        if not (is_apex and change.rdtype in _APEX_KINDS):
            zone.delete_rdataset(change.name, change.rdtype)
        return
    node = zone.get_node(change.name)
    for found in list(node.rdatasets) if node else []:
        if not (is_apex and found.rdtype in _APEX_KINDS):
            zone.delete_rdataset(change.name, found.rdtype)


def _remove_records(zone: dns.zone.Zone, change: dns.rrset.RRset) -> None:
    found = zone.get_rdataset(change.name, change.rdtype)
    if found is None:
        return
    kept = [record for record in found if record not in change]
    if kept:
        zone.replace_rdataset(change.name, dns.rdataset.from_rdata_list(found.ttl, kept))
    else:
        zone.delete_rdataset(change.name, change.rdtype)


def _breaks_alias_rule(zone: dns.zone.Zone, change: dns.rrset.RRset) -> bool:
    """An alias has no other records: what would break that is passed over, without an error."""
    node = zone.get_node(change.name)
    kinds = {found.rdtype for found in node.rdatasets} if node else set()
    if change.rdtype == dns.rdatatype.CNAME:
        return bool(kinds - {dns.rdatatype.CNAME})
    return dns.rdatatype.CNAME in kinds


def _add(zone: dns.zone.Zone, change: dns.rrset.RRset) -> None:
    found = zone.get_rdataset(change.name, change.rdtype)
    is_single = change.rdtype == dns.rdatatype.CNAME
    older = [] if found is None or is_single else list(found)
    added = list(change)[-1:] if is_single else list(change)
    zone.replace_rdataset(change.name, dns.rdataset.from_rdata_list(change.ttl, [*older, *added]))
