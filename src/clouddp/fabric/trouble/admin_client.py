"""The command line's way to the trouble of a running fabric, which it finds by its state folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from clouddp.fabric.endpoint_file import read_endpoint_file
from clouddp.fabric.trouble.admin_api import PATH, STATUSES
from clouddp.model.errors import NotFoundError, RefusedError, SiteError, TemporaryError
from clouddp.network.tls import client_context

_TIMEOUT_SECONDS: Final = 30.0


class TroubleClient:
    """One fabric's admin endpoint."""

    def __init__(self, *, url: str, token: str, authorities_pem: str, language: str) -> None:
        self._url = url
        self._context = client_context(authorities_pem=authorities_pem)
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    @classmethod
    def from_state(cls, state: Path, *, language: str) -> Self:
        """Find the fabric that keeps its state here.

        Raises:
            NotFoundError: none ever did.

        """
        try:
            addresses = read_endpoint_file(state)
            token = Path(addresses["portal_token_file"]).read_text(encoding="ascii").strip()
            authorities = Path(addresses["ca_file"]).read_text(encoding="ascii")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise NotFoundError("trouble.no_fabric_here", path=state) from error
        return cls(url=addresses["portal_url"], token=token, authorities_pem=authorities, language=language)

    def list(self) -> list[dict[str, Any]]:
        """Ask for every trouble."""
        found: list[dict[str, Any]] = self._send("GET", PATH)
        return found

    def add(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Put a rule in force."""
        added: dict[str, Any] = self._send("POST", PATH, rule)
        return added

    def remove(self, trouble_id: str) -> None:
        """Take one away."""
        self._send("DELETE", f"{PATH}/{trouble_id}")

    def clear(self) -> None:
        """Take all away."""
        self._send("DELETE", PATH)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            with httpx2.Client(verify=self._context, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
                response = client.request(method, f"{self._url}{path}", json=body, headers=self._headers)
        except httpx2.TransportError as error:
            raise TemporaryError("trouble.fabric_unreachable", url=self._url, reason=error) from error
        if response.is_success:
            return response.json() if response.content else None
        if response.status_code == 401:
            raise RefusedError("trouble.token_refused", url=self._url)
        raise _error_of(response, self._url)


def _error_of(response: httpx2.Response, url: str) -> SiteError:
    kind = next((kind for kind, status in STATUSES if status == response.status_code), SiteError)
    try:
        described = response.json()
        return kind(str(described["code"]), **described["arguments"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return TemporaryError("trouble.answer_not_understood", url=url, status=response.status_code)
