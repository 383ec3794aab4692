from typing import Any

import pytest

from clouddp.admin.commands.cloud_dp_reconcile import choose
from clouddp.model.errors import InvalidInputError

COUNT = "abc.deployment.other-count"
GONE = "def.cloud-service.missing"
ORPHAN = "ghi.hosted-service.orphaned"
FINDINGS: list[dict[str, Any]] = [
    {"id": COUNT, "remedies": ["adopt", "repair"]},
    {"id": GONE, "remedies": ["repair", "remove"]},
    {"id": ORPHAN, "remedies": ["remove"]},
    {"id": "jkl.hosted-service.foreign", "remedies": []},
]


def test_all_is_every_finding_that_offers_the_remedy() -> None:
    assert choose(FINDINGS, {"repair": ["all"]}) == {COUNT: "repair", GONE: "repair"}


def test_a_named_finding_comes_before_all() -> None:
    chosen = choose(FINDINGS, {"adopt": [COUNT], "repair": ["all"], "remove": [ORPHAN]})

    assert chosen == {COUNT: "adopt", GONE: "repair", ORPHAN: "remove"}


def test_two_remedies_for_one_finding_are_refused_however_they_meet() -> None:
    with pytest.raises(InvalidInputError) as by_all:
        choose(FINDINGS, {"repair": ["all"], "remove": ["all"]})
    with pytest.raises(InvalidInputError):
        choose(FINDINGS, {"adopt": [COUNT], "repair": [COUNT]})

    assert [fault.arguments["id"] for fault in by_all.value.faults] == [GONE]


def test_a_finding_that_the_preview_does_not_have_is_left_to_the_site_to_refuse() -> None:
    assert choose(FINDINGS, {"repair": ["mistyped"]}) == {"mistyped": "repair"}
