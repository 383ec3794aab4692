"""What all tests share: those marked `peer("program")` need a program of the system."""

import pytest

from tests.peers import REQUIRE, are_required, find_program


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("peer")
    missing = [name for name in marker.args if find_program(name) is None] if marker is not None else []
    if not missing:
        return
    if are_required():
        pytest.fail(f"{missing[0]} is not installed, and {REQUIRE}=1 asks for it")
    pytest.skip(f"{missing[0]} is not installed")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name octets by their argument: workers must agree on names, and octets may differ from one to the next."""
    return argname if isinstance(val, bytes | bytearray) else None
