"""Tests of the claims of a scope."""

import json

import pytest

from clouddp.content.format.scope import parse_scope, scope_claims
from clouddp.model.errors import DamagedError
from clouddp.model.exchange import Scope

SCOPE = Scope(service_id="service", version_id="version", lengths={"b" * 32: 2, "a" * 32: 1})


def test_claims_survive_json_and_are_read_as_they_were_written() -> None:
    assert parse_scope(json.loads(json.dumps(scope_claims(SCOPE)))) == SCOPE


def test_names_are_in_order() -> None:
    assert scope_claims(SCOPE)["objects"] == [["a" * 32, 1], ["b" * 32, 2]]


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"format": 2},
        {"service": 1},
        {"version": None},
        {"objects": {"a" * 32: 1}},
        {"objects": [["a" * 32]]},
        {"objects": [["../state/service", 1]]},
        {"objects": [["a" * 32, -1]]},
        {"objects": [["a" * 32, True]]},
        {"objects": [["b" * 32, 1], ["a" * 32, 1]]},
        {"objects": [["a" * 32, 1], ["a" * 32, 2]]},
    ],
)
def test_other_claims_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(DamagedError, match="scope_not_valid"):
        parse_scope(scope_claims(SCOPE) | change)


def test_missing_claims_are_refused() -> None:
    with pytest.raises(DamagedError, match="scope_not_valid"):
        parse_scope({})
