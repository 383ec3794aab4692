"""Run a front end in this process until it is told to end."""

import asyncio
import os
import secrets
import signal
import ssl
import stat
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from clouddp.distribution_point.access_log import AccessLog
from clouddp.distribution_point.app import PROBE_HEADER, FrontEnd, Probe
from clouddp.distribution_point.configuration import FrontEndConfiguration
from clouddp.distribution_point.state_reader import ScopeReader, StateReader
from clouddp.model.errors import ConflictError
from clouddp.telemetry.logs import ComponentLog

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_POLL_SECONDS: Final = 10.0
_FIRST_POLL_SECONDS: Final = 0.2  # until there is a state at all
_HEADER_MILLISECONDS: Final = 15_000
_BUFFER_BYTES: Final = 64 * 1024


def run_front_end(configuration: FrontEndConfiguration, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once it accepts connections and has a valid state.

    Raises:
        ConflictError: it cannot listen on its address.
        DamagedError: what it remembers of the newest state makes no sense.

    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(configuration, announce))


def end_with_standard_input() -> None:
    """End this process at once when a pipe on standard input closes: whoever started it is gone."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return
    threading.Thread(target=_wait_for_end, name="standard-input", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


async def _serve(configuration: FrontEndConfiguration, announce: Callable[[], None]) -> None:
    log = ComponentLog(configuration.folder / "DistributionPoint.log", "SMS_DISTRIBUTION_POINT")
    states = StateReader(configuration, log=log, now=_now)
    probe = Probe(secrets.token_urlsafe(16), asyncio.Event())
    access_log = AccessLog(configuration.folder / "access.jsonl")
    front_end = FrontEnd(
        content_folder=configuration.storage_folder / "content",
        states=states,
        scopes=ScopeReader(configuration, log=log, monotonic=monotonic),
        log=access_log,
        probe=probe,
        now=_now,
    )
    usable = asyncio.Event()
    server = _make_server(configuration, front_end)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    others = [
        asyncio.create_task(_poll(states, usable)),
        asyncio.create_task(_tell(configuration, probe, usable, announce)),
    ]
    address = f"{configuration.listen_host}:{configuration.listen_port}"
    log.information("distribution_point.starting", address=address)
    try:
        await server.serve()
    except OSError as error:
        raise ConflictError("distribution_point.address_not_usable", address=address, reason=error) from error
    finally:
        for task in others:
            task.cancel()
        log.information("distribution_point.ended", address=address)


def _make_server(configuration: FrontEndConfiguration, front_end: FrontEnd) -> Server:
    return Server(
        front_end,
        address=configuration.listen_host,
        port=configuration.listen_port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, max_buffer_size=_BUFFER_BYTES),
        log_enabled=False,
        ssl_cert=configuration.certificate_file,
        ssl_key=configuration.key_file,
        ssl_protocol_min=SSLProtocols.tls12,
    )


async def _poll(states: StateReader, usable: asyncio.Event) -> None:
    while True:
        await asyncio.to_thread(states.refresh)
        if states.is_usable:
            usable.set()
        await asyncio.sleep(_FIRST_POLL_SECONDS if states.state is None else _POLL_SECONDS)


async def _tell(
    configuration: FrontEndConfiguration, probe: Probe, usable: asyncio.Event, announce: Callable[[], None]
) -> None:
    """Announce once a connection to the own address has reached this very process, and a state is in force."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # one certificate alone is trusted, our own: its names play no part
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(configuration.certificate_file)
    while not probe.reached.is_set():
        try:
            await _knock(configuration, probe, context)
        except OSError:
            await asyncio.sleep(0.02)
    await usable.wait()
    announce()


async def _knock(configuration: FrontEndConfiguration, probe: Probe, context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection(
        configuration.listen_host, configuration.listen_port, ssl=context, server_hostname=""
    )
    request = f"GET /health HTTP/1.1\r\nhost: localhost\r\n{PROBE_HEADER}: {probe.secret}\r\nconnection: close\r\n\r\n"
    writer.write(request.encode("ascii"))
    await reader.read()
    writer.close()


def _now() -> datetime:
    return datetime.now(UTC)
