"""Operations are handed out when they are due."""

import threading
from datetime import UTC, datetime, timedelta

from clouddp.fabric.operation_queue import DueQueue


def now() -> datetime:
    return datetime.now(UTC)


def test_what_is_due_at_once_comes_in_the_order_it_was_put() -> None:
    queue: DueQueue[int] = DueQueue(now=now)
    for number in range(5):
        queue.put(number, due_at=None)

    assert [queue.get() for _ in range(5)] == list(range(5))


def test_what_is_due_later_waits_and_blocks_nothing_else() -> None:
    queue: DueQueue[str] = DueQueue(now=now)
    moment = now() + timedelta(seconds=0.2)
    queue.put("later", due_at=moment)
    queue.put("now", due_at=None)

    assert [queue.get(), queue.get()] == ["now", "later"]
    assert now() >= moment


def test_a_sooner_item_overtakes_one_that_is_waited_for() -> None:
    queue: DueQueue[str] = DueQueue(now=now)
    found: list[str | None] = []
    queue.put("in an hour", due_at=now() + timedelta(hours=1))
    waiting = threading.Thread(target=lambda: found.append(queue.get()))
    waiting.start()

    queue.put("now", due_at=None)

    waiting.join(10)
    assert found == ["now"]


def test_a_closed_queue_hands_out_nothing_even_to_who_waits() -> None:
    queue: DueQueue[str] = DueQueue(now=now)
    found: list[str | None] = []
    threads = [threading.Thread(target=lambda: found.append(queue.get())) for _ in range(3)]
    for thread in threads:
        thread.start()

    queue.close()
    queue.put("late", due_at=None)

    for thread in threads:
        thread.join(10)
    assert found == [None, None, None]
    assert queue.get() is None
