"""Answers to DNS messages from the zones that this server is the authority for."""

import logging
from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from clouddp.fabric.names.zone_file import ZoneFile
from clouddp.fabric.names.zone_updates import UpdateRefusal, apply_update
from clouddp.fabric.names.zones import Zone, is_kind

_LOG: Final = logging.getLogger(__name__)
_LONGEST_CHAIN: Final = 8
_PAYLOAD_BYTES: Final = 1_232  # what fits through every network without fragments
_SMALLEST_PAYLOAD_BYTES: Final = 512
_HEADER_BYTES: Final = 12
_IS_ANSWER: Final = 0x80  # the flag QR, in the third octet of a message
_REFUSED_KINDS: Final = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)
_BAD_SIGNATURE, _BAD_KEY, _BAD_TIME = 16, 17, 18  # RFC 8945, section 3


class NameAnswers:
    """Answers messages; used by one thread."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._keys = {name: key for zone in zones if isinstance(zone, ZoneFile) for name, key in zone.keys.items()}

    def answer(self, wire: bytes, *, is_udp: bool) -> bytes | None:
        """Return the answer to a message; None for what is none, or is an answer itself."""
        if len(wire) < _HEADER_BYTES or wire[2] & _IS_ANSWER:
            return None
        try:
            message = dns.message.from_wire(wire, keyring=False)
        except (dns.exception.DNSException, ValueError):
            return _format_error(wire)
        response = self._response(message, wire)
        limit = max(message.payload, _SMALLEST_PAYLOAD_BYTES) if message.edns >= 0 else _SMALLEST_PAYLOAD_BYTES
        return response.to_wire(max_size=min(limit, _PAYLOAD_BYTES) if is_udp else 65_535, prefer_truncation=True)

    def _response(self, unchecked: dns.message.Message, wire: bytes) -> dns.message.Message:
        try:
            message = dns.message.from_wire(wire, keyring=self._keys) if unchecked.had_tsig else unchecked
        except dns.tsig.BadTime:
            return _signature_refusal(unchecked, _BAD_TIME)
        except (dns.tsig.BadKey, dns.tsig.BadAlgorithm, dns.message.UnknownTSIGKey):
            return _signature_refusal(unchecked, _BAD_KEY)
        except dns.tsig.BadSignature:
            return _signature_refusal(unchecked, _BAD_SIGNATURE)
        response = dns.message.make_response(message, our_payload=_PAYLOAD_BYTES)
        try:
            self._fill(response, message)
        except Exception:  # noqa: BLE001 - one bad record must not silence the name server
            _LOG.exception("name server could not answer")
            response.set_rcode(dns.rcode.SERVFAIL)
        return response

    def _fill(self, response: dns.message.Message, message: dns.message.Message) -> None:
        if message.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
        elif len(message.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif isinstance(message, dns.update.UpdateMessage):
            response.set_rcode(self._update(message))
        elif message.opcode() == dns.opcode.QUERY:
            self._query(response, message.question[0])
        else:
            response.set_rcode(dns.rcode.NOTIMP)

    def _update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        origin = message.zone[0].name
        zone = next((one for one in self._zones if one.origin == origin), None)
        if zone is None or message.zone[0].rdclass != dns.rdataclass.IN:
            return dns.rcode.NOTAUTH
        if not isinstance(zone, ZoneFile) or not message.had_tsig or message.keyname not in zone.keys:
            return dns.rcode.REFUSED
        try:
            apply_update(zone, message)
        except UpdateRefusal as refusal:
            return refusal.rcode
        return dns.rcode.NOERROR

    def _query(self, response: dns.message.Message, question: dns.rrset.RRset) -> None:
        zone = self._zone_of(question.name)
        if zone is None or question.rdclass != dns.rdataclass.IN or question.rdtype in _REFUSED_KINDS:
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        name = question.name
        for _ in range(_LONGEST_CHAIN):
            found = zone.find(name)
            if found is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            if self._add_answers(response, name, found or (), question.rdtype):
                return
            alias = next((one for one in found or () if one.rdtype == dns.rdatatype.CNAME), None)
            if alias is None:
                _add_authority(response, zone)
                return
            _add(response.answer, name, alias)
            name = alias[0].target
            following = self._zone_of(name)
            if following is None:
                return
            zone = following

    def _add_answers(
        self,
        response: dns.message.Message,
        name: dns.name.Name,
        found: tuple[dns.rdataset.Rdataset, ...],
        kind: dns.rdatatype.RdataType,
    ) -> bool:
        matching = [one for one in found if is_kind(one, kind)]
        for one in matching:
            _add(response.answer, name, one)
        return bool(matching)

    def _zone_of(self, name: dns.name.Name) -> Zone | None:
        holding = [zone for zone in self._zones if name.is_subdomain(zone.origin)]
        return max(holding, key=lambda zone: len(zone.origin), default=None)


def _format_error(wire: bytes) -> bytes:
    """Say of what cannot be read that it cannot be, under its number; no record of it is repeated."""
    operation_and_recursion = wire[2] & 0x79
    return wire[:2] + bytes((_IS_ANSWER | operation_and_recursion, dns.rcode.FORMERR)) + bytes(8)


def _add_authority(response: dns.message.Message, zone: Zone) -> None:
    """RFC 2308, section 3: the SOA says how long the absence may be remembered."""
    authority = zone.authority()
    ttl = min(authority.ttl, authority[0].minimum)
    _add(response.authority, zone.origin, dns.rdataset.from_rdata_list(ttl, list(authority)))


def _add(section: list[dns.rrset.RRset], name: dns.name.Name, found: dns.rdataset.Rdataset) -> None:
    section.append(dns.rrset.from_rdata_list(name, found.ttl, list(found)))


def _signature_refusal(message: dns.message.Message, error: int) -> dns.message.Message:
    """RFC 8945, section 5.2: NOTAUTH with the reason in a TSIG record that is itself not signed."""
    response = dns.message.make_response(message)
    response.set_rcode(dns.rcode.NOTAUTH)
    given = message.tsig[0] if message.tsig else None
    if given is not None and message.keyname is not None:
        reason = given.replace(mac=b"", error=error)
        response.tsig = dns.rrset.from_rdata(message.keyname, 0, reason)
    return response
