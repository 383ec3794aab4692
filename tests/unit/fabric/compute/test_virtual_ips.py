"""Addresses follow from names and are nobody else's; ports are free where they are given out."""

import socket
import sys

import pytest

from clouddp.fabric.compute.virtual_ips import allot_address, allot_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")


@linux
def test_an_address_follows_from_the_name() -> None:
    assert allot_address("a.production", []) == allot_address("a.production", [])
    assert allot_address("a.production", []) != allot_address("a.staging", [])


@linux
def test_a_thousand_deployments_have_a_thousand_addresses_of_the_loopback_network() -> None:
    taken: set[str] = set()
    for number in range(1_000):
        taken.add(allot_address(f"service{number}.production", taken))

    assert len(taken) == 1_000
    for address in taken:
        first, second, _third, last = (int(part) for part in address.split("."))
        assert first == 127
        assert 64 <= second < 127
        assert 1 <= last <= 254


def test_the_wanted_port_is_given_if_it_is_free_and_another_if_not() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert allot_port("127.0.0.1", taken) != taken
    free = allot_port("127.0.0.1", 0)

    assert allot_port("127.0.0.1", free) == free
