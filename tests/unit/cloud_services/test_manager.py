"""The cloud services manager goes on looking for work, also when it could not look for once."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clouddp.cloud_services.manager import CloudServicesManager
from clouddp.model.cloud_service import CloudService
from clouddp.model.status import Component
from clouddp.telemetry.logs import ComponentLog


class BusyRecords:
    """Records in a database that is busy for the first look."""

    def __init__(self) -> None:
        self.looks = 0
        self.looked_again = threading.Event()

    def list(self) -> Sequence[CloudService]:
        self.looks += 1
        if self.looks == 1:
            raise OSError("busy")
        self.looked_again.set()
        return ()


class Idle:
    """Parts that have nothing to do."""

    def workflows(self) -> tuple[Any, ...]:
        return ()

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_after_a_look_that_failed_the_next_one_comes_soon(tmp_path: Path) -> None:
    log = ComponentLog(tmp_path / "CloudMgr.log", Component.CLOUD_SERVICES_MANAGER, language="en")
    records, idle = BusyRecords(), Idle()
    parts: dict[str, Any] = {"engine": idle, "records": records, "life_cycle": idle, "refresher": idle}
    manager = CloudServicesManager(**parts, log=log)

    manager.start()

    assert records.looked_again.wait(timeout=20)
    manager.close()
    assert log.path.read_text().count("busy") == 1
