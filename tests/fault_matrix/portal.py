"""The portal's doors for programs: the fabric's trouble, and the management certificates it admits."""

import time
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.certificates import KeyedCertificate
from clouddp.network.tls import client_context

STRIKE_SECONDS = 30.0


class NeverStruckError(AssertionError):
    """What was to be struck did not come."""


class Portal:
    """Asks for trouble as an administrator of the cloud would."""

    def __init__(self, fabric: dict[str, Any]) -> None:
        token = Path(fabric["portal_token_file"]).read_text(encoding="utf-8").strip()
        self._subscription_id = fabric["subscription_id"]
        self._client = httpx2.Client(
            base_url=fabric["portal_url"],
            verify=client_context(authorities_pem=Path(fabric["ca_file"]).read_text(encoding="ascii")),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            trust_env=False,
        )

    def admit(self, management: KeyedCertificate) -> None:
        """Let a certificate manage the subscription."""
        path = f"/subscriptions/{self._subscription_id}/certificates"
        certificate = management.certificate.public_bytes(Encoding.DER)
        answer = self._client.post(path, files={"certificate": ("management.cer", certificate)})
        assert answer.status_code == 201, answer.text

    def add(self, **rule: Any) -> str:
        answer = self._client.post("/trouble", json=rule)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def clear(self) -> None:
        assert self._client.delete("/trouble").status_code == 204

    def counts(self) -> dict[str, int]:
        """Say how often each rule has struck."""
        return {rule["id"]: rule["struck"] for rule in self._client.get("/trouble").json()}

    def await_strike(self, rule_id: str) -> None:
        deadline = time.monotonic() + STRIKE_SECONDS
        while not self.counts().get(rule_id):
            if time.monotonic() > deadline:
                raise NeverStruckError(rule_id)
            time.sleep(0.03)

    def close(self) -> None:
        self._client.close()
