"""Signing keys as JSON Web Keys."""

import base64
import hashlib
import json

import pytest

from clouddp.model.errors import InvalidInputError
from clouddp.network.signing_keys import SigningKey, new_signing_key, parse_public_jwk, public_jwk

# The key and the thumbprint of RFC 8037, appendix A.
RFC_8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


def test_a_key_is_the_same_after_writing_and_reading_it() -> None:
    key = new_signing_key()

    again = SigningKey.from_jwk(json.loads(json.dumps(key.to_jwk())))

    assert again.to_jwk() == key.to_jwk()
    assert again.kid == key.kid


def test_a_key_is_named_by_the_thumbprint_of_rfc_7638() -> None:
    assert SigningKey.from_jwk(RFC_8037).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

    key = public_jwk(new_signing_key())
    members = json.dumps({name: key[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    digest = hashlib.sha256(members.encode()).digest()
    assert key["kid"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_the_public_half_and_the_printed_form_hold_no_secret() -> None:
    key = new_signing_key()

    assert set(public_jwk(key)) == {"kty", "crv", "x", "kid"}
    assert key.to_jwk()["d"] not in repr(key)


def test_a_public_key_that_somebody_sent_gets_the_name_that_follows_from_it() -> None:
    sent = {**public_jwk(new_signing_key()), "kid": "site-key", "use": "sig", "alg": "EdDSA"}

    accepted = parse_public_jwk(sent)

    assert accepted["x"] == sent["x"]
    assert len(accepted["kid"]) == 43
    assert set(accepted) == {"kty", "crv", "x", "kid"}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "key",
        {},
        RFC_8037,
        {"kty": "OKP", "crv": "Ed448", "x": "A" * 43},
        {"kty": "oct", "k": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": 7},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42 + "="},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42 + "B"},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "x5u": "https://fabrikam.com"},
    ],
)
def test_anything_else_is_no_public_key(sent: object) -> None:
    with pytest.raises(InvalidInputError, match=r"signed\.key_not_usable"):
        parse_public_jwk(sent)
