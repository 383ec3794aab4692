"""States are kept fresh, whatever one cloud does."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clouddp.cloud_services.ports import DueState
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.state_refresh import StateRefresher
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import TemporaryError
from clouddp.model.status import Component, Severity, StatusMessage
from clouddp.telemetry.logs import ComponentLog
from tests.unit.cloud_services.site_bench import now
from tests.unit.model.cloud_service_builder import SERVICE


class Services:
    """Records and versions: which services there are, and whose state is due."""

    def __init__(self, services: list[CloudService]) -> None:
        self.services = {service.id: service for service in services}
        self.due = set(self.services)

    def states_written_before(self, moment: datetime) -> list[DueState]:
        assert moment <= now() - timedelta(minutes=59)
        return [_due(self.services[id_]) for id_ in sorted(self.due)]

    def expire_states(self) -> None:
        self.due = set(self.services)

    def expire_state(self, service_id: str) -> None:
        self.due.add(service_id)


def _due(service: CloudService) -> DueState:
    return DueState(
        service_id=service.id,
        service_name=service.service_name,
        management_url=service.management_url,
        subscription_id=service.subscription_id,
    )


class Writer:
    """Writes at once, fails or hangs, as told by service."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.failures: dict[str, int] = {}
        self.hanging: dict[str, threading.Event] = {}
        self.tries: list[tuple[str, float]] = []

    def write_state(self, service_id: str) -> None:
        self.tries.append((service_id, time.monotonic()))
        if service_id in self.hanging:
            self.hanging[service_id].wait(20)
        if self.failures.get(service_id, 0):
            self.failures[service_id] -= 1
            raise TemporaryError("store.unreachable", name="state/service", reason="slow")
        self._services.due.discard(service_id)


class Bench:
    def __init__(self, folder: Path, services: list[CloudService]) -> None:
        self.services = Services(services)
        self.writer = Writer(self.services)
        self.log = ComponentLog(folder / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
        reporting = Reporting(status=StatusNumbers(), log=self.log, language="en")
        self.refresher = StateRefresher(
            write=self.writer.write_state,
            dates=self.services,
            reporting=reporting,
            now=now,
        )

    def until(self, is_so: Callable[[], bool], *, within_seconds: float = 15) -> None:
        deadline = time.monotonic() + within_seconds
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.01)


class StatusNumbers:
    def report(
        self, number: int, severity: Severity, component: Component, *, object_id: str | None = None, **insertions: str
    ) -> None:
        raise AssertionError(number)  # a state that is late is nothing for the administrator

    def list(
        self, *, object_id: str | None = None, number: int | None = None, limit: int = 200
    ) -> Sequence[StatusMessage]:
        raise AssertionError(number)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[list[CloudService]], Bench]]:
    benches: list[Bench] = []

    def make(services: list[CloudService]) -> Bench:
        benches.append(Bench(tmp_path, services))
        return benches[-1]

    yield make
    for bench in benches:
        for event in bench.writer.hanging.values():
            event.set()
        bench.refresher.close()


def service(number: int, *, cloud: str) -> CloudService:
    return replace(SERVICE, id=f"{number:032x}", service_name=f"{number:024x}", management_url=f"https://{cloud}.test")


def test_a_slow_cloud_does_not_delay_another(begin: Callable[[list[CloudService]], Bench]) -> None:
    slow, quick = [service(n, cloud="slow") for n in range(40)], [service(n + 100, cloud="quick") for n in range(3)]
    bench = begin([*slow, *quick])
    bench.writer.hanging = {one.id: threading.Event() for one in slow}

    bench.refresher.begin_due()

    bench.until(lambda: not bench.services.due & {one.id for one in quick})
    asked = {id_ for id_, _ in bench.writer.tries} & set(bench.writer.hanging)
    assert len(asked) == 4  # of its forty: the others wait for these


def test_what_waits_for_its_slow_cloud_is_written_when_the_cloud_has_time(
    begin: Callable[[list[CloudService]], Bench],
) -> None:
    bench = begin([service(n, cloud="one") for n in range(10)])

    bench.refresher.start()

    bench.until(lambda: not bench.services.due)
    assert len(bench.writer.tries) == 10


def test_a_failed_writing_is_tried_again_within_seconds_and_told_once(
    begin: Callable[[list[CloudService]], Bench],
) -> None:
    bench = begin([service(1, cloud="one")])
    bench.writer.failures = {service(1, cloud="one").id: 2}

    bench.refresher.start()
    bench.until(lambda: not bench.services.due)

    first, second, third = (at for _, at in bench.writer.tries)
    assert 0.9 < second - first < third - first  # later and later, from a second on
    bench.until(lambda: "is written again" in bench.log.path.read_text())
    assert bench.log.path.read_text().count("could not be written") == 1


def test_what_expires_is_written_at_once(begin: Callable[[list[CloudService]], Bench]) -> None:
    bench = begin([service(1, cloud="one"), service(2, cloud="two")])
    bench.services.due.clear()
    bench.refresher.start()

    bench.refresher.expire_all()
    bench.until(lambda: not bench.services.due)
    bench.refresher.expire(service(2, cloud="two").id)
    bench.until(lambda: not bench.services.due)

    assert sorted(int(id_, 16) for id_, _ in bench.writer.tries) == [1, 2, 2]
