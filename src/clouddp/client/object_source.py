"""Fetch objects of one version from its sources, again and elsewhere when it fails, until a deadline."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from clouddp.client.connection import Origin, OriginConnection
from clouddp.client.location import Source
from clouddp.model.errors import DamagedError, NotFoundError, RefusedError, SiteError, TemporaryError
from clouddp.telemetry.logs import ComponentLog

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 90.0  # without a source that answers
_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 5.0
_LONGEST_TOLD_WAIT_SECONDS: Final = 30.0  # of what a server says to wait
_DAMAGES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    """A source, and a way to make a connection to it."""

    source: Source
    connect: Callable[[], OriginConnection]
    origin: Origin


class ObjectFetcher:
    """Fetches objects; safe to use from many threads, each with connections of its own."""

    def __init__(self, sources: Sequence[OpenSource], *, log: ComponentLog) -> None:
        self._sources = tuple(sources)
        self._log = log
        self._local = threading.local()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._opened: list[OriginConnection] = []
        self.fetched_bytes = 0

    def fetch(self, name: str, length: int, check: Callable[[bytearray], T]) -> T:
        """Fetch one object and give what `check` makes of it; one that `check` finds damaged is fetched again.

        Raises:
            RefusedError: the access token is no longer accepted.
            DamagedError: every source gave something else than what the site signed.
            TemporaryError: no source answered until the deadline.

        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        damages = failures = 0
        while True:
            opened = self._sources[(damages + failures) % len(self._sources)]
            try:
                return check(self._get(opened, name, length))
            except RefusedError:
                raise
            except DamagedError as error:
                damages += 1
                self._log.warning("client.object_dropped", name=name, server=opened.origin, reason=error)
                if damages >= _DAMAGES:
                    raise
            except (TemporaryError, NotFoundError) as error:
                wait = _wait_seconds(failures, error)
                if time.monotonic() + wait > deadline or self._closing.is_set():
                    raise
                self._log.warning("client.fetch_again", name=name, server=opened.origin, reason=error)
                self._closing.wait(wait)
                failures += 1

    def close(self) -> None:
        """End all connections; fetches under way fail soon."""
        self._closing.set()
        with self._lock:
            for connection in self._opened:
                connection.close()

    def _get(self, opened: OpenSource, name: str, length: int) -> bytearray:
        connection = self._connection(opened)
        try:
            connection.request(
                "GET", f"/content/{name}", headers={"Authorization": f"Bearer {opened.source.access_token}"}
            )
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(response, opened.origin, name)
            body = _read_exactly(response, name, length)
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise TemporaryError(
                "client.server_unreachable", server=opened.origin, address=opened.origin.address, reason=error
            ) from error
        except SiteError:
            connection.close()
            raise
        with self._lock:
            self.fetched_bytes += length
        return body

    def _connection(self, opened: OpenSource) -> OriginConnection:
        mine: dict[str, OriginConnection] = self._local.__dict__
        key = opened.source.distribution_point_id
        if key not in mine:
            mine[key] = opened.connect()
            with self._lock:
                self._opened.append(mine[key])
        return mine[key]


def _read_exactly(response: http.client.HTTPResponse, name: str, length: int) -> bytearray:
    """Read the body into one buffer of the length that the site signed, never more."""
    if response.length != length:
        raise DamagedError("client.object_length", name=name)
    body = bytearray(length)
    view = memoryview(body)
    done = 0
    while done < length:
        count = response.readinto(view[done:])
        if not count:
            raise http.client.IncompleteRead(b"", length - done)
        done += count
    response.read()
    return body


def _refusal(response: http.client.HTTPResponse, origin: Origin, name: str) -> SiteError:
    match response.status:
        case 401 | 403:
            return RefusedError("client.token_refused", server=origin)
        case 404 | 410:
            return NotFoundError("client.object_missing", server=origin, name=name)
        case 429 | 500 | 502 | 503 | 504:
            wait = response.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isdigit() else 0.0
            return TemporaryError(
                "client.server_busy", retry_after_seconds=seconds, server=origin, status=response.status
            )
    return RefusedError("client.answer_unexpected", server=origin, status=response.status)


def _wait_seconds(failures: int, error: SiteError) -> float:
    """Wait longer each time, and not all clients at once."""
    told = 0.0
    if isinstance(error, TemporaryError) and error.code == "client.server_busy":
        told = min(error.retry_after_seconds, _LONGEST_TOLD_WAIT_SECONDS)
    backoff = min(_FIRST_WAIT_SECONDS * (1 << min(failures, 10)), _LONGEST_WAIT_SECONDS)
    return max(told, backoff * random.uniform(0.5, 1.0))  # noqa: S311 (spreads load, guards nothing)
