"""The envelope of a .pfx file (PKCS #12, RFC 7292), looked at to tell a broken file from a wrong password.

The library says the same `ValueError` for both. Whoever holds the file needs to know which, so its outermost
elements are read here first: what is cut short or is no .pfx at all is found without any password.
"""

from dataclasses import dataclass

from clouddp.model.errors import InvalidInputError

_SEQUENCE = 0x30
_INTEGER = 0x02
_PFX_VERSION = b"\x03"
_INDEFINITE = 0x80  # BER, as some old exporters write; the end is marked instead of the length being given


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of DER: its tag, where its content starts, and where it ends."""

    tag: int
    start: int
    end: int


def check_envelope(data: bytes, *, name: str) -> None:
    """Make sure that data is a whole .pfx file as far as can be seen without its password.

    Raises:
        InvalidInputError: it is a certificate without private key, or no .pfx, or not all of it.

    """
    if data.lstrip().startswith(b"-----BEGIN"):
        code = "certificate.pem_not_pfx" if b"PRIVATE KEY-----" in data else "certificate.without_key"
        raise InvalidInputError(code, name=name)
    outer = _element_at(data, 0)
    if outer is None or outer.tag != _SEQUENCE:
        raise InvalidInputError("certificate.pfx_unreadable", name=name)
    if outer.end > len(data):
        raise InvalidInputError("certificate.pfx_cut_short", name=name, expected=outer.end, found=len(data))
    first = _element_at(data, outer.start)
    if first is not None and first.tag == _SEQUENCE:  # a certificate starts with a sequence, a .pfx with its version
        raise InvalidInputError("certificate.without_key", name=name)
    if first is None or first.tag != _INTEGER or data[first.start : first.end] != _PFX_VERSION:
        raise InvalidInputError("certificate.pfx_unreadable", name=name)


def _element_at(data: bytes, position: int) -> _Element | None:
    """Read tag and length at position; None where there is no element."""
    if position + 2 > len(data):
        return None
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length == _INDEFINITE:
        return _Element(tag, start, len(data))
    if length < _INDEFINITE:
        return _Element(tag, start, start + length)
    count = length - _INDEFINITE
    if count > 4 or start + count > len(data):
        return None
    return _Element(tag, start + count, start + count + int.from_bytes(data[start : start + count]))
