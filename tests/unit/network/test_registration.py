"""Registration tokens and the fingerprint in them."""

import pytest

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import certificate_pem
from clouddp.network.registration import make_registration_token, parse_registration_token, registration_fingerprint
from clouddp.network.signing_keys import new_signing_key, public_jwk
from tests.unit.network.certificate_builders import authority, management

KEY = public_jwk(new_signing_key())
FINGERPRINT = "0123456789abcdef" * 4


def pem(*, of_management: bool = False) -> str:
    return certificate_pem((management() if of_management else authority()).certificate).decode()


def test_a_token_is_read_as_it_was_made() -> None:
    token = make_registration_token(FINGERPRINT)

    assert parse_registration_token(str(token)) == token
    assert parse_registration_token(f"  {token}\r\n") == token


def test_no_two_tokens_are_the_same_and_the_secret_is_not_shown_by_accident() -> None:
    one, other = make_registration_token(FINGERPRINT), make_registration_token(FINGERPRINT)

    assert one.id != other.id
    assert one.secret != other.secret
    assert one.secret not in repr(one)


@pytest.mark.parametrize("text", ["", "a.b.c", "." * 70, "a" * 10**6, f"{'a' * 16}.{'b' * 43}.{'C' * 64}", "é"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"signed\.registration_token_unreadable"):
        parse_registration_token(text)


def test_the_fingerprint_is_of_what_is_said_not_of_how_it_is_written() -> None:
    once = registration_fingerprint(KEY, pem())

    assert once == registration_fingerprint(dict(reversed(KEY.items())), f"# Société Contoso\r\n{pem()}\n\n")
    assert len(once) == 64
    both = registration_fingerprint(KEY, pem() + pem(of_management=True))
    assert both == registration_fingerprint(KEY, pem(of_management=True) + pem())


def test_another_key_or_another_authority_has_another_fingerprint() -> None:
    fingerprints = {
        registration_fingerprint(KEY, pem()),
        registration_fingerprint(public_jwk(new_signing_key()), pem()),
        registration_fingerprint(KEY, pem(of_management=True)),
        registration_fingerprint(KEY, pem() + pem(of_management=True)),
    }

    assert len(fingerprints) == 4


def test_a_key_under_a_false_name_does_not_take_the_fingerprint_of_another() -> None:
    false = {**public_jwk(new_signing_key()), "kid": KEY["kid"]}

    assert registration_fingerprint(false, pem()) != registration_fingerprint(KEY, pem())


def test_what_is_no_key_or_no_authority_has_no_fingerprint() -> None:
    with pytest.raises(InvalidInputError, match=r"signed\.key_not_usable"):
        registration_fingerprint({"kty": "oct"}, pem())
    with pytest.raises(InvalidInputError, match=r"certificate\.authorities_unreadable"):
        registration_fingerprint(KEY, "no certificate")
