"""The fabric as one process: its endpoints on their ports, and the control plane behind them."""

import base64
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from clouddp.fabric.authority import Authority
from clouddp.fabric.blob_storage.server import start_storage
from clouddp.fabric.compute.deployment_roles import ROLE_PROGRAMS, RoleProgram
from clouddp.fabric.control_plane import ControlPlane
from clouddp.fabric.endpoint_file import write_endpoint_file
from clouddp.fabric.management.management_server import ManagementServer
from clouddp.fabric.names.name_server import start_name_server
from clouddp.fabric.names.update_key import open_update_key
from clouddp.fabric.names.zone_file import ZoneFile, open_zone_file
from clouddp.fabric.names.zones import SERVICE_ZONE
from clouddp.fabric.portal.application import make_portal
from clouddp.fabric.portal.sessions import PortalSessions, open_token_file
from clouddp.fabric.state import Clock, Documents, StateFolder, StateLock, open_state, utc_now
from clouddp.fabric.trouble.admin_api import add_trouble_routes
from clouddp.model.errors import InvalidInputError
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.tls import server_context
from clouddp.telemetry.logs import ComponentLog

_ENDPOINTS: Final = "endpoints"
_ZONE: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOKEN_FILE: Final = "portal-token"  # noqa: S105 (a file's name)


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricOptions:
    """How a fabric is to run. Port 0 is the port of the last start, or at the first any free one."""

    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    zone: str | None = None
    zone_key_file: Path | None = None
    programs: Mapping[str, RoleProgram] = field(default_factory=lambda: ROLE_PROGRAMS)
    now: Clock = utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of the last start, which a restart takes again."""

    management: int = 0
    storage: int = 0
    portal: int = 0
    dns: int = 0


@contextmanager
def run_fabric(options: FabricOptions) -> Iterator[dict[str, Any]]:
    """Run a fabric while the context lasts; gives its addresses, as `clouddp fabric run` prints them.

    Raises:
        ConflictError: another fabric works on the state folder, or a port is in use.

    """
    with ExitStack() as stack:
        lock = StateLock(options.state)
        stack.callback(lock.close)
        state = open_state(options.state)
        log = ComponentLog(state.root / "logs" / "fabric.log", "FABRIC")
        running = _Running(options, state, log)
        stack.callback(running.close)
        addresses = running.start()
        log.information("fabric.started", management_url=addresses["management_url"])
        stack.callback(log.information, "fabric.stopped")
        yield addresses


class _Running:
    """The parts of a fabric that is being started, runs, or is being closed."""

    def __init__(self, options: FabricOptions, state: StateFolder, log: ComponentLog) -> None:
        self._options = options
        self._state = state
        self._authority = Authority(state, now=options.now)
        self._certificate = self._authority.issue_endpoint_certificate(options.host)
        self._storage_url = ""
        self._plane = ControlPlane(
            state, log, programs=options.programs, storage_url=lambda: self._storage_url, now=options.now
        )
        self._closing = ExitStack()

    def start(self) -> dict[str, Any]:
        """Take the ports, go on with what was under way, answer requests, and say where everything is."""
        documents: Documents[Ports] = self._state.documents(_ENDPOINTS, Ports)
        before = documents.get(_ENDPOINTS) or Ports()
        management = self._listen(self._options.port or before.management, "management endpoint")
        portal = self._listen(before.portal, "portal")
        storage_port = self._start_storage(before.storage)
        self._storage_url = f"https://{self._options.host}:{storage_port}"
        ports = Ports(
            management=management.getsockname()[1],
            storage=storage_port,
            portal=portal.getsockname()[1],
            dns=self._start_name_server(before.dns),
        )
        documents.put(_ENDPOINTS, ports)
        self._closing.callback(self._plane.close)
        self._plane.start()
        self._serve(management, portal)
        addresses = self._addresses(ports)
        write_endpoint_file(self._state.root, addresses)
        return addresses

    def close(self) -> None:
        """Take no more requests, then end what is under way."""
        self._closing.close()

    def _listen(self, port: int, purpose: str) -> socket.socket:
        listener = listen(self._options.host, port, purpose=purpose)
        self._closing.callback(listener.close)
        return listener

    def _start_storage(self, port: int) -> int:
        server = start_storage(
            self._plane.accounts,
            self._state.root,
            self._certificate,
            host=self._options.host,
            port=port,
            gate=self._plane.storage_strikes(),
        )
        self._closing.callback(server.close)
        return int(server.port)

    def _start_name_server(self, port: int) -> int:
        zone_files = [self._open_zone(self._options.zone)] if self._options.zone is not None else []
        server = start_name_server(
            lookup=self._plane.deployments.find_address, zone_files=zone_files, host=self._options.host, port=port
        )
        self._closing.callback(server.close)
        return int(server.port)

    def _open_zone(self, zone: str) -> ZoneFile:
        if not _ZONE.fullmatch(zone) or zone == SERVICE_ZONE:
            raise InvalidInputError("fabric.zone_invalid", zone=zone)
        if self._options.zone_key_file is None:
            raise InvalidInputError("fabric.zone_key_missing", zone=zone)
        key = open_update_key(self._options.zone_key_file, zone)
        path = self._state.root / "zones" / f"{zone}.zone"
        keys = {key.name: base64.b64decode(key.secret_base64)}
        return open_zone_file(path, zone, keys=keys, server_address=self._options.host)

    def _serve(self, management: socket.socket, portal: socket.socket) -> None:
        sessions = PortalSessions(open_token_file(self._state.root / _TOKEN_FILE), now=self._options.now)
        application = make_portal(self._plane.portal_pages(), self._plane.subscriptions, sessions)
        add_trouble_routes(application, self._plane.trouble_administration(), sessions)
        web = HttpsServer(application, portal, server_context(self._certificate))
        self._closing.callback(web.close)
        server = ManagementServer(self._plane.management_api(), management, self._certificate)
        self._closing.callback(server.close)
        self._closing.callback(self._plane.troubles.close)  # first of all, since it lets go of held requests

    def _addresses(self, ports: Ports) -> dict[str, Any]:
        host = self._options.host
        return {
            "pid": os.getpid(),
            "management_url": f"https://{host}:{ports.management}",
            "storage_url": self._storage_url,
            "portal_url": f"https://{host}:{ports.portal}",
            "dns": f"{host}:{ports.dns}",
            "zones": [SERVICE_ZONE, *([self._options.zone] if self._options.zone else [])],
            "ca_file": str(self._authority.ca_file),
            "portal_token_file": str(self._state.root / _TOKEN_FILE),
            "subscription_id": self._plane.subscriptions.all()[0].id,
            "state": str(self._state.root),
        }
