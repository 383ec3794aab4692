"""Programs of the system that tests need: real peers, made by others."""

import os
import shutil

REQUIRE = "CLOUDDP_REQUIRE_PEERS"

_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def find_program(name: str) -> str | None:
    """Find a program, also where servers are kept."""
    return shutil.which(name, path=_PLACES)


def are_required() -> bool:
    """Say whether a missing program is a failure; it is in CI."""
    return os.environ.get(REQUIRE) == "1"
