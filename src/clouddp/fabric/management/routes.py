"""How a request of the management protocol finds what answers it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from clouddp.fabric.management.protocol_errors import (
    ProtocolError,
    invalid_query,
    invalid_verb,
    not_found,
    wrong_version,
)

OLDEST_VERSION: Final = "2009-10-01"
CERTIFICATE_VERSION: Final = "2012-03-01"  # needed for management certificates and name checks

_VERSION: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of an admitted client; `path` begins behind the subscription's ID."""

    id: str
    method: str
    base_url: str
    subscription_id: str
    path: str
    query: Mapping[str, str]
    version: str
    body: bytes
    certificate_thumbprint: str = ""
    client_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request is answered: a status, a document or none, and where what was made can be found."""

    status: int = 200
    body: str = ""
    location: str = ""
    retry_after: int | None = None


Handler = Callable[[Request, Mapping[str, str]], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as `/services/hostedservices/{name}`, and what answers them."""

    method: str
    path: str
    operation: str  # what the operation is called, such as `create-hosted-service`
    handler: Handler
    comp: str = field(default="", kw_only=True)  # the query parameter that tells operations on one path apart
    version: str = field(default=OLDEST_VERSION, kw_only=True)


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(route, _pattern(route.path)) for route in routes]

    def find(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        """Return the route of a request, and the names that its path holds.

        Raises:
            ProtocolError: nothing answers it.

        """
        if not _VERSION.fullmatch(request.version) or request.version < OLDEST_VERSION:
            raise wrong_version()
        path = "/" + request.path.strip("/") if request.path.strip("/") else ""
        found = [(route, match) for route, pattern in self._routes if (match := pattern.fullmatch(path))]
        comp = request.query.get("comp", "").lower()
        for route, match in found:
            if route.method == request.method and route.comp == comp:
                if request.version < route.version:
                    raise wrong_version()
                return route, match.groupdict()
        raise _mismatch([route for route, _ in found], request)


def _mismatch(found: Sequence[Route], request: Request) -> ProtocolError:
    if not found:
        return not_found()
    return invalid_query() if any(route.method == request.method for route in found) else invalid_verb()


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)), re.IGNORECASE)
