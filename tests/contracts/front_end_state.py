"""A signed state that front ends accept, and the key by which they check it."""

import json
from datetime import UTC, datetime, timedelta

from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.signed import sign_state
from clouddp.network.signing_keys import new_signing_key, public_jwk

_KEY = new_signing_key()
STATE_KEY_JWK = json.dumps(public_jwk(_KEY))


def signed_state(service_id: str = "5e" * 16) -> bytes:
    """Say that a service runs."""
    now = datetime.now(UTC)
    state = ServiceStateDocument(
        service_id=service_id,
        epoch=1,
        sequence=1,
        issued_at=now,
        expires_at=now + timedelta(hours=24),
        running=True,
        token_keys=(),
        blocked_clients={},
    )
    return sign_state(state, key=_KEY).encode("ascii")
