"""What an administrator of the fabric may do about trouble, and how a trouble is told."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from clouddp.fabric.trouble.decision import Trouble
from clouddp.fabric.trouble.rules import TroubleKind, parse_rule
from clouddp.fabric.trouble.storage_loss import StorageLoss
from clouddp.fabric.trouble.troubles import Troubles

MEETS: Final = ("operation", "name", "subscription", "region")
DOES: Final = ("after", "times", "seconds", "status", "code", "message", "retry_after")


class TroubleAdministration:
    """Lists, adds and removes troubles."""

    def __init__(self, troubles: Troubles, storage_loss: StorageLoss) -> None:
        self._troubles = troubles
        self._storage_loss = storage_loss

    def list(self) -> list[dict[str, Any]]:
        """Tell every trouble, the oldest first."""
        return [describe_trouble(trouble) for trouble in self._troubles.all()]

    def add(self, document: object) -> dict[str, Any]:
        """Put what a JSON document asks for in force.

        Raises:
            InvalidInputError: it cannot be used.
            ConflictError: there are as many troubles as there may be.
            NotFoundError: storage is to be lost that there is not.

        """
        rule = parse_rule(document)
        is_loss = rule.kind is TroubleKind.LOST_STORAGE
        return describe_trouble(self._storage_loss.add(rule) if is_loss else self._troubles.add(rule))

    def remove(self, trouble_id: str) -> None:
        """Take one away.

        Raises:
            NotFoundError: there is none.

        """
        self._troubles.remove(trouble_id)

    def clear(self) -> None:
        """Take all away."""
        self._troubles.clear()


def describe_trouble(trouble: Trouble) -> dict[str, Any]:
    """Tell a trouble as JSON: its id, the fields of its rule, and what it has counted."""
    return {
        "id": trouble.id,
        **asdict(trouble.rule),
        "passed": trouble.passed,
        "struck": trouble.struck,
        "is_spent": trouble.is_spent,
        "added_at": trouble.added_at.isoformat(),
    }


def tell_fields(trouble: Mapping[str, Any], names: Sequence[str]) -> str:
    """Tell the fields of a trouble that say something, as the command's options do."""
    found = ((name, trouble[name]) for name in names if trouble[name] not in (None, "*", 0))
    return " ".join(f"{name.replace('_', '-')}={value}" for name, value in found)
