"""The fabric's name server, asked by `dig` as administrators ask theirs."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.peers import find_program
from tests.unit.fabric.names.name_servers import SERVICE, VIRTUAL_IP, Names, running_names

pytestmark = pytest.mark.peer("dig")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    with running_names(tmp_path_factory.mktemp("names")) as running:
        yield running


def dig(names: Names, *words: str) -> str:
    program = find_program("dig")
    assert program is not None
    command = [program, "@127.0.0.1", "-p", str(names.port), "+time=5", "+tries=1", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True, env={}).stdout


@pytest.mark.parametrize("transport", ["+notcp", "+tcp", "+noedns", "+dnssec", "+cookie", "+padding=128"])
def test_a_service_has_its_address_by_every_way_of_asking(names: Names, transport: str) -> None:
    assert dig(names, transport, "+short", SERVICE, "A").split() == [VIRTUAL_IP]


def test_the_answer_is_authoritative_and_offers_no_recursion(names: Names) -> None:
    said = dig(names, SERVICE, "A")

    assert "status: NOERROR" in said
    assert " aa" in said.split("flags:")[1].split(";")[0]
    assert " ra" not in said.split("flags:")[1].split(";")[0]
    assert "MALFORMED" not in said.upper()


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [("absent.cloudapp.net", "A", "NXDOMAIN"), (SERVICE, "AAAA", "NOERROR"), (SERVICE, "TYPE65280", "NOERROR")],
)
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_what_is_not_there_is_denied_with_the_zones_authority(
    names: Names, name: str, kind: str, status: str, transport: str
) -> None:
    said = dig(names, transport, name, kind)

    assert f"status: {status}" in said
    assert "ANSWER: 0, AUTHORITY: 1" in said
    authority = said.split(";; AUTHORITY SECTION:")[1].split()
    assert authority[:4] == ["cloudapp.net.", "10", "IN", "SOA"]


def test_a_name_outside_of_the_zones_is_refused(names: Names) -> None:
    assert "status: REFUSED" in dig(names, "example.org", "A")


def test_a_copy_of_the_zone_is_not_given(names: Names) -> None:
    assert "Transfer failed" in dig(names, "cloudapp.net", "AXFR")
