"""The key file by which an organisation signs updates of its zone."""

import base64
import binascii
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from clouddp.disk.whole_files import write_whole
from clouddp.model.errors import InvalidInputError

_ALGORITHM: Final = "hmac-sha256"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateKey:
    """A TSIG key."""

    name: str
    algorithm: str
    secret_base64: str


def open_update_key(path: Path, zone: str) -> UpdateKey:
    """Read the key of a zone from its file; a missing file is made with a new key.

    Raises:
        InvalidInputError: the file holds no key.

    """
    if not path.exists():
        secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        made = UpdateKey(name=f"clouddp.{zone}", algorithm=_ALGORITHM, secret_base64=secret)
        write_whole(path, json.dumps(asdict(made)).encode())
    try:
        return _read(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise InvalidInputError("fabric.zone_key_damaged", path=path) from error


def _read(values: Any) -> UpdateKey:
    key = UpdateKey(**values)
    if not all(isinstance(value, str) and value for value in asdict(key).values()) or key.algorithm != _ALGORITHM:
        raise ValueError(key.name)
    base64.b64decode(key.secret_base64, validate=True)
    return key
