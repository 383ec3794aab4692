"""Following a service FQDN to its address, on records that are given, and on a real name server."""

from pathlib import Path

import pytest

from clouddp.model.errors import InvalidInputError, TemporaryError
from clouddp.network.dns_update import publish_alias
from clouddp.network.name_queries import NameRecord
from clouddp.network.names import find_records, follow_names, walk
from tests.unit.client.small_name_server import name_server
from tests.unit.fabric.names.name_servers import FQDN, SERVICE, VIRTUAL_IP, Names, running_names


def _fault(names: Names, *, virtual_ip: str | None = VIRTUAL_IP, service_host: str = SERVICE) -> str | None:
    chain = follow_names(FQDN, service_host=service_host, virtual_ip=virtual_ip, resolver=names.address)
    return chain.fault.code if chain.fault else None


def test_a_published_alias_leads_to_the_virtual_ip(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        publish_alias(FQDN, SERVICE, access=names.access())

        chain = follow_names(FQDN.upper(), service_host=SERVICE, virtual_ip=VIRTUAL_IP, resolver=names.address)

    assert chain.fault is None
    assert chain.addresses == (VIRTUAL_IP,)
    assert [(hop.name, hop.kind, hop.value, hop.ttl_seconds) for hop in chain.hops] == [
        (FQDN, "CNAME", SERVICE, 300),
        (SERVICE, "A", VIRTUAL_IP, 10),
    ]


def test_each_thing_that_can_be_wrong_is_told_apart(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        assert _fault(names) == "names.alias_missing"

        publish_alias(FQDN, "elsewhere.cloudapp.net", access=names.access())
        assert _fault(names) == "names.wrong_target"
        assert _fault(names, service_host="elsewhere.cloudapp.net") == "names.no_address"

        publish_alias(FQDN, SERVICE, access=names.access())
        assert _fault(names, virtual_ip="127.9.9.9") == "names.wrong_address"

        publish_alias(FQDN, "other.contoso.com", access=names.access())
        publish_alias("other.contoso.com", FQDN, access=names.access())
        assert _fault(names) == "names.loop"

        chain = follow_names("ns.contoso.com", service_host=SERVICE, virtual_ip=VIRTUAL_IP, resolver=names.address)
        assert chain.fault is not None
        assert chain.fault.code == "names.not_an_alias"


def test_a_name_with_an_address_of_either_kind_is_found_and_a_free_one_is_not() -> None:
    records = {
        "old.contoso.com.": ("A", "192.0.2.1"),
        "new.contoso.com.": ("AAAA", "2001:db8::1"),
        "alias.contoso.com.": ("CNAME", "gone.cloudapp.net."),
    }

    with name_server(records) as resolver:
        found = {
            name: [(record.kind, record.value) for record in find_records(f"{name}.contoso.com", resolver=resolver)]
            for name in ("old", "new", "alias", "free")
        }

    assert found == {
        "old": [("A", "192.0.2.1")],
        "new": [("AAAA", "2001:db8::1")],
        "alias": [("CNAME", "gone.cloudapp.net")],
        "free": [],
    }


def test_servers_that_tell_one_hop_at_a_time_are_asked_again() -> None:
    records = {
        "a.example.com": [NameRecord(name="a.example.com", kind="CNAME", value="b.example.com", ttl_seconds=1)],
        "b.example.com": [NameRecord(name="b.example.com", kind="A", value="192.0.2.1", ttl_seconds=1)],
    }

    hops = walk("a.example.com", lambda name: records[name])

    assert [hop.value for hop in hops] == ["b.example.com", "192.0.2.1"]


def test_a_chain_without_end_is_given_up() -> None:
    def _next(name: str) -> list[NameRecord]:
        return [NameRecord(name=name, kind="CNAME", value=f"x{name}", ttl_seconds=1)]

    assert len(walk("a.example.com", _next)) == 16


def test_a_silent_resolver_may_answer_later() -> None:
    with pytest.raises(TemporaryError) as caught:
        follow_names(FQDN, service_host=SERVICE, resolver="127.0.0.1:1", timeout_seconds=0.2)

    assert caught.value.code == "names.resolver_silent"


@pytest.mark.parametrize("name", ["", "clouddp1", "a..b.com", "bad name.contoso.com", "x" * 64 + ".contoso.com"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        follow_names(name, service_host=SERVICE, resolver="127.0.0.1:1")

    assert caught.value.code == "names.not_a_name"


def test_a_resolver_is_given_by_address_and_port() -> None:
    with pytest.raises(InvalidInputError) as caught:
        follow_names(FQDN, service_host=SERVICE, resolver="localhost")

    assert caught.value.code == "names.resolver_not_usable"
