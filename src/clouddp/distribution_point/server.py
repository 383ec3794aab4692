"""Run a front end in this process until it is told to end."""

import asyncio
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings

from clouddp.distribution_point.access_log import AccessLog
from clouddp.distribution_point.app import FrontEnd
from clouddp.distribution_point.configuration import FrontEndConfiguration
from clouddp.distribution_point.listening import ListeningServer, take_listener
from clouddp.distribution_point.state_reader import ScopeReader, StateReader
from clouddp.telemetry.logs import ComponentLog

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_POLL_SECONDS: Final = 10.0
_FIRST_POLL_SECONDS: Final = 0.2  # until there is a state at all
_HEADER_MILLISECONDS: Final = 15_000
_LEAVE_SECONDS: Final = 1.0  # a TLS 1.2 handshake takes three round trips, of 300 ms where they are long
_BUFFER_BYTES: Final = 64 * 1024


def run_front_end(
    configuration: FrontEndConfiguration, announce: Callable[[], None], *, handed: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once it accepts connections and has a valid state.

    `handed` is the descriptor of a listening socket to share; without it the front end opens its own.

    Raises:
        ConflictError: it cannot listen on its address.
        DamagedError: what it remembers of the newest state makes no sense.

    """
    listener = take_listener(configuration.listen_host, configuration.listen_port, handed=handed)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(configuration, listener, announce))


def end_with_standard_input() -> None:
    """End this process at once when a pipe on standard input closes: whoever started it is gone."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return
    threading.Thread(target=_wait_for_end, name="standard-input", daemon=True).start()


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


async def _serve(configuration: FrontEndConfiguration, listener: socket.socket, announce: Callable[[], None]) -> None:
    log = ComponentLog(configuration.folder / "DistributionPoint.log", "SMS_DISTRIBUTION_POINT")
    states = StateReader(configuration, log=log, now=_now)
    started, usable = asyncio.Event(), asyncio.Event()
    front_end = FrontEnd(
        content_folder=configuration.storage_folder / "content",
        states=states,
        scopes=ScopeReader(configuration, log=log, monotonic=monotonic),
        log=AccessLog(configuration.folder / "access.jsonl"),
        started=started,
        now=_now,
    )
    server = _make_server(configuration, front_end, listener)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, _leave, server, front_end)
    loop.add_signal_handler(signal.SIGINT, server.stop)
    others = [asyncio.create_task(_poll(states, usable)), asyncio.create_task(_tell(started, usable, announce))]
    address = f"{configuration.listen_host}:{configuration.listen_port}"
    log.information("distribution_point.starting", address=address)
    try:
        await server.serve()
    finally:
        for task in others:
            task.cancel()
        log.information("distribution_point.ended", address=address)


def _leave(server: ListeningServer, front_end: FrontEnd) -> None:
    """Accept nothing new, and end when what was accepted before has had time to become a request."""
    front_end.is_leaving = True
    server.stop_accepting()
    asyncio.get_running_loop().call_later(_LEAVE_SECONDS, server.stop)


def _make_server(configuration: FrontEndConfiguration, front_end: FrontEnd, listener: socket.socket) -> ListeningServer:
    return ListeningServer(
        front_end,
        listener=listener,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
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


async def _tell(started: asyncio.Event, usable: asyncio.Event, announce: Callable[[], None]) -> None:
    """Announce once connections are accepted and a state is in force."""
    await started.wait()
    await usable.wait()
    announce()


def _now() -> datetime:
    return datetime.now(UTC)
