"""The steps of each operation, read from the workflows that the site server registers."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from clouddp.bootstrap.cloud_services import join_cloud_services
from clouddp.bootstrap.foundation import Foundation
from clouddp.cloud_services.life_cycle import WORKFLOWS
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.secrets import SiteSecrets
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.signing_keys import SigningKeys
from clouddp.site_server.site import SiteFolders, SiteSettings
from clouddp.site_server.status import StatusLog
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import Workflow
from tests.fault_matrix.operations import Operation


class RecordingEngine:
    """Runs nothing; keeps what is registered."""

    def __init__(self) -> None:
        self.workflows: dict[str, Workflow] = {}

    def register(self, workflow: Workflow) -> None:
        self.workflows[workflow.name] = workflow

    def launch(self) -> None:
        """Launch nothing."""

    def start(self, workflow_name: str, workflow_id: str, subject_id: str) -> None:
        """Start nothing."""

    def close(self) -> None:
        """Close nothing."""


class NobodyBlocked:
    def blocked_clients(self) -> Mapping[str, datetime]:
        return {}


def steps_of(operation: Operation) -> tuple[str, ...]:
    """Name the steps in their order."""
    return tuple(step.name for step in _workflows()[WORKFLOWS[operation.action]].steps)


@cache
def _workflows() -> Mapping[str, Workflow]:
    engine = RecordingEngine()
    with tempfile.TemporaryDirectory() as folder:
        foundation = _foundation(Path(folder))
        log = ComponentLog(Path(folder) / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
        join_cloud_services(foundation, engine=engine, log=log, blocked=NobodyBlocked())
        foundation.engine.dispose()
    return engine.workflows


def _foundation(folder: Path) -> Foundation:
    engine = open_database(folder / "site.db")
    metadata.create_all(engine)
    sealers = {"site": Sealer(bytes(32)), "delivery": Sealer(bytes(32))}
    secrets = SiteSecrets(engine, sealers)
    return Foundation(
        folders=SiteFolders.of_home(folder),
        settings=SiteSettings(
            site_code="P01", name="Site", language="en", host="127.0.0.1", admin_port=0, management_point_port=0
        ),
        engine=engine,
        sealers=sealers,
        secrets=secrets,
        keys=SigningKeys(secrets),
        status=StatusLog(StatusMessageRepository(engine), now=_now),
        now=_now,
    )


def _now() -> datetime:
    return datetime.now(UTC)
