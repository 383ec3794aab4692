"""What the administrator is told of one piece of work is told once, however often the work is taken up again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clouddp.cloud_services.reporting import Reporting
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.status import StatusLog
from clouddp.telemetry.logs import ComponentLog
from tests.unit.cloud_services.site_bench import now
from tests.unit.model.cloud_service_builder import SERVICE

WANTED = replace(SERVICE, wanted_at=now() - timedelta(minutes=1))


@pytest.fixture
def status(tmp_path: Path) -> Iterator[StatusLog]:
    engine = open_database(tmp_path / "site.db")
    metadata.create_all(engine)
    yield StatusLog(StatusMessageRepository(engine), now=now)
    engine.dispose()


@pytest.fixture
def reporting(status: StatusLog, tmp_path: Path) -> Reporting:
    log = ComponentLog(tmp_path / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
    return Reporting(status=status, log=log, language="en")


def test_what_a_crash_has_forgotten_is_not_told_again(status: StatusLog, reporting: Reporting) -> None:
    reporting.tell_once(9409, WANTED, name="a")
    reporting.tell_once(9409, WANTED, name="a")

    assert len(status.list(object_id=WANTED.id)) == 1


def test_another_step_and_later_work_are_told(status: StatusLog, reporting: Reporting) -> None:
    reporting.tell_once(12001, WANTED, step="one")
    reporting.tell_once(12001, WANTED, step="two")
    reporting.tell_once(12001, replace(WANTED, wanted_at=now() + timedelta(minutes=1)), step="two")

    assert [message.insertions["step"] for message in reversed(status.list())] == ["one", "two", "two"]
