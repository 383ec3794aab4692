"""Access tokens and assertions, told as the attacks they withstand."""

from datetime import UTC, datetime, timedelta

import pytest

from clouddp.model.errors import RefusedError
from clouddp.network.signed import Purpose, sign
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.network.tokens import (
    ACCESS_LIFETIME_SECONDS,
    ASSERTION_LIFETIME_SECONDS,
    LEEWAY_SECONDS,
    TOKEN_LIMIT_BYTES,
    AccessClaims,
    AssertionClaims,
    issue_access_token,
    make_assertion,
    verify_access_token,
    verify_assertion,
)
from tests.unit.network.attacks import payload_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEEWAY = timedelta(seconds=LEEWAY_SECONDS)
SITE, STRANGER, CLIENT = new_signing_key(), new_signing_key(), new_signing_key()
SERVICE, VERSION, CLIENT_ID, AUDIENCE = "5" * 32, "6" * 32, "c" * 32, "https://mp.contoso.com:8443"


def token(**changes: object) -> str:
    """Issue a token; with changes, one that the site would never issue, with its signature."""
    issued = issue_access_token(
        key=SITE, issuer="P01", client_id=CLIENT_ID, service_id=SERVICE, version_id=VERSION, now=NOW
    )
    return sign({**payload_of(issued), **changes}, key=SITE, purpose=Purpose.ACCESS) if changes else issued


def read(text: str, now: datetime = NOW) -> AccessClaims:
    return verify_access_token(text, keys=(public_jwk(SITE),), service_id=SERVICE, now=now)


def refusal(text: str, now: datetime = NOW) -> object:
    with pytest.raises(RefusedError) as caught:
        read(text, now)
    assert caught.value.code == "signed.token_refused"
    return caught.value.arguments["reason"]


def assertion(**changes: object) -> str:
    made = make_assertion(key=CLIENT, client_id=CLIENT_ID, audience=AUDIENCE, now=NOW)
    return sign({**payload_of(made), **changes}, key=CLIENT, purpose=Purpose.ASSERTION) if changes else made


def accept(text: str, now: datetime = NOW) -> AssertionClaims:
    return verify_assertion(text, public_key=public_jwk(CLIENT), client_id=CLIENT_ID, audience=AUDIENCE, now=now)


def assertion_refusal(text: str, now: datetime = NOW) -> object:
    with pytest.raises(RefusedError) as caught:
        accept(text, now)
    return caught.value.arguments["reason"]


def test_a_token_opens_one_version_at_one_distribution_point_for_one_client() -> None:
    claims = read(token())

    assert (claims.client_id, claims.service_id, claims.version_id) == (CLIENT_ID, SERVICE, VERSION)
    assert claims.issued_at == claims.not_before == NOW
    assert claims.expires_at == NOW + timedelta(hours=8)


def test_each_token_has_an_id_of_its_own() -> None:
    assert read(token()).token_id != read(token()).token_id


def test_a_token_works_until_its_end_and_the_leeway_after_it() -> None:
    end = NOW + timedelta(seconds=ACCESS_LIFETIME_SECONDS)

    read(token(), now=end + LEEWAY - SECOND)
    assert refusal(token(), now=end + LEEWAY) == "expired"


def test_a_token_works_from_its_beginning_and_the_leeway_before_it() -> None:
    read(token(), now=NOW - LEEWAY)
    assert refusal(token(), now=NOW - LEEWAY - SECOND) == "not_yet_valid"


def test_a_token_of_another_distribution_point_is_refused() -> None:
    assert refusal(token(aud="7" * 32)) == "audience"
    assert refusal(token(aud=[SERVICE, "7" * 32])) == "not_valid"


def test_a_token_that_starts_later_is_refused_until_then() -> None:
    assert refusal(token(nbf=int((NOW + timedelta(hours=1)).timestamp()))) == "not_yet_valid"


def test_a_token_for_longer_than_a_day_is_refused() -> None:
    assert refusal(token(exp=int((NOW + timedelta(hours=25)).timestamp()))) == "lifetime"


def test_a_token_of_a_stranger_is_refused() -> None:
    forged = sign(payload_of(token()), key=STRANGER, purpose=Purpose.ACCESS)

    assert refusal(forged) == "not_valid"


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.ACCESS])
def test_something_else_that_the_same_key_signed_opens_nothing(purpose: Purpose) -> None:
    assert refusal(sign(payload_of(token()), key=SITE, purpose=purpose)) == "not_valid"


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "content", "iat", "nbf", "exp", "jti"])
def test_a_token_in_which_something_is_missing_or_of_another_type_is_refused(name: str) -> None:
    claims = payload_of(token())
    without = {key: value for key, value in claims.items() if key != name}

    assert refusal(sign(without, key=SITE, purpose=Purpose.ACCESS)) == "not_valid"
    wrong: tuple[object, ...] = (None, True, [], {}, "", 1.5)
    for value in wrong:
        assert refusal(token(**{name: value})) == "not_valid"


def test_a_token_that_says_more_than_it_should_is_refused() -> None:
    assert refusal(token(role="administrator")) == "not_valid"


@pytest.mark.parametrize("moment", [-(10**20), 10**20])
def test_a_time_that_no_calendar_has_is_refused(moment: int) -> None:
    assert refusal(token(exp=moment, iat=moment, nbf=moment)) in {"expired", "not_yet_valid"}


def test_a_token_beyond_the_limit_is_refused() -> None:
    assert refusal(token(sub="c" * TOKEN_LIMIT_BYTES)) == "not_valid"


def test_an_access_token_fits_well_into_a_header() -> None:
    assert len(token()) < 600


def test_a_client_proves_itself() -> None:
    claims = accept(assertion())

    assert claims.token_id
    assert claims.expires_at == NOW + timedelta(seconds=ASSERTION_LIFETIME_SECONDS) + LEEWAY


def test_an_assertion_is_not_accepted_after_the_moment_until_which_it_is_remembered() -> None:
    forgotten_at = accept(assertion()).expires_at

    accept(assertion(), now=forgotten_at - SECOND)
    assert assertion_refusal(assertion(), now=forgotten_at) == "expired"


def test_an_assertion_that_lives_longer_than_a_minute_is_refused() -> None:
    assert assertion_refusal(assertion(exp=int(NOW.timestamp()) + 61)) == "lifetime"


def test_an_assertion_of_the_future_is_refused() -> None:
    assert assertion_refusal(assertion(), now=NOW - LEEWAY - SECOND) == "not_yet_valid"


def test_an_assertion_for_another_management_point_is_refused() -> None:
    assert assertion_refusal(assertion(aud="https://mp.fabrikam.com")) == "audience"


@pytest.mark.parametrize("change", [{"iss": "d" * 32}, {"sub": "d" * 32}, {"iss": "d" * 32, "sub": "d" * 32}])
def test_an_assertion_in_the_name_of_another_client_is_refused(change: dict[str, str]) -> None:
    assert assertion_refusal(assertion(**change)) == "issuer"


def test_an_assertion_signed_with_another_key_is_refused() -> None:
    forged = make_assertion(key=STRANGER, client_id=CLIENT_ID, audience=AUDIENCE, now=NOW)

    assert assertion_refusal(forged) == "not_valid"


def test_an_access_token_is_no_assertion() -> None:
    assert assertion_refusal(sign(payload_of(assertion()), key=CLIENT, purpose=Purpose.ACCESS)) == "not_valid"
