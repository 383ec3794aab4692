"""Secrets that open only where they belong."""

import os
from pathlib import Path

import pytest

from clouddp.model.errors import DamagedError, InvalidInputError
from clouddp.site_server.database.sealing import Sealer, open_wrapping_key

PLACE = {"table": "t", "row": "1", "column": "c"}


def test_a_sealed_secret_opens_in_its_own_place() -> None:
    sealer = Sealer(os.urandom(32))

    assert sealer.open(sealer.seal(b"secret", **PLACE), **PLACE) == b"secret"


@pytest.mark.parametrize("other", [{"table": "u"}, {"row": "2"}, {"column": "d"}])
def test_a_secret_moved_to_another_place_does_not_open(other: dict[str, str]) -> None:
    sealer = Sealer(os.urandom(32))
    sealed = sealer.seal(b"secret", **PLACE)

    with pytest.raises(DamagedError):
        sealer.open(sealed, **{**PLACE, **other})


def test_two_sealings_of_one_secret_differ() -> None:
    sealer = Sealer(os.urandom(32))

    assert sealer.seal(b"secret", **PLACE) != sealer.seal(b"secret", **PLACE)


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_a_changed_byte_is_found(position: int) -> None:
    sealer = Sealer(os.urandom(32))
    sealed = bytearray(sealer.seal(b"secret", **PLACE))
    sealed[position] ^= 1

    with pytest.raises(DamagedError):
        sealer.open(bytes(sealed), **PLACE)


def test_a_truncated_secret_is_damaged() -> None:
    with pytest.raises(DamagedError):
        Sealer(os.urandom(32)).open(b"\x01short", **PLACE)


def test_a_key_is_made_private_and_found_again(tmp_path: Path) -> None:
    sealed = open_wrapping_key(tmp_path / "keys", "site").seal(b"secret", **PLACE)

    assert open_wrapping_key(tmp_path / "keys", "site").open(sealed, **PLACE) == b"secret"
    assert (tmp_path / "keys" / "site.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["keys", "keys/site.key"])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    open_wrapping_key(tmp_path / "keys", "site")
    (tmp_path / name).chmod(0o755)

    with pytest.raises(InvalidInputError, match="readable_by_others"):
        open_wrapping_key(tmp_path / "keys", "site")


def test_a_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    open_wrapping_key(tmp_path / "keys", "site")
    (tmp_path / "keys" / "site.key").write_bytes(b"short")

    with pytest.raises(InvalidInputError, match="key_unusable"):
        open_wrapping_key(tmp_path / "keys", "site")
