"""Secrets at rest: AES-256-GCM under a wrapping key that lives in a file of its own."""

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clouddp.disk.whole_files import write_whole
from clouddp.model.errors import DamagedError, InvalidInputError

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class Sealer:
    """Seals values so that each opens only in the table, row and column it was sealed for.

    A sealed value is version (1 byte), nonce (12 bytes), ciphertext and tag (NIST SP 800-38D).
    """

    def __init__(self, wrapping_key: bytes, *, version: int = 1) -> None:
        self._cipher = AESGCM(wrapping_key)
        self._version = version

    def seal(self, plain: bytes, *, table: str, row: str, column: str) -> bytes:
        """Encrypt `plain` for one place."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plain, self._place(table, row, column))
        return bytes([self._version]) + nonce + sealed

    def open(self, sealed: bytes, *, table: str, row: str, column: str) -> bytes:
        """Decrypt what was sealed for this place.

        Raises:
            DamagedError: it was sealed with another key, for another place, or was changed.
        """
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        place = self._place(table, row, column)
        if sealed[:1] != bytes([self._version]):
            raise DamagedError("database.secret_damaged", table=table, column=column)
        try:
            return self._cipher.decrypt(nonce, body, place)
        except (InvalidTag, ValueError) as error:
            raise DamagedError("database.secret_damaged", table=table, column=column) from error

    def _place(self, table: str, row: str, column: str) -> bytes:
        return "\x00".join((table, row, column, str(self._version))).encode()


def open_wrapping_key(folder: Path, name: str) -> Sealer:
    """Read the wrapping key `name`, making it when the folder has none.

    Raises:
        InvalidInputError: the folder or the key can be read by others, or the key is not one.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.key"
    if not path.exists():
        write_whole(path, os.urandom(_KEY_BYTES))
    check_private(folder)
    check_private(path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise InvalidInputError("database.key_unusable", path=path)
    return Sealer(key)


def check_private(path: Path) -> None:
    """Refuse to work with secrets that others on this machine can reach.

    Raises:
        InvalidInputError: they can.
    """
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InvalidInputError("database.key_readable_by_others", path=path)
