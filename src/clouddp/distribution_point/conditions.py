"""Which octets of an object a request gets, by its conditions (RFC 9110, sections 13 and 14): pure."""

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes\s*=\s*([0-9]{0,19})-([0-9]{0,19})\s*", re.IGNORECASE)
_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The status of the answer, and from where to where (exclusive) its octets are."""

    status: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditional headers of a request; None where one is absent."""

    if_match: str | None = None
    if_none_match: str | None = None
    range: str | None = None
    if_range: str | None = None


def select_octets(conditions: Conditions, *, method: str, etag: str, length: int) -> Selection:
    """Decide in the order of RFC 9110, section 13.2.2; several ranges at once are answered with the whole object."""
    if conditions.if_match is not None and not _lists(conditions.if_match, etag, weak=False):
        return Selection(status=412)
    if conditions.if_none_match is not None and _lists(conditions.if_none_match, etag, weak=True):
        return Selection(status=304)
    whole = Selection(status=200, start=0, end=length)
    if method != "GET" or conditions.range is None:  # section 14.2: Range means something with GET alone
        return whole
    if conditions.if_range is not None and conditions.if_range.strip() != etag:
        return whole
    return _select_range(conditions.range, length) or whole


def _select_range(text: str, length: int) -> Selection | None:
    match = _RANGE.fullmatch(text)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        suffix = min(int(match[2]), length)
        return Selection(status=206, start=length - suffix, end=length) if suffix else Selection(status=416)
    start = int(match[1])
    last = int(match[2]) if match[2] else length - 1
    if match[2] and last < start:
        return None  # section 14.1.1: an invalid range is ignored
    return Selection(status=206, start=start, end=min(last + 1, length)) if start < length else Selection(status=416)


def _lists(header: str, etag: str, *, weak: bool) -> bool:
    """Look for the tag in a list; a strong comparison takes no weak tag, a weak one takes both (section 8.8.3.2)."""
    if header.strip() == "*":
        return True
    listed = _TAG.findall(header)
    return etag in listed or (weak and f"W/{etag}" in listed)
