"""Which trouble meets a request, and how that is counted: values in, values out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule

WAITS: Final = frozenset({TroubleKind.DELAY, TroubleKind.SLOW_STORAGE})
"""The kinds that make a request wait, and then let it go on to the next trouble or to its answer."""

_CREATIONS: Final = frozenset({"create-storage-account", "create-hosted-service"})
_OPERATIONS: Final[Mapping[TroubleKind, frozenset[str]]] = {
    TroubleKind.NAME_TAKEN_LATE: _CREATIONS,
    TroubleKind.REGION_WITHOUT_CAPACITY: frozenset({"create-storage-account", "create-deployment"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A rule in force, and what it has counted: the requests it let through, and those it struck."""

    id: str
    number: int  # the older of two rules is asked first
    rule: TroubleRule
    added_at: datetime
    passed: int = 0
    struck: int = 0

    @property
    def is_spent(self) -> bool:
        """Say whether it strikes no more."""
        return self.rule.times is not None and self.struck >= self.rule.times

    @property
    def is_due(self) -> bool:
        """Say whether it strikes the next request that it meets."""
        return not self.is_spent and self.passed >= self.rule.after

    @property
    def is_counted(self) -> bool:
        """Say whether its counts decide anything, so that they must outlive a crash."""
        return self.rule.times is not None or self.passed < self.rule.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a rule sees of a request: the operation, and what it is about; an empty text where there is none."""

    operation: str
    name: str
    subscription_id: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What strikes a request: all waits that are due, and one blow at most. `moved` holds counts before and after."""

    waits: tuple[Trouble, ...] = ()
    blow: Trouble | None = None
    moved: tuple[tuple[Trouble, Trouble], ...] = ()


def decide(troubles: Sequence[Trouble], kinds: Collection[TroubleKind], visit: Visit) -> Decision:
    """Find what strikes a request: every wait, until the oldest blow; what is younger does not even see the request."""
    waits: list[Trouble] = []
    moved: list[tuple[Trouble, Trouble]] = []
    for trouble in sorted(troubles, key=lambda trouble: trouble.number):
        if trouble.rule.kind not in kinds or trouble.is_spent or not meets(trouble.rule, visit):
            continue
        if not trouble.is_due:
            moved.append((trouble, replace(trouble, passed=trouble.passed + 1)))
            continue
        struck = replace(trouble, struck=trouble.struck + 1)
        moved.append((trouble, struck))
        if trouble.rule.kind not in WAITS:
            return Decision(tuple(waits), struck, tuple(moved))
        waits.append(struck)
    return Decision(tuple(waits), None, tuple(moved))


def meets(rule: TroubleRule, visit: Visit) -> bool:
    """Say whether a rule is about a request; names are compared without regard to case."""
    if rule.kind is TroubleKind.DISABLED_SUBSCRIPTION and visit.operation == "get-subscription":
        return False  # it is answered, and says Disabled
    return (
        visit.operation in _OPERATIONS.get(rule.kind, {visit.operation})
        and (rule.region is None or rule.region == visit.region)
        and fnmatchcase(visit.operation, rule.operation)
        and fnmatchcase(visit.name.lower(), rule.name)
        and fnmatchcase(visit.subscription_id.lower(), rule.subscription)
    )
