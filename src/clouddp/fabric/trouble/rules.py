"""One rule of trouble: what is to go wrong, for which requests, how often; read once, and strictly, from JSON."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from clouddp.fabric.locations import LOCATIONS
from clouddp.model.errors import InvalidInputError, SiteError

SECONDS_LIMIT: Final = 3_600
COUNT_LIMIT: Final = 1_000_000
TEXT_LIMIT: Final = 512

_GLOB: Final = re.compile(r"[!-~]{1,128}")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}")
_ERROR_STATUSES: Final = frozenset(status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST)


class TroubleKind(StrEnum):
    """What goes wrong; docs/fabric.md has an example of each."""

    DELAY = "delay"
    ERROR = "error"
    FAILED_OPERATION = "failed-operation"
    LOST_ANSWER = "lost-answer"
    LOST_REQUEST = "lost-request"
    REPEATED_REQUEST = "repeated-request"
    SLOW_STORAGE = "slow-storage"
    UNAVAILABLE_STORAGE = "unavailable-storage"
    LOST_STORAGE = "lost-storage"
    REGION_WITHOUT_CAPACITY = "region-without-capacity"
    NAME_TAKEN_LATE = "name-taken-late"
    DISABLED_SUBSCRIPTION = "disabled-subscription"
    INSTANCE_NEVER_READY = "instance-never-ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRule:
    """What was asked for. `operation`, `name` and `subscription` are globs; None where a kind has no such field."""

    kind: TroubleKind
    operation: str = "*"
    name: str = "*"
    subscription: str = "*"
    after: int = 0  # matching requests that are let through first
    times: int | None = None  # how often it strikes; None = until it is removed
    seconds: float | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None
    retry_after: int | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class _Fields:
    """Which fields a kind needs, and which more it may have, beside `kind`, `name` and `subscription`."""

    needed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


_COUNTED: Final = frozenset({"operation", "after", "times"})
_KINDS: Final[Mapping[TroubleKind, _Fields]] = {
    TroubleKind.DELAY: _Fields(frozenset({"seconds"}), _COUNTED),
    TroubleKind.ERROR: _Fields(
        frozenset({"status"}), _COUNTED | frozenset({"code", "message", "retry_after", "seconds"})
    ),
    TroubleKind.FAILED_OPERATION: _Fields(allowed=_COUNTED | frozenset({"status", "code", "message", "seconds"})),
    TroubleKind.LOST_ANSWER: _Fields(allowed=_COUNTED | frozenset({"seconds"})),
    TroubleKind.LOST_REQUEST: _Fields(allowed=_COUNTED | frozenset({"seconds"})),
    TroubleKind.REPEATED_REQUEST: _Fields(allowed=_COUNTED),
    TroubleKind.SLOW_STORAGE: _Fields(frozenset({"seconds"}), _COUNTED),
    TroubleKind.UNAVAILABLE_STORAGE: _Fields(allowed=_COUNTED | frozenset({"retry_after"})),
    TroubleKind.LOST_STORAGE: _Fields(),
    TroubleKind.REGION_WITHOUT_CAPACITY: _Fields(frozenset({"region"}), _COUNTED),
    TroubleKind.NAME_TAKEN_LATE: _Fields(allowed=_COUNTED),
    TroubleKind.DISABLED_SUBSCRIPTION: _Fields(allowed=_COUNTED),
    TroubleKind.INSTANCE_NEVER_READY: _Fields(),
}


def parse_rule(document: object) -> TroubleRule:
    """Read a rule; a field that is null counts as absent.

    Raises:
        InvalidInputError: it cannot be used; its faults say all that is wrong.

    """
    if not isinstance(document, dict):
        raise InvalidInputError("trouble.not_an_object")
    given: dict[str, object] = {str(field): value for field, value in document.items() if value is not None}
    kind = _read_kind(given.pop("kind", ""))
    faults = _field_faults(kind, given)
    values: dict[str, Any] = {}
    for field in sorted(given.keys() & _READERS.keys()):
        try:
            values[field] = _READERS[field](field, given[field])
        except InvalidInputError as error:
            faults.append(error)
    if faults:
        raise InvalidInputError("trouble.rule_invalid", kind=kind, faults=tuple(faults))
    return TroubleRule(kind=kind, **values)


def _read_kind(value: object) -> TroubleKind:
    try:
        return TroubleKind(str(value))
    except ValueError as error:
        raise InvalidInputError("trouble.kind_unknown", kind=value, kinds=", ".join(TroubleKind)) from error


def _field_faults(kind: TroubleKind, given: Mapping[str, object]) -> list[SiteError]:
    fields = _KINDS[kind]
    faults: list[SiteError] = []
    for field in sorted(given):
        if field not in _READERS:
            faults.append(InvalidInputError("trouble.field_unknown", field=field, fields=", ".join(sorted(_READERS))))
        elif field not in fields.needed | fields.allowed | {"name", "subscription"}:
            faults.append(InvalidInputError("trouble.field_not_of_kind", field=field, kind=kind))
    missing = sorted(fields.needed - given.keys())
    return faults + [InvalidInputError("trouble.field_needed", field=field, kind=kind) for field in missing]


def _read_glob(field: str, value: object) -> str:
    if not isinstance(value, str) or not _GLOB.fullmatch(value):
        raise InvalidInputError("trouble.glob_wrong", field=field)
    return value.lower()


def _read_whole_number(lowest: int, highest: int) -> Callable[[str, object], int]:
    def read(field: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise InvalidInputError("trouble.whole_number_wrong", field=field, lowest=lowest, highest=highest)
        return value

    return read


def _read_seconds(field: str, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(seconds := float(str(value))) or not 0 <= seconds <= SECONDS_LIMIT:
        raise InvalidInputError("trouble.number_wrong", field=field, lowest=0, highest=SECONDS_LIMIT)
    return seconds


def _read_status(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _ERROR_STATUSES:
        raise InvalidInputError("trouble.status_wrong", field=field)
    return value


def _read_code(field: str, value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise InvalidInputError("trouble.code_wrong", field=field)
    return value


def _read_text(field: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_LIMIT or not value.isprintable():
        raise InvalidInputError("trouble.text_wrong", field=field, limit=TEXT_LIMIT)
    return value


def _read_region(_field: str, value: object) -> str:
    names = [location.name for location in LOCATIONS]
    if value not in names:
        raise InvalidInputError("trouble.region_unknown", region=value, regions=", ".join(names))
    return str(value)


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "operation": _read_glob,
    "name": _read_glob,
    "subscription": _read_glob,
    "after": _read_whole_number(0, COUNT_LIMIT),
    "times": _read_whole_number(1, COUNT_LIMIT),
    "seconds": _read_seconds,
    "status": _read_status,
    "code": _read_code,
    "message": _read_text,
    "retry_after": _read_whole_number(0, SECONDS_LIMIT),
    "region": _read_region,
}
