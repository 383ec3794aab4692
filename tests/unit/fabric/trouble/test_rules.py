"""A rule is read strictly: what cannot be meant is refused, and all of it told at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule, parse_rule
from clouddp.language.command_line import describe_error
from clouddp.model.errors import InvalidInputError

NEEDED: dict[TroubleKind, dict[str, Any]] = {
    TroubleKind.DELAY: {"seconds": 5},
    TroubleKind.ERROR: {"status": 503},
    TroubleKind.SLOW_STORAGE: {"seconds": 0.5},
    TroubleKind.REGION_WITHOUT_CAPACITY: {"region": "West Europe"},
}


def faults_of(document: object) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        parse_rule(document)
    return [fault.code for fault in caught.value.faults] or [caught.value.code]


def outcome_of(document: object) -> str:
    """Say what kind of rule a document is, or why it is none."""
    try:
        return str(parse_rule(document).kind)
    except InvalidInputError as error:
        return str(describe_error(error, "en")["text"])


@pytest.mark.parametrize("kind", TroubleKind)
def test_every_kind_can_be_asked_for_with_what_it_needs(kind: TroubleKind) -> None:
    rule = parse_rule({"kind": str(kind), **NEEDED.get(kind, {})})

    assert rule.kind is kind
    assert (rule.operation, rule.name, rule.subscription, rule.after, rule.times) == ("*", "*", "*", 0, None)


@pytest.mark.parametrize("kind", NEEDED)
def test_what_a_kind_needs_is_asked_for(kind: TroubleKind) -> None:
    assert faults_of({"kind": str(kind)}) == ["trouble.field_needed"]


def test_every_field_is_taken_over() -> None:
    asked: dict[str, Any] = {
        "kind": "error",
        "operation": "create-*",
        "name": "D15*",
        "subscription": "88E22772-*",
        "after": 2,
        "times": 3,
        "seconds": 1.5,
        "status": 500,
        "code": "OperationTimedOut",
        "message": "Too late.",
        "retry_after": 7,
    }

    rule = parse_rule(json.loads(json.dumps(asked)))

    assert rule == TroubleRule(**{**asked, "kind": TroubleKind.ERROR, "name": "d15*", "subscription": "88e22772-*"})


def test_a_field_that_is_null_counts_as_absent() -> None:
    assert parse_rule({"kind": "lost-answer", "times": None, "status": None}) == parse_rule({"kind": "lost-answer"})


@pytest.mark.parametrize("document", [None, [], "delay", 7, True], ids=repr)
def test_only_an_object_is_a_rule(document: object) -> None:
    assert faults_of(document) == ["trouble.not_an_object"]


@pytest.mark.parametrize("kind", [None, "", "Delay", "earthquake", 5, ["delay"]], ids=repr)
def test_an_unknown_kind_is_refused(kind: object) -> None:
    assert faults_of({"kind": kind}) == ["trouble.kind_unknown"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("operation", "", "glob_wrong"),
        ("operation", "create storage", "glob_wrong"),
        ("operation", 5, "glob_wrong"),
        ("name", "*" * 129, "glob_wrong"),
        ("name", "é*", "glob_wrong"),
        ("subscription", "a\nb", "glob_wrong"),
        ("after", -1, "whole_number_wrong"),
        ("after", 1_000_001, "whole_number_wrong"),
        ("after", 1.0, "whole_number_wrong"),
        ("times", 0, "whole_number_wrong"),
        ("times", True, "whole_number_wrong"),
        ("times", "3", "whole_number_wrong"),
        ("seconds", -0.1, "number_wrong"),
        ("seconds", 3_601, "number_wrong"),
        ("seconds", float("nan"), "number_wrong"),
        ("seconds", float("inf"), "number_wrong"),
        ("seconds", 10**400, "number_wrong"),
        ("seconds", "5", "number_wrong"),
        ("seconds", True, "number_wrong"),
        ("status", 200, "status_wrong"),
        ("status", 307, "status_wrong"),
        ("status", 499, "status_wrong"),
        ("status", "503", "status_wrong"),
        ("code", "Server Busy", "code_wrong"),
        ("code", "<Code>", "code_wrong"),
        ("code", "x" * 65, "code_wrong"),
        ("message", "", "text_wrong"),
        ("message", "x" * 513, "text_wrong"),
        ("message", "a\x00b", "text_wrong"),
        ("retry_after", 0.5, "whole_number_wrong"),
        ("retry_after", 3_601, "whole_number_wrong"),
    ],
)
def test_a_value_out_of_its_range_is_refused(field: str, value: object, code: str) -> None:
    assert faults_of({"kind": "error", "status": 503, field: value}) == [f"trouble.{code}"]


@pytest.mark.parametrize("region", ["Mars", "west europe", "", 5])
def test_a_region_that_the_cloud_does_not_have_is_refused(region: object) -> None:
    assert faults_of({"kind": "region-without-capacity", "region": region}) == ["trouble.region_unknown"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("delay", {"seconds": 1, "status": 503}),
        ("repeated-request", {"seconds": 1}),
        ("name-taken-late", {"retry_after": 1}),
        ("lost-storage", {"times": 1}),
        ("lost-storage", {"after": 1}),
        ("instance-never-ready", {"operation": "get-deployment"}),
        ("unavailable-storage", {"seconds": 1}),
        ("error", {"status": 503, "region": "West Europe"}),
    ],
)
def test_a_field_that_a_kind_does_not_have_is_refused(kind: str, fields: dict[str, object]) -> None:
    assert faults_of({"kind": kind, **fields}) == ["trouble.field_not_of_kind"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from([*TroubleRule.__dataclass_fields__, "colour"])


@given(document=st.dictionaries(FIELDS, ANYTHING, max_size=6) | ANYTHING, kind=st.sampled_from([*TroubleKind, None]))
def test_whatever_is_sent_is_a_rule_or_refused_with_words(document: Any, kind: TroubleKind | None) -> None:
    if isinstance(document, dict) and kind is not None:
        document = {**document, "kind": str(kind)}

    assert outcome_of(document)


def test_all_that_is_wrong_is_told_at_once_in_the_readers_language() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_rule({"kind": "delay", "times": 0, "colour": "red", "region": "West Europe"})

    assert [fault.code for fault in caught.value.faults] == [
        "trouble.field_unknown",
        "trouble.field_not_of_kind",
        "trouble.field_needed",
        "trouble.whole_number_wrong",
    ]
    told = describe_error(caught.value, "fr")
    assert told["faults"][0]["text"] == "Une règle n’a pas de champ colour."
