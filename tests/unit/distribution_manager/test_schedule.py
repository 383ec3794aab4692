"""Tests of which transfers run, which pause and which wait."""

from dataclasses import replace
from datetime import timedelta

from clouddp.distribution_manager.ports import Transfer
from clouddp.distribution_manager.schedule import SLOTS, TURN, Decision, Reason, Running, decide
from clouddp.model.bandwidth import Opening, Priority
from tests.unit.distribution_manager.distribution_bench import NOON
from tests.unit.distribution_manager.test_plan import TRANSFER

LATER = NOON + TURN


def _transfer(package: str, place: str = "cdp1", priority: Priority = Priority.MEDIUM, **more: bool) -> Transfer:
    version = replace(TRANSFER.version, id=f"version of {package}", package_id=package)
    distribution = replace(TRANSFER.distribution, version_id=version.id, distribution_point_id=place)
    return replace(TRANSFER, version=version, distribution=distribution, priority=priority, **more)


def _running(*transfers: Transfer, is_pausing: bool = False) -> list[Running]:
    return [
        Running(transfer=transfer, started_at=NOON + timedelta(seconds=second), is_pausing=is_pausing)
        for second, transfer in enumerate(transfers)
    ]


def _decide(due: list[Transfer], running: list[Running], opening: Opening = Opening.ALL) -> Decision:
    return decide(due, running, opening, served_at={}, now=NOON + timedelta(seconds=30))


LOW = [_transfer(f"low {number}", f"cdp{number}", Priority.LOW) for number in range(SLOTS)]
MEDIUM = [_transfer(f"medium {number}", f"cdp{number}") for number in range(SLOTS + 1)]
HIGH = _transfer("high", "cdp9", Priority.HIGH)


def test_the_most_urgent_ones_fill_the_slots() -> None:
    decision = _decide([*LOW, *MEDIUM[:2], HIGH], [])

    assert decision.start == [HIGH, *MEDIUM[:2]]
    assert decision.pause == {}
    assert decision.hold == {transfer.id: Reason.PRIORITY for transfer in LOW}


def test_a_more_urgent_one_makes_the_newest_of_the_least_urgent_pause() -> None:
    running = _running(LOW[0], MEDIUM[1], LOW[2])

    decision = _decide([HIGH], running)

    assert decision.start == []
    assert decision.pause == {LOW[2].id: Reason.PRIORITY}


def test_a_slot_that_is_being_freed_is_not_freed_twice() -> None:
    running = [*_running(LOW[0], LOW[1]), *_running(LOW[2], is_pausing=True)]

    assert _decide([HIGH], running).pause == {}


def test_nothing_pauses_for_an_equal_before_its_turn_is_over() -> None:
    assert _decide([MEDIUM[3]], _running(*MEDIUM[:3])).pause == {}

    decision = decide([MEDIUM[3]], _running(*MEDIUM[:3]), Opening.ALL, served_at={}, now=LATER)
    assert decision.pause == {MEDIUM[0].id: Reason.TURN}
    assert decision.hold == {MEDIUM[3].id: Reason.TURN}


def test_nothing_pauses_for_a_less_urgent_one() -> None:
    decision = decide([LOW[0]], _running(*MEDIUM[:3]), Opening.ALL, served_at={}, now=LATER + TURN)

    assert decision.pause == {}
    assert decision.hold == {LOW[0].id: Reason.PRIORITY}


def test_who_ran_last_waits_longest() -> None:
    due, running = MEDIUM[:2], _running(*MEDIUM[2:])

    decision = decide(due, running, Opening.ALL, served_at={due[0].id: NOON}, now=LATER)

    assert decision.start == [due[1]]


def test_distribution_points_take_turns_then_packages() -> None:
    many = [_transfer(f"package {number}", "busy") for number in range(5)]
    other = _transfer("package 9", "idle")
    assert other in _decide([*many, other], _running(_transfer("running", "busy"))).start

    everywhere = [_transfer("everywhere", f"cdp{number}") for number in range(5)]
    second = _transfer("second", "cdp8")
    assert second in _decide([*everywhere, second], []).start


def test_a_version_goes_to_one_place_until_its_manifest_is_made() -> None:
    new = [_transfer("new", f"cdp{number}", is_published=False) for number in range(3)]

    assert _decide(new, []).start == new[:1]
    assert _decide([replace(one, is_published=True) for one in new], []).start != new[:1]


def test_hours_pause_what_they_do_not_admit_and_let_the_rest_run() -> None:
    decision = _decide([MEDIUM[3], HIGH], _running(LOW[0], MEDIUM[1]), Opening.HIGH)

    assert decision.start == [HIGH]
    assert decision.pause == {LOW[0].id: Reason.HOURS, MEDIUM[1].id: Reason.HOURS}
    assert decision.hold == {MEDIUM[3].id: Reason.HOURS}
