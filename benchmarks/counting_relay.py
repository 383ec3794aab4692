"""A relay of TCP connections that counts them: the site server opens one for each request to the cloud."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

_BLOCK: Final = 64 * 1024


class CountingRelay:
    """Stands before an HTTPS address of this machine and hands everything on, unread."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host, self._port = str(address.hostname), int(address.port or 443)
        self.connections = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.url = f"https://{self._host}:{port}"

    def close(self) -> None:
        """Hand nothing on any more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._relay, self._host, 0, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError):
            onward = await asyncio.open_connection(self._host, self._port)
            await asyncio.gather(_hand_on(reader, onward[1]), _hand_on(onward[0], writer))


async def _hand_on(reader: asyncio.StreamReader, writer: Any) -> None:
    with suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
    writer.close()


@contextmanager
def counted(url: str) -> Iterator[CountingRelay]:
    """Stand before an address while the block lasts."""
    relay = CountingRelay(url)
    relay.start()
    try:
        yield relay
    finally:
        relay.close()
