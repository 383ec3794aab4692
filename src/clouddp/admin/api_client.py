"""The command line's way to the administration service."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from clouddp.admin.problems import error_of_problem
from clouddp.language.command_line import chosen_language
from clouddp.model.errors import NotFoundError, TemporaryError
from clouddp.network.tls import client_context

_TIMEOUT_SECONDS: Final = 300.0  # preflight talks to the cloud before it answers


class SiteApi:
    """One site's administration service, spoken to with an administrator's token."""

    def __init__(self, *, url: str, token: str, authorities_pem: str, language: str) -> None:
        self._url = url
        self._client = httpx2.Client(
            base_url=f"{url}/api/v1",
            verify=client_context(authorities_pem=authorities_pem),
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )

    @classmethod
    def from_home(cls, home: Path) -> Self:
        """Open the site that lives in this home.

        Raises:
            NotFoundError: there is no site here, or it has never run.
        """
        description = home / "site" / "endpoint.json"
        try:
            endpoint = json.loads(description.read_text(encoding="utf-8"))
            token = Path(endpoint["token_file"]).read_text(encoding="utf-8").strip()
            authorities = Path(endpoint["ca_file"]).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            is_made = (home / "site" / "site.json").exists()
            raise NotFoundError("admin.site_not_running" if is_made else "admin.no_site_here", home=home) from error
        return cls(url=endpoint["admin_url"], token=token, authorities_pem=authorities, language=chosen_language())

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Read a resource."""
        return self._send("GET", path, parameters=parameters)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None) -> Any:
        """Create something, or start an action."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self._send("POST", path, body=body or {}, headers=headers)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Replace a resource."""
        return self._send("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change parts of a resource."""
        return self._send("PATCH", path, body=body)

    def delete(self, path: str) -> Any:
        """Remove a resource."""
        return self._send("DELETE", path)

    def close(self) -> None:
        """Close the connection; the server need not wait for it when it ends."""
        self._client.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        try:
            response = self._client.request(method, path, json=body, params=parameters, headers=headers)
        except httpx2.TransportError as error:
            raise TemporaryError("admin.site_unreachable", url=self._url, reason=error) from error
        if response.is_success:
            return response.json() if response.content else None
        try:
            document = response.json()
            problem = error_of_problem(document)
        except (ValueError, KeyError, TypeError) as error:
            raise TemporaryError("admin.answer_not_understood", url=self._url, status=response.status_code) from error
        raise problem
