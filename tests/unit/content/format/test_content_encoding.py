"""Tests of RFC 8188, against its own examples and against the `http-ece` library both ways."""

import base64

import http_ece
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clouddp.content.format.content_encoding import decrypt, encrypt, encrypt_one_record
from clouddp.model.errors import DamagedError

KEY = bytes(range(16))
SALT = bytes(range(16, 32))


def _base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_first_example_of_the_rfc_is_opened_and_made() -> None:
    key = _base64url("yqdlZ-tYemfogSmv7Ws5PQ")
    message = _base64url("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")

    assert decrypt(message, key) == b"I am the walrus"
    assert encrypt(b"I am the walrus", key, message[:16], record_size=4096) == message


def test_the_second_example_of_the_rfc_has_several_padded_records() -> None:
    key = _base64url("BO3ZVPxUlnLORbVGMpbT1Q")
    message = _base64url(
        "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA"
    )
    without_key_id = message[:20] + b"\x00" + message[23:]

    assert decrypt(without_key_id, key) == b"I am the walrus"
    with pytest.raises(DamagedError, match="encryption_damaged"):
        decrypt(message, key)


@given(content=st.binary(max_size=300), record_size=st.integers(18, 120))
def test_the_reference_library_opens_what_we_encrypt(content: bytes, record_size: int) -> None:
    assert http_ece.decrypt(encrypt(content, KEY, SALT, record_size=record_size), key=KEY) == content


@given(content=st.binary(max_size=300), record_size=st.integers(18, 120))
def test_we_open_what_the_reference_library_encrypts(content: bytes, record_size: int) -> None:
    message = http_ece.encrypt(content, salt=SALT, key=KEY, rs=record_size, keyid="")

    if content:
        assert decrypt(message, KEY) == content


@given(content=st.binary(max_size=300), padding=st.integers(0, 40))
def test_the_reference_library_opens_a_single_padded_record(content: bytes, padding: int) -> None:
    message = encrypt_one_record(content, b"\x02" + bytes(padding), KEY, SALT)

    assert http_ece.decrypt(message, key=KEY) == content
    assert decrypt(message, KEY) == content


def test_a_single_damaged_bit_anywhere_is_found() -> None:
    message = encrypt(b"some content", KEY, SALT, record_size=20)

    for position in range(8 * len(message)):
        damaged = bytearray(message)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(DamagedError):
            decrypt(damaged, KEY)


def test_a_message_cut_off_anywhere_is_refused() -> None:
    message = encrypt(b"some content", KEY, SALT, record_size=20)

    for length in range(len(message)):
        with pytest.raises(DamagedError):
            decrypt(message[:length], KEY)


def test_records_in_another_order_are_refused() -> None:
    message = encrypt(b"abcdef", KEY, SALT, record_size=20)
    header, first, second = message[:21], message[21:41], message[41:]

    assert len(first) == len(second) == 20
    with pytest.raises(DamagedError):
        decrypt(header + second + first, KEY)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(DamagedError):
        decrypt(encrypt(b"secret", KEY, SALT, record_size=4096), SALT)
