"""What is kept of trouble, and how requests are held."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.state import open_state
from clouddp.fabric.trouble.connection_cut import ConnectionCutError
from clouddp.fabric.trouble.decision import Trouble, Visit
from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule, parse_rule
from clouddp.fabric.trouble.troubles import HELD_LIMIT, TROUBLE_LIMIT, Troubles
from clouddp.model.errors import ConflictError, DamagedError, NotFoundError
from clouddp.telemetry.logs import ComponentLog
from tests.unit.fabric.builders import wait_until

ERROR = frozenset({TroubleKind.ERROR})
VISIT = Visit(operation="list-locations", name="", subscription_id="88e2")


def open_troubles(folder: Path) -> Troubles:
    return Troubles(open_state(folder), ComponentLog(folder / "fabric.log", "FABRIC"), now=lambda: datetime.now(UTC))


def strike(troubles: Troubles) -> bool:
    return troubles.strike(ERROR, VISIT).blow is not None


def held(troubles: Troubles, trouble: Trouble, count: int = 1) -> tuple[list[threading.Thread], list[str]]:
    """Hold requests in threads, and say how each ends."""
    ends: list[str] = []

    def hold() -> None:
        try:
            troubles.hold(trouble)
        except (ConnectionCutError, ProtocolError) as error:
            ends.append(type(error).__name__)
        else:
            ends.append("goes on")

    threads = [threading.Thread(target=hold) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, ends


def test_rules_and_counts_are_those_of_the_process_before(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    added = troubles.add(parse_rule({"kind": "error", "status": 503, "after": 1, "times": 1}))
    assert [strike(troubles), strike(troubles)] == [False, True]

    again = open_troubles(tmp_path)

    (found,) = again.all()
    assert (found.id, found.rule, found.passed, found.struck) == (added.id, added.rule, 1, 1)
    assert not strike(again)


def test_a_count_is_on_disk_before_the_strike(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    troubles.add(parse_rule({"kind": "error", "status": 503, "times": 1}))

    assert strike(troubles)

    assert open_troubles(tmp_path).all()[0].is_spent


def test_a_rule_without_counts_costs_no_writing_on_disk(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    troubles.add(parse_rule({"kind": "error", "status": 503}))
    (document,) = (tmp_path / "documents" / "troubles").iterdir()
    written = document.stat().st_mtime_ns

    assert all(strike(troubles) for _ in range(5))

    assert document.stat().st_mtime_ns == written
    assert troubles.all()[0].struck == 5


def test_threads_share_the_strikes_of_a_rule(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    troubles.add(parse_rule({"kind": "error", "status": 503, "after": 5, "times": 7}))
    struck: list[bool] = []
    threads = [threading.Thread(target=lambda: struck.append(strike(troubles))) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert struck.count(True) == 7


def test_what_is_removed_strikes_no_more_and_cannot_be_removed_again(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    added = troubles.add(parse_rule({"kind": "error", "status": 503}))

    troubles.remove(added.id)

    assert not strike(troubles)
    assert open_troubles(tmp_path).all() == []
    with pytest.raises(NotFoundError):
        troubles.remove(added.id)


def test_there_is_a_limit_to_trouble(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    for _ in range(TROUBLE_LIMIT):
        troubles.add(parse_rule({"kind": "lost-answer"}))

    with pytest.raises(ConflictError):
        troubles.add(parse_rule({"kind": "lost-answer"}))

    assert len(open_troubles(tmp_path).all()) == TROUBLE_LIMIT


def test_what_is_spent_makes_room_for_new_trouble(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    spent = troubles.add(parse_rule({"kind": "error", "status": 503, "times": 1}))
    assert strike(troubles)
    for _ in range(TROUBLE_LIMIT):
        troubles.add(parse_rule({"kind": "lost-answer"}))

    kept = open_troubles(tmp_path).all()
    assert len(kept) == TROUBLE_LIMIT
    assert spent.id not in [trouble.id for trouble in kept]


def test_a_damaged_document_is_told_by_its_name(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    added = troubles.add(parse_rule({"kind": "lost-answer"}))
    document = tmp_path / "documents" / "troubles" / f"{added.id}.json"
    document.write_text(document.read_text().replace("lost-answer", "earthquake"))

    with pytest.raises(DamagedError) as caught:
        open_troubles(tmp_path)

    assert caught.value.arguments["path"] == document


@pytest.mark.parametrize(
    ("release", "end"),
    [
        (lambda troubles, trouble: troubles.remove(trouble.id), "goes on"),
        (lambda troubles, _trouble: troubles.clear(), "goes on"),
        (lambda troubles, _trouble: troubles.close(), "ConnectionCutError"),
    ],
    ids=["removed", "cleared", "closed"],
)
def test_a_held_request_is_let_go(tmp_path: Path, release: Callable[[Troubles, Trouble], None], end: str) -> None:
    troubles = open_troubles(tmp_path)
    trouble = troubles.add(parse_rule({"kind": "delay", "seconds": 3_600}))
    threads, ends = held(troubles, trouble)

    release(troubles, trouble)

    for thread in threads:
        thread.join(10)
    assert ends == [end]


def test_no_more_requests_are_held_than_leaves_threads_for_others(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    trouble = troubles.add(parse_rule({"kind": "delay", "seconds": 3_600}))

    threads, ends = held(troubles, trouble, HELD_LIMIT + 3)

    wait_until(lambda: list(ends), lambda found: len(found) == 3)
    assert ends == ["ProtocolError"] * 3
    troubles.clear()
    for thread in threads:
        thread.join(10)
    assert ends[3:] == ["goes on"] * HELD_LIMIT


def test_a_held_request_for_a_blob_is_let_go_when_the_rule_is_removed(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    trouble = troubles.add(parse_rule({"kind": "slow-storage", "seconds": 3_600}))

    async def hold_and_remove() -> None:
        waiting = asyncio.create_task(troubles.hold_storage(trouble))
        await asyncio.sleep(0)
        troubles.remove(trouble.id)
        await asyncio.wait_for(waiting, 10)

    asyncio.run(hold_and_remove())


def test_a_state_of_things_stands_while_its_rule_is_due(tmp_path: Path) -> None:
    troubles = open_troubles(tmp_path)
    kind = TroubleKind.INSTANCE_NEVER_READY
    added = troubles.add(TroubleRule(kind=kind, name="d15*"))

    assert troubles.stands(kind, name="D1594d45", subscription_id="88e2")
    assert not troubles.stands(kind, name="other", subscription_id="88e2")
    troubles.remove(added.id)
    assert not troubles.stands(kind, name="D1594d45", subscription_id="88e2")
