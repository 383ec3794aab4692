"""Which trouble meets a request, in which order, and how often."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from clouddp.fabric.trouble.decision import Decision, Trouble, Visit, decide, meets
from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
VISIT = Visit(operation="create-storage-account", name="d1594d45", subscription_id="88e2", region="West Europe")
KINDS = frozenset(TroubleKind)


def trouble(number: int = 1, kind: TroubleKind = TroubleKind.ERROR, **fields: object) -> Trouble:
    rule = TroubleRule(kind=kind, **fields)  # type: ignore[arg-type]  # each test gives what the field takes
    return Trouble(id=f"t{number}", number=number, rule=rule, added_at=NOON)


def visit_often(troubles: list[Trouble], count: int) -> list[Decision]:
    """Decide on requests one after another, as their counts move on."""
    decisions = []
    for _ in range(count):
        decision = decide(troubles, KINDS, VISIT)
        moved = {after.id: after for _, after in decision.moved}
        troubles = [moved.get(each.id, each) for each in troubles]
        decisions.append(decision)
    return decisions


def blows(decisions: list[Decision]) -> list[str]:
    return ["-" if decision.blow is None else decision.blow.id for decision in decisions]


def test_a_rule_without_counts_strikes_every_request() -> None:
    assert blows(visit_often([trouble()], 3)) == ["t1", "t1", "t1"]


def test_a_rule_lets_requests_through_first_and_is_spent_at_last() -> None:
    assert blows(visit_often([trouble(after=2, times=2)], 6)) == ["-", "-", "t1", "t1", "-", "-"]


def test_the_older_rule_strikes_until_it_is_spent_then_the_younger() -> None:
    rules = [trouble(2, TroubleKind.LOST_ANSWER, times=1), trouble(1, times=2)]

    assert blows(visit_often(rules, 4)) == ["t1", "t1", "t2", "-"]


def test_a_younger_rule_does_not_count_what_an_older_one_strikes() -> None:
    assert blows(visit_often([trouble(1, times=2), trouble(2, after=1, times=1)], 5)) == ["t1", "t1", "-", "t2", "-"]


def test_waits_add_up_and_leave_room_for_one_blow() -> None:
    delays = [trouble(1, TroubleKind.DELAY, seconds=1.0), trouble(2, TroubleKind.DELAY, seconds=2.0)]

    decision = decide([*delays, trouble(3), trouble(4)], KINDS, VISIT)

    assert [wait.id for wait in decision.waits] == ["t1", "t2"]
    assert decision.blow is not None
    assert decision.blow.id == "t3"
    assert [after.struck for _, after in decision.moved] == [1, 1, 1]


def test_a_request_of_another_kind_of_service_is_left_alone() -> None:
    assert decide([trouble(kind=TroubleKind.UNAVAILABLE_STORAGE)], {TroubleKind.ERROR}, VISIT) == Decision()


def test_patterns_choose_operation_name_and_subscription_without_regard_to_case() -> None:
    upper = replace(VISIT, name="D1594D45", subscription_id="88E2")

    assert meets(TroubleRule(kind=TroubleKind.ERROR, operation="create-*", name="d15*", subscription="88??"), upper)
    assert not meets(TroubleRule(kind=TroubleKind.ERROR, operation="get-*"), VISIT)
    assert not meets(TroubleRule(kind=TroubleKind.ERROR, name="e*"), VISIT)
    assert not meets(TroubleRule(kind=TroubleKind.ERROR, subscription="99*"), VISIT)


def test_a_pattern_of_many_stars_is_answered_at_once() -> None:
    hostile = "*a" * 60 + "b"

    assert not meets(TroubleRule(kind=TroubleKind.ERROR, name=hostile), replace(VISIT, name="a" * 120))


def test_a_region_without_capacity_meets_only_what_is_to_be_placed_there() -> None:
    rule = TroubleRule(kind=TroubleKind.REGION_WITHOUT_CAPACITY, region="West Europe")

    assert meets(rule, VISIT)
    assert meets(rule, replace(VISIT, operation="create-deployment"))
    assert not meets(rule, replace(VISIT, region="East US"))
    assert not meets(rule, replace(VISIT, operation="create-hosted-service"))


def test_a_name_is_taken_late_only_where_it_is_to_be_given() -> None:
    rule = TroubleRule(kind=TroubleKind.NAME_TAKEN_LATE)

    assert meets(rule, VISIT)
    assert meets(rule, replace(VISIT, operation="create-hosted-service"))
    assert not meets(rule, replace(VISIT, operation="check-storage-account-name"))
    assert not meets(rule, replace(VISIT, operation="create-deployment"))


def test_a_disabled_subscription_still_says_so() -> None:
    rule = TroubleRule(kind=TroubleKind.DISABLED_SUBSCRIPTION)

    assert not meets(rule, replace(VISIT, operation="get-subscription"))
    assert meets(rule, replace(VISIT, operation="list-locations"))


@given(after=st.integers(0, 6), times=st.integers(1, 6), visits=st.integers(0, 20))
def test_whatever_the_counts_a_rule_strikes_no_more_than_its_times_and_never_too_early(
    after: int, times: int, visits: int
) -> None:
    struck = blows(visit_often([trouble(after=after, times=times)], visits))

    assert struck == (["-"] * after + ["t1"] * times + ["-"] * 20)[:visits]
