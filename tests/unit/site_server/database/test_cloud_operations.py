from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.providers.base import AskedOperation, OperationJournal
from clouddp.providers.journal import MemoryJournal
from clouddp.site_server.database.cloud_operations import CloudOperations
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench
from tests.unit.cloud_services.site_bench import request as creation

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["in the database", "in memory"])
def journal(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[OperationJournal]:
    if request.param == "in memory":
        yield MemoryJournal(now=clock.seconds)
        return
    site = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    service = site.use_cases.create(creation(), idempotency_key=None)
    yield CloudOperations(site.database, now=clock.now).journal_of(service.id)
    site.database.dispose()


def test_what_was_asked_last_is_known_with_its_age(journal: OperationJournal, clock: Clock) -> None:
    assert journal.find("deployment abc") is None
    journal.note("deployment abc", "")
    clock.moment += timedelta(seconds=5)

    assert journal.find("deployment abc") == AskedOperation(request_id="", age_seconds=5.0)
    journal.note("deployment abc", "op1")
    journal.note("storage account abc", "op2")

    assert journal.find("deployment abc") == AskedOperation(request_id="op1", age_seconds=0.0)
    journal.forget("deployment abc")
    journal.forget("deployment abc")
    assert journal.find("deployment abc") is None
    assert journal.find("storage account abc") is not None


def test_a_journal_goes_with_its_cloud_distribution_point(tmp_path: Path, clock: Clock) -> None:
    site = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    service = site.use_cases.create(creation(), idempotency_key=None)
    journal = CloudOperations(site.database, now=clock.now).journal_of(service.id)
    journal.note("deployment abc", "op1")

    site.records.remove(service.id, generation=1)

    assert journal.find("deployment abc") is None
    site.database.dispose()
