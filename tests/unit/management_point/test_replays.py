from datetime import UTC, datetime, timedelta

import pytest

from clouddp.management_point.replays import SeenAssertions
from clouddp.model.errors import RefusedError, TemporaryError
from clouddp.network.tokens import AssertionClaims

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def claims(token_id: str, *, seconds: int = 60) -> AssertionClaims:
    return AssertionClaims(token_id=token_id, expires_at=NOON + timedelta(seconds=seconds))


def test_an_assertion_is_accepted_once() -> None:
    seen = SeenAssertions()
    seen.remember("c1", claims("a"), now=NOON)

    with pytest.raises(RefusedError):
        seen.remember("c1", claims("a"), now=NOON + timedelta(seconds=59))


def test_two_clients_may_choose_the_same_id() -> None:
    seen = SeenAssertions()

    seen.remember("c1", claims("a"), now=NOON)
    seen.remember("c2", claims("a"), now=NOON)


def test_when_there_is_no_room_nothing_is_forgotten_early() -> None:
    seen = SeenAssertions(limit=1)
    seen.remember("c1", claims("a"), now=NOON)

    with pytest.raises(TemporaryError):
        seen.remember("c1", claims("b"), now=NOON)

    seen.remember("c1", claims("b"), now=NOON + timedelta(seconds=61))
