"""RFC 8188: the `aes128gcm` content encoding, with explicit keying material and an empty `keyid`."""

import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clouddp.content.format.digests import Octets
from clouddp.model.errors import DamagedError

HEADER_LENGTH = 21  # salt 16, record size 4, keyid length 1 (section 2.1)
TAG_LENGTH = 16
LAST_RECORD = 2  # the delimiter octet of section 2: without it a truncation would pass
OTHER_RECORD = 1

_SALT_LENGTH = 16
_SMALLEST_RECORD = TAG_LENGTH + 2  # section 2.1: 18 or more


def encrypt(content: Octets, key: bytes, salt: bytes, *, record_size: int) -> bytes:
    """Encrypt `content` into records of `record_size` octets, tag and delimiter included."""
    keys = derive_record_keys(key, salt)
    cipher = AESGCM(keys.key)
    per_record = record_size - TAG_LENGTH - 1
    count = max(1, -(-len(content) // per_record))
    result = bytearray(header(salt, record_size))
    view = memoryview(content)
    for number in range(count):
        delimiter = LAST_RECORD if number == count - 1 else OTHER_RECORD
        record = bytearray(view[number * per_record : (number + 1) * per_record])
        record.append(delimiter)
        result += cipher.encrypt(keys.nonce(number), bytes(record), None)
    return bytes(result)


def encrypt_one_record(content: Octets, tail: bytes, key: bytes, salt: bytes) -> bytes:
    """Encrypt `content` and its `tail` (delimiter and padding) as the only record, without joining them first."""
    keys = derive_record_keys(key, salt)
    length = len(content) + len(tail)
    result = bytearray(HEADER_LENGTH + length + TAG_LENGTH)
    view = memoryview(result)
    view[:HEADER_LENGTH] = header(salt, _only_record_size(len(result)))
    encryptor = Cipher(algorithms.AES(keys.key), modes.GCM(keys.nonce(0))).encryptor()
    encryptor.update_into(content, view[HEADER_LENGTH:])
    encryptor.update_into(tail, view[HEADER_LENGTH + len(content) :])
    encryptor.finalize()
    view[-TAG_LENGTH:] = encryptor.tag
    return bytes(result)


def decrypt_one_record(body: Octets, key: bytes) -> bytes:
    """Decrypt what `encrypt_one_record` made; its record size must be the exact one, since nothing else vouches for it.

    Raises: DamagedError when a bit is not what was written.
    """
    if bytes(body[_SALT_LENGTH:HEADER_LENGTH]) != header(b"", _only_record_size(len(body))):
        raise DamagedError("content.encryption_damaged")
    return decrypt(body, key)


def decrypt(body: Octets, key: bytes) -> bytes:
    """Decrypt all records and take their padding away.

    Raises: DamagedError when a bit, a record or the end is not what was written.
    """
    view = memoryview(body)
    record_size = _read_record_size(view)
    keys = derive_record_keys(key, bytes(view[:_SALT_LENGTH]))
    cipher = AESGCM(keys.key)
    starts = range(HEADER_LENGTH, len(view), record_size)
    if len(starts) == 1:
        return _open_record(cipher, keys.nonce(0), view[HEADER_LENGTH:], LAST_RECORD)
    content = bytearray()
    for number, start in enumerate(starts):
        delimiter = LAST_RECORD if number == len(starts) - 1 else OTHER_RECORD
        content += _open_record(cipher, keys.nonce(number), view[start : start + record_size], delimiter)
    return bytes(content)


def header(salt: bytes, record_size: int) -> bytes:
    """Make the header of section 2.1 with an empty keyid."""
    return salt + record_size.to_bytes(4, "big") + b"\x00"


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """The content encryption key and the nonce base of one message."""

    key: bytes = field(repr=False)
    nonce_base: bytes

    def nonce(self, number: int) -> bytes:
        """Make the nonce of record `number` (section 2.3)."""
        return (int.from_bytes(self.nonce_base, "big") ^ number).to_bytes(12, "big")


def derive_record_keys(key: bytes, salt: bytes) -> RecordKeys:
    """Derive key and nonce base from the input keying material (sections 2.2 and 2.3)."""
    extracted = hmac.digest(salt, key, "sha256")
    return RecordKeys(
        hmac.digest(extracted, b"Content-Encoding: aes128gcm\x00\x01", "sha256")[:16],
        hmac.digest(extracted, b"Content-Encoding: nonce\x00\x01", "sha256")[:12],
    )


def _only_record_size(body_length: int) -> int:
    return max(_SMALLEST_RECORD, body_length - HEADER_LENGTH)


def _read_record_size(view: memoryview) -> int:
    if len(view) < HEADER_LENGTH + _SMALLEST_RECORD - 1 or view[HEADER_LENGTH - 1] != 0:
        raise DamagedError("content.encryption_damaged")
    record_size = int.from_bytes(view[_SALT_LENGTH : _SALT_LENGTH + 4], "big")
    if record_size < _SMALLEST_RECORD:
        raise DamagedError("content.encryption_damaged")
    return record_size


def _open_record(cipher: AESGCM, nonce: bytes, record: memoryview, delimiter: int) -> bytes:
    try:
        plain = cipher.decrypt(nonce, record, None)
    except (InvalidTag, ValueError) as error:
        raise DamagedError("content.encryption_damaged") from error
    end = len(plain) - 1
    if plain[end] == 0:
        end = len(plain.rstrip(b"\x00")) - 1
    if end < 0 or plain[end] != delimiter:
        raise DamagedError("content.encryption_damaged")
    return plain[:end]
