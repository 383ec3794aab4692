from datetime import UTC, datetime, timedelta

import pytest

from clouddp.distribution_point.access import (
    Refusal,
    bearer_token,
    is_acceptable,
    is_serving,
    judge_claims,
    object_name,
)
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.tokens import AccessClaims

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VERSION = "ab" * 16


def state(*, running: bool = True, blocked: datetime | None = None) -> ServiceStateDocument:
    return ServiceStateDocument(
        service_id="s1",
        epoch=2,
        sequence=7,
        issued_at=NOON,
        expires_at=NOON + timedelta(hours=24),
        running=running,
        token_keys=(),
        blocked_clients={} if blocked is None else {"c1": blocked},
    )


def claims(*, version_id: str = VERSION) -> AccessClaims:
    return AccessClaims(
        client_id="c1",
        service_id="s1",
        version_id=version_id,
        issued_at=NOON,
        not_before=NOON,
        expires_at=NOON + timedelta(hours=8),
        token_id="t",
    )


@pytest.mark.parametrize(
    ("newest", "accepted"), [((0, 0), True), ((2, 7), True), ((2, 8), False), ((3, 1), False), ((1, 99), True)]
)
def test_a_state_older_than_the_newest_seen_is_never_accepted(newest: tuple[int, int], accepted: bool) -> None:
    assert is_acceptable(state(), service_id="s1", newest=newest) is accepted


def test_the_state_of_another_service_is_never_accepted() -> None:
    assert not is_acceptable(state(), service_id="s2", newest=(0, 0))


def test_clients_are_served_until_the_state_ends_and_only_while_it_says_running() -> None:
    assert is_serving(state(), NOON + timedelta(hours=23, minutes=59))
    assert not is_serving(state(), NOON + timedelta(hours=24))
    assert not is_serving(state(running=False), NOON)


def test_a_token_that_was_verified_before_still_ends() -> None:
    assert judge_claims(claims(), state=state(), now=NOON + timedelta(hours=7)) is None
    assert judge_claims(claims(), state=state(), now=NOON + timedelta(hours=9)) is Refusal.TOKEN_REFUSED


def test_a_client_blocked_after_its_token_was_issued_is_shut_out() -> None:
    blocked = state(blocked=NOON + timedelta(minutes=1))

    assert judge_claims(claims(), state=blocked, now=NOON + timedelta(hours=1)) is Refusal.CLIENT_BLOCKED


def test_a_token_issued_after_the_block_was_lifted_is_good() -> None:
    blocked = state(blocked=NOON - timedelta(minutes=1))

    assert judge_claims(claims(), state=blocked, now=NOON) is None


def test_a_version_that_could_be_a_path_is_refused() -> None:
    assert judge_claims(claims(version_id="../service"), state=state(), now=NOON) is Refusal.TOKEN_REFUSED


@pytest.mark.parametrize(
    "path",
    [
        "/content/",
        "/content/AB",
        f"/content/{VERSION}/",
        f"/content/{VERSION}\n",
        f"/x/content/{VERSION}",
        "/content/..",
    ],
)
def test_only_plain_names_are_objects(path: str) -> None:
    assert object_name(path) is None


def test_a_plain_name_is_an_object() -> None:
    assert object_name(f"/content/{VERSION}") == VERSION


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer a.b.c", "a.b.c"),
        ("bearer  x ", "x"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer a b", None),
        (None, None),
    ],
)
def test_a_bearer_token_is_taken_as_rfc_6750_says(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token
