"""The fabric's name server: answers, updates, and what it does with nonsense."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import pytest

from clouddp.model.errors import ConflictError, DamagedError
from tests.unit.fabric.names.name_servers import FQDN, SECRET, SERVICE, VIRTUAL_IP, ZONE, Names, running_names

KEY = dns.tsig.Key("site", SECRET, "hmac-sha256")


@pytest.fixture
def names(tmp_path: Path) -> Iterator[Names]:
    with running_names(tmp_path) as running:
        yield running


def _update(key: dns.tsig.Key | None = KEY) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(ZONE, keyring=key)


def _serial(names: Names) -> int:
    return int(names.ask(ZONE, "SOA").answer[0][0].serial)


def test_a_service_has_its_virtual_ip_and_the_answer_is_authoritative(names: Names) -> None:
    answer = names.ask(SERVICE.upper(), "A")

    assert [record.address for record in answer.answer[0]] == [VIRTUAL_IP]
    assert answer.flags & dns.flags.AA
    assert not answer.flags & dns.flags.RA


def test_what_a_service_does_not_have_is_no_data_with_the_zones_authority(names: Names) -> None:
    answer = names.ask(SERVICE, "AAAA")

    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert answer.authority[0].name == dns.name.from_text("cloudapp.net")


def test_a_service_that_does_not_exist_is_denied_with_the_zones_authority(names: Names) -> None:
    answer = names.ask("absent.cloudapp.net", "A")

    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority[0].ttl == answer.authority[0][0].minimum


def test_another_zone_is_refused(names: Names) -> None:
    assert names.ask("example.org", "A").rcode() == dns.rcode.REFUSED
    assert names.ask(ZONE, "AXFR").rcode() == dns.rcode.REFUSED


def test_an_alias_is_followed_into_the_clouds_zone(names: Names) -> None:
    update = _update()
    update.add("clouddp1", 300, "CNAME", f"{SERVICE}.")
    before = _serial(names)

    assert names.tell(update).rcode() == dns.rcode.NOERROR

    answer = names.ask(FQDN, "A")
    assert [found.to_text() for found in answer.answer] == [
        f"{FQDN}. 300 IN CNAME {SERVICE}.",
        f"{SERVICE}. 10 IN A {VIRTUAL_IP}",
    ]
    assert _serial(names) == before + 1


def test_a_name_on_the_way_to_others_exists_without_data(names: Names) -> None:
    update = _update()
    update.add("a.deep", 60, "A", "192.0.2.1")
    names.tell(update)

    assert names.ask("deep.contoso.com", "A").rcode() == dns.rcode.NOERROR
    assert names.ask("absent.contoso.com", "A").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (dns.tsig.Key("site", b"x" * 32, "hmac-sha256"), dns.tsig.PeerBadSignature),
        (dns.tsig.Key("other", SECRET, "hmac-sha256"), dns.tsig.PeerBadKey),
        (dns.tsig.Key("site", SECRET, "hmac-sha512"), dns.tsig.PeerBadKey),
    ],
)
def test_an_update_with_a_wrong_key_changes_nothing(names: Names, key: dns.tsig.Key, error: type[Exception]) -> None:
    update = _update(key)
    update.add("clouddp1", 300, "CNAME", f"{SERVICE}.")

    with pytest.raises(error):
        names.tell(update)

    assert names.ask(FQDN, "A").rcode() == dns.rcode.NXDOMAIN


def test_an_unsigned_update_is_refused(names: Names) -> None:
    update = _update(None)
    update.add("clouddp1", 300, "CNAME", f"{SERVICE}.")

    assert names.tell(update).rcode() == dns.rcode.REFUSED
    assert names.ask(FQDN, "A").rcode() == dns.rcode.NXDOMAIN


def test_no_key_changes_the_clouds_own_zone(names: Names) -> None:
    update = dns.update.UpdateMessage("cloudapp.net", keyring=KEY)
    update.add("mine", 300, "A", "192.0.2.1")

    assert names.tell(update).rcode() == dns.rcode.REFUSED


def test_prerequisites_are_held(names: Names) -> None:
    first = _update()
    first.add("a", 60, "A", "192.0.2.1")
    names.tell(first)
    expected = {
        "in use": dns.rcode.NXDOMAIN,
        "not in use": dns.rcode.YXDOMAIN,
        "set exists": dns.rcode.NXRRSET,
        "set absent": dns.rcode.YXRRSET,
        "set equals": dns.rcode.NXRRSET,
    }
    updates = {name: _update() for name in expected}
    updates["in use"].present("b")
    updates["not in use"].absent("a")
    updates["set exists"].present("a", "TXT")
    updates["set absent"].absent("a", "A")
    updates["set equals"].present("a", "A", "192.0.2.9")

    for name, update in updates.items():
        update.add("changed", 60, "A", "192.0.2.2")
        assert names.tell(update).rcode() == expected[name], name

    assert names.ask("changed.contoso.com", "A").rcode() == dns.rcode.NXDOMAIN


def test_the_zones_own_records_and_the_rule_of_aliases_survive_updates(names: Names) -> None:
    update = _update()
    update.delete("@", "NS")
    update.delete("@")
    update.add("ns", 60, "CNAME", "elsewhere.contoso.com.")
    update.add("alias", 60, "CNAME", "one.contoso.com.")
    update.add("alias", 60, "A", "192.0.2.1")

    assert names.tell(update).rcode() == dns.rcode.NOERROR

    assert names.ask(ZONE, "NS").answer
    assert names.ask("ns.contoso.com", "A").answer[0][0].address == "127.0.0.1"
    assert [found.rdtype.name for found in names.ask("alias.contoso.com", "ANY").answer] == ["CNAME"]


def test_a_name_of_another_zone_is_not_changed_through_this_one(names: Names) -> None:
    update = _update()
    update.add(dns.name.from_text("a.fabrikam.com"), 60, "A", "192.0.2.1")

    assert names.tell(update).rcode() == dns.rcode.NOTZONE


def test_the_zone_is_there_again_after_a_restart_on_the_same_port(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        update = _update()
        update.add("clouddp1", 300, "CNAME", f"{SERVICE}.")
        names.tell(update)
        serial = _serial(names)

    with running_names(tmp_path, port=names.port) as again:
        assert again.ask(FQDN, "CNAME").answer
        assert _serial(again) == serial


def test_a_damaged_zone_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "contoso.com.zone").write_text("not a zone")

    with pytest.raises(DamagedError) as caught, running_names(tmp_path):
        pass

    assert caught.value.code == "names.zone_file_damaged"


def test_a_port_in_use_is_named(tmp_path: Path, names: Names) -> None:
    with pytest.raises(ConflictError) as caught, running_names(tmp_path / "other", port=names.port):
        pass

    assert caught.value.code == "names.port_in_use"


def test_an_answer_too_large_for_a_datagram_is_asked_for_again_over_tcp(names: Names) -> None:
    update = _update()
    for number in range(100):
        update.add("many", 60, "TXT", f'"{number:03d} {"x" * 40}"')
    names.tell(update)
    query = dns.message.make_query("many.contoso.com", "TXT")

    cut = dns.query.udp(query, "127.0.0.1", port=names.port, timeout=5)
    whole, used_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", port=names.port, timeout=5)

    assert cut.flags & dns.flags.TC
    assert used_tcp
    assert len(whole.answer[0]) == 100


def test_nonsense_is_passed_over_and_the_next_question_answered(names: Names) -> None:
    chance = random.Random(20261123)
    valid = dns.message.make_query(SERVICE, "A").to_wire()
    datagrams = [chance.randbytes(length) for length in range(200)] + [valid[:cut] for cut in range(len(valid))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for number, datagram in enumerate(datagrams):
            udp.sendto(datagram, ("127.0.0.1", names.port))
            if number % 20 == 0:  # so that the receive buffer never fills up, and drops the question
                assert names.ask(SERVICE, "A").answer
    for nonsense in (b"", b"\0", b"\0\x05hello", b"\xff\xff" + bytes(100), chance.randbytes(5_000)):
        with socket.create_connection(("127.0.0.1", names.port), timeout=5) as tcp:
            tcp.sendall(nonsense)

    assert names.ask(SERVICE, "A").answer


def test_a_message_that_arrives_byte_by_byte_over_tcp_is_answered(names: Names) -> None:
    wire = dns.message.make_query(SERVICE, "A").to_wire(prepend_length=True)
    with socket.create_connection(("127.0.0.1", names.port), timeout=5) as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(wire)):
            tcp.sendall(wire[position : position + 1])
        answer = tcp.recv(4_096)

    assert dns.message.from_wire(answer[2:]).answer


def test_what_has_a_head_and_no_sense_is_told_so_under_its_number(names: Names) -> None:
    valid = dns.message.make_query(SERVICE, "A").to_wire()
    damaged = [valid[:-3], valid + b"more", valid[:5] + b"\x07" + valid[6:], valid[:12] + b"\xc0\x0c" + valid[14:]]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5)
        for wire in damaged:
            udp.sendto(wire, ("127.0.0.1", names.port))
            answer = dns.message.from_wire(udp.recv(4_096))
            assert (answer.id, answer.rcode()) == (int.from_bytes(wire[:2], "big"), dns.rcode.FORMERR)
            assert answer.flags & dns.flags.QR


def test_an_answer_is_never_answered(names: Names) -> None:
    answer = dns.message.make_response(dns.message.make_query(SERVICE, "A")).to_wire()
    damaged = answer[:2] + b"\x80" + answer[3:9]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for wire in (answer, damaged + bytes(20)):
            udp.sendto(wire, ("127.0.0.1", names.port))
        assert names.ask(SERVICE, "A").answer  # one thread answers in order: nothing came for what was sent before
        udp.setblocking(False)
        with pytest.raises(BlockingIOError):
            udp.recv(4_096)


@pytest.mark.parametrize("kind", ["TYPE65280", "TXT", "MX", "SRV", "DS", "HTTPS"])
def test_a_kind_of_record_that_there_is_not_is_no_data(names: Names, kind: str) -> None:
    answer = names.ask(SERVICE, kind)

    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert answer.authority[0].rdtype == dns.rdatatype.SOA


def test_any_kind_is_every_record_of_the_name(names: Names) -> None:
    kinds = {one.rdtype for one in names.ask("cloudapp.net", "ANY").answer}

    assert kinds == {dns.rdatatype.SOA, dns.rdatatype.NS}


@pytest.mark.parametrize(("rdclass", "kind"), [("CH", "TXT"), ("IN", "AXFR"), ("HS", "A")])
def test_other_classes_and_copies_of_the_zone_are_refused(names: Names, rdclass: str, kind: str) -> None:
    answer = names.tell(dns.message.make_query("cloudapp.net", kind, rdclass))

    assert answer.rcode() == dns.rcode.REFUSED


def test_operations_other_than_question_and_update_are_not_there(names: Names) -> None:
    for opcode in (dns.opcode.STATUS, dns.opcode.NOTIFY):
        message = dns.message.make_query(SERVICE, "A")
        message.set_opcode(opcode)
        assert names.tell(message).rcode() == dns.rcode.NOTIMP


def test_a_message_with_two_questions_is_refused_as_malformed(names: Names) -> None:
    message = dns.message.make_query(SERVICE, "A")
    message.question.append(dns.rrset.from_text("cloudapp.net.", 0, "IN", "A"))

    assert names.tell(message).rcode() == dns.rcode.FORMERR


def test_extensions_are_answered_with_ours_and_an_unknown_version_is_told(names: Names) -> None:
    known = dns.message.make_query(SERVICE, "A", use_edns=0, payload=4_096, want_dnssec=True)
    unknown = dns.message.make_query(SERVICE, "A", use_edns=1)
    without = dns.message.make_query(SERVICE, "A", use_edns=-1)

    answers = [dns.query.udp(each, "127.0.0.1", port=names.port, timeout=5) for each in (known, unknown, without)]

    assert [answer.edns for answer in answers] == [0, 0, -1]
    assert [answer.rcode() for answer in answers] == [dns.rcode.NOERROR, dns.rcode.BADVERS, dns.rcode.NOERROR]
    assert answers[0].payload == 1_232
    assert [bool(answer.answer) for answer in answers] == [True, False, True]


def test_a_larger_datagram_is_used_up_to_our_limit_when_the_asker_takes_it(names: Names) -> None:
    update = _update()
    for number in range(15):
        update.add("some", 60, "TXT", f'"{number:03d} {"x" * 40}"')
    names.tell(update)
    sizes = []
    for payload in (512, 1_232, 4_096):
        query = dns.message.make_query("some.contoso.com", "TXT", use_edns=0, payload=payload)
        answer = dns.query.udp(query, "127.0.0.1", port=names.port, timeout=5)
        sizes.append((bool(answer.flags & dns.flags.TC), len(answer.to_wire()) <= payload))

    assert sizes == [(True, True), (False, True), (False, True)]
