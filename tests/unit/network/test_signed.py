"""Signed statements, and those that only look like it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.model.errors import DamagedError
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.signed import Purpose, sign, sign_state, verify, verify_state
from clouddp.network.signing_keys import new_signing_key, public_jwk
from tests.unit.network.attacks import decode, encode, header_of, re_signed, signed_by, with_hmac

KEY = new_signing_key()
OTHER = new_signing_key()
KEYS = (public_jwk(OTHER), public_jwk(KEY))
CLAIMS = {"package": "P0100001", "name": "Éditeur – 編集", "size": 2**53, "parts": [{"a": None, "b": True}]}
TOKEN = sign(CLAIMS, key=KEY, purpose=Purpose.VERSION)
NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
STATE = ServiceStateDocument(
    service_id="a" * 32,
    epoch=1,
    sequence=7,
    issued_at=NOW,
    expires_at=NOW + timedelta(hours=24),
    running=True,
    token_keys=(public_jwk(OTHER),),
    blocked_clients={"c" * 32: NOW},
)


def is_refused(token: str, *, purpose: Purpose = Purpose.VERSION, limit_bytes: int = 4096) -> bool:
    with pytest.raises(DamagedError) as caught:
        verify(token, keys=KEYS, purpose=purpose, limit_bytes=limit_bytes)
    return caught.value.code == "signed.not_valid"


def test_a_statement_says_what_was_signed() -> None:
    assert verify(TOKEN, keys=KEYS, purpose=Purpose.VERSION, limit_bytes=4096) == CLAIMS


def test_the_header_names_algorithm_key_and_purpose_and_nothing_else() -> None:
    assert header_of(TOKEN) == {"alg": "Ed25519", "kid": KEY.kid, "typ": "clouddp-version+jwt"}


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.VERSION])
def test_a_statement_for_one_purpose_is_none_for_another(purpose: Purpose) -> None:
    assert is_refused(TOKEN, purpose=purpose)


def test_a_statement_of_an_unknown_key_is_refused() -> None:
    assert is_refused(sign(CLAIMS, key=new_signing_key(), purpose=Purpose.VERSION))


@pytest.mark.parametrize("keys", [(), ({},), ({"kid": KEY.kid, "kty": "oct", "k": "AAAA"},), ({"kid": KEY.kid},)])
def test_keys_of_another_kind_check_nothing(keys: tuple[dict[str, str], ...]) -> None:
    with pytest.raises(DamagedError, match=r"signed\.not_valid"):
        verify(TOKEN, keys=keys, purpose=Purpose.VERSION, limit_bytes=4096)


def test_a_signature_of_one_known_key_under_the_name_of_another_is_refused() -> None:
    assert is_refused(re_signed(TOKEN, OTHER, {"kid": KEY.kid}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_a_statement_that_claims_to_need_no_signature_is_refused(algorithm: str) -> None:
    header = encode(json.dumps({**header_of(TOKEN), "alg": algorithm}).encode())
    payload = TOKEN.split(".")[1]

    assert is_refused(f"{header}.{payload}.")
    assert is_refused(f"{header}.{payload}.{TOKEN.split('.')[2]}")


@pytest.mark.parametrize(
    "secret",
    [decode(KEYS[1]["x"]), KEYS[1]["x"].encode(), json.dumps(KEYS[1]).encode()],
    ids=["its octets", "as it is written", "as JSON"],
)
def test_the_public_key_used_as_a_shared_secret_signs_nothing(secret: bytes) -> None:
    assert is_refused(with_hmac(TOKEN, secret))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"alg": "EdDSA"}, id="the older name of the algorithm"),
        pytest.param({"alg": "HS256"}, id="another algorithm"),
        pytest.param({"alg": None}, id="no algorithm"),
        pytest.param({"alg": ["Ed25519"]}, id="several algorithms"),
        pytest.param({"kid": None}, id="no key name"),
        pytest.param({"kid": 1}, id="key name of another type"),
        pytest.param({"typ": None}, id="no purpose"),
        pytest.param({"typ": "JWT"}, id="any purpose"),
        pytest.param({"jwk": public_jwk(KEY)}, id="key sent along"),
        pytest.param({"jku": "https://fabrikam.com/keys"}, id="key elsewhere"),
        pytest.param({"crit": ["exp"], "exp": 1}, id="unknown critical member"),
        pytest.param({"crit": ["b64"], "b64": False}, id="payload not encoded, RFC 7797"),
        pytest.param({"cty": "JWT"}, id="nested"),
        pytest.param({"x": "y" * 600}, id="large header"),
    ],
)
def test_a_header_that_is_not_exactly_ours_is_refused_even_with_a_good_signature(change: dict[str, object]) -> None:
    assert is_refused(re_signed(TOKEN, KEY, change))


@pytest.mark.parametrize("header", [[], ["alg"], "alg", None, 1, {}, [["alg", "Ed25519"]]])
def test_a_header_that_is_no_object_is_refused(header: object) -> None:
    assert is_refused(signed_by(KEY, header, b"{}"))


@pytest.mark.parametrize(
    "payload", [b"[]", b'"x"', b"1", b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":' * 50_000]
)
def test_a_payload_that_is_no_object_or_says_a_thing_twice_is_refused(payload: bytes) -> None:
    assert is_refused(signed_by(KEY, header_of(TOKEN), payload), limit_bytes=10**6)


@settings(deadline=None, max_examples=40)
@given(place=st.integers(min_value=0, max_value=len(TOKEN) - 1), character=st.characters(codec="utf-8"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    if character != TOKEN[place]:
        assert is_refused(TOKEN[:place] + character + TOKEN[place + 1 :])


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", TOKEN + ".", TOKEN + "=", " " + TOKEN, TOKEN + "\n", "é" * 9])
def test_what_is_no_compact_statement_is_refused(text: str) -> None:
    assert is_refused(text)


def test_a_statement_beyond_the_limit_is_not_looked_at() -> None:
    large = sign({"a": "x" * 4096}, key=KEY, purpose=Purpose.VERSION)

    assert is_refused(large)
    assert verify(large, keys=KEYS, purpose=Purpose.VERSION, limit_bytes=len(large))


def test_a_statement_of_many_megabytes_can_be_signed() -> None:
    claims = {"lengths": {f"{number:064x}": number for number in range(20_000)}}

    token = sign(claims, key=KEY, purpose=Purpose.SCOPE)

    assert verify(token, keys=KEYS, purpose=Purpose.SCOPE, limit_bytes=16 * 2**20) == claims


def test_a_number_that_json_does_not_know_is_not_signed() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        sign({"a": float("nan")}, key=KEY, purpose=Purpose.VERSION)


def test_the_state_of_a_service_is_read_as_it_was_written_to_the_microsecond() -> None:
    assert verify_state(sign_state(STATE, key=KEY), keys=KEYS) == STATE


def test_the_state_of_a_service_signed_by_another_key_is_refused() -> None:
    with pytest.raises(DamagedError, match=r"signed\.not_valid"):
        verify_state(sign_state(STATE, key=new_signing_key()), keys=KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": "1"},
        {"epoch": True},
        {"running": 1},
        {"issued_at": "yesterday"},
        {"expires_at": "2026-11-23T12:00:00"},
        {"token_keys": [{"kty": "oct"}]},
        {"blocked_clients": {"c": 1}},
        {"unknown": 1},
    ],
)
def test_a_state_of_unknown_shape_is_not_guessed_at(change: dict[str, object]) -> None:
    written = json.loads(decode(sign_state(STATE, key=KEY).split(".")[1]))
    token = sign({**written, **change}, key=KEY, purpose=Purpose.STATE)

    with pytest.raises(DamagedError, match=r"signed\.state_not_understood"):
        verify_state(token, keys=KEYS)
