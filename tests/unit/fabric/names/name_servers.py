"""The fabric's name server on loopback, for tests of it and of those who use it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query

from clouddp.fabric.names.name_server import start_name_server
from clouddp.fabric.names.zone_file import open_zone_file
from clouddp.network.dns_update import ZoneAccess

SERVICE = "d1594d4527614a09b934d470.cloudapp.net"
VIRTUAL_IP = "127.9.1.2"
SECRET = b"k" * 32
ZONE = "contoso.com"
FQDN = "clouddp1.contoso.com"


@dataclass(frozen=True)
class Names:
    port: int
    zone_file: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def access(self, *, zone: str = ZONE, key_name: str = "site", secret: bytes = SECRET) -> ZoneAccess:
        return ZoneAccess(
            zone=zone,
            server="127.0.0.1",
            port=self.port,
            key_name=key_name,
            secret=base64.b64encode(secret).decode(),
        )

    def ask(self, name: str, kind: str) -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", port=self.port, timeout=5)

    def tell(self, message: dns.message.Message) -> dns.message.Message:
        return dns.query.tcp(message, "127.0.0.1", port=self.port, timeout=5)


@contextmanager
def running_names(folder: Path, *, port: int = 0) -> Iterator[Names]:
    path = folder / "contoso.com.zone"
    zone = open_zone_file(path, ZONE, keys={"site": SECRET}, server_address="127.0.0.1")
    server = start_name_server(
        lookup=lambda host: VIRTUAL_IP if host == SERVICE else None, zone_files=[zone], host="127.0.0.1", port=port
    )
    try:
        yield Names(server.port, path)
    finally:
        server.close()
