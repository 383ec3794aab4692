"""What each step does when nothing goes wrong: seen in plain runs, kept as data, held against every new plain run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.fault_matrix.operations import Operation

FILE = Path(__file__).with_name("plain_runs.json")
BLOB = "blob:"
CHANGING = ("create-", "add-", "change-", "upgrade-", "update-", "delete-", "regenerate-")
CHANGING_BLOBS = ("put-", "delete-", "post-")
PIECES = ("storage_account", "container", "hosted_service", "service_certificate", "deployment")


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """What a step asked of the cloud, which pieces there were before it, how often it wrote to the site database."""

    requests: tuple[str, ...] = ("*",)
    pieces: tuple[str, ...] = PIECES
    writes: int = 3

    @property
    def targets(self) -> tuple[str, ...]:
        """Name the requests that are worth striking: those that change something, or else the first that asks."""
        changing = tuple(request for request in self.requests if is_changing(request))
        return changing or self.requests[:1]


UNKNOWN = StepFacts()
"""What is believed of a step that no plain run has seen: it is in the matrix at once, under every fault."""


def is_changing(request: str) -> bool:
    if request.startswith(BLOB):
        return request.removeprefix(BLOB).startswith(CHANGING_BLOBS)
    return request.startswith(CHANGING)


def facts_of(operation: Operation, step: str) -> StepFacts:
    return known().get(operation.name, {}).get(step, UNKNOWN)


@cache
def known() -> Mapping[str, Mapping[str, StepFacts]]:
    """Read what was kept."""
    if not FILE.exists():
        return {}
    read = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: {step: _facts(found) for step, found in steps.items()} for name, steps in read.items()}


def _facts(found: Mapping[str, Any]) -> StepFacts:
    return StepFacts(requests=tuple(found["requests"]), pieces=tuple(found["pieces"]), writes=int(found["writes"]))


def save(seen: Mapping[str, Mapping[str, StepFacts]]) -> None:
    document = {name: {step: asdict(facts) for step, facts in steps.items()} for name, steps in seen.items()}
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
