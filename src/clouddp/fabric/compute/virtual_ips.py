"""Virtual IP addresses and ports that deployments listen on."""

import hashlib
import socket
import sys
from collections.abc import Collection

from clouddp.fabric.management.protocol_errors import ProtocolError


def allot_address(deployment_key: str, taken: Collection[str]) -> str:
    """Choose an address for a deployment: one of the loopback network of its own on Linux, else the only one.

    It follows from the name, so that fabrics beside each other on a machine seldom meet.
    """
    if sys.platform != "linux":
        return "127.0.0.1"  # other systems have one loopback address; ports tell deployments apart
    for attempt in range(10_000):
        digest = hashlib.sha256(f"{deployment_key} {attempt}".encode()).digest()
        address = f"127.{64 + digest[0] % 63}.{digest[1]}.{1 + digest[2] % 254}"
        if address not in taken:
            return address
    raise ProtocolError(503, "ServerBusy", "No virtual IP address is free. Please retry your request.")


def allot_port(address: str, wanted: int) -> int:
    """Choose a port that is free on the address: the wanted one if it can be had."""
    for port in (wanted, 0) if wanted else (0,):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            try:
                listener.bind((address, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise ProtocolError(503, "ServerBusy", "No port is free. Please retry your request.")
