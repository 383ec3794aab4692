from datetime import UTC, datetime, timedelta

import pytest

from clouddp.distribution_point.verified_tokens import VerifiedTokens
from clouddp.model.errors import RefusedError
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.signing_keys import SigningKey, new_signing_key, public_jwk
from clouddp.network.tokens import issue_access_token

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def state_with(key: SigningKey) -> ServiceStateDocument:
    return ServiceStateDocument(
        service_id="s1",
        epoch=1,
        sequence=1,
        issued_at=NOON,
        expires_at=NOON + timedelta(hours=24),
        running=True,
        token_keys=(public_jwk(key),),
        blocked_clients={},
    )


def token_of(key: SigningKey, client: str = "c1") -> str:
    return issue_access_token(key=key, issuer="mp", client_id=client, service_id="s1", version_id="ab" * 16, now=NOON)


def test_a_remembered_token_is_refused_as_soon_as_its_key_is_withdrawn() -> None:
    key, tokens = new_signing_key(), VerifiedTokens()
    token = token_of(key)
    tokens.claims(token, state=state_with(key), now=NOON)

    with pytest.raises(RefusedError):
        tokens.claims(token, state=state_with(new_signing_key()), now=NOON)


def test_a_refused_token_is_not_remembered_as_good() -> None:
    key, tokens = new_signing_key(), VerifiedTokens()
    token = token_of(key)

    for _time in range(2):
        with pytest.raises(RefusedError):
            tokens.claims(token, state=state_with(new_signing_key()), now=NOON)


def test_no_more_tokens_are_remembered_than_the_limit() -> None:
    key, tokens = new_signing_key(), VerifiedTokens(limit=2)

    for number in range(5):
        tokens.claims(token_of(key, f"c{number}"), state=state_with(key), now=NOON)

    assert len(tokens._kept) == 2
