"""The file of the state folder that says where the fabric is, for commands on the same machine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from clouddp.disk.whole_files import write_whole

_NAME: Final = "endpoint.json"


def write_endpoint_file(state: Path, addresses: Mapping[str, Any]) -> None:
    """Write down the addresses of a fabric that is ready."""
    write_whole(state / _NAME, json.dumps(addresses, indent=1).encode())


def read_endpoint_file(state: Path) -> dict[str, Any]:
    """Read the addresses of the fabric that ran here last.

    Raises:
        OSError: none ran here.
        ValueError: the file is no JSON object.
        TypeError: likewise.

    """
    return dict(json.loads((state / _NAME).read_text(encoding="utf-8")))
