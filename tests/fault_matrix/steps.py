"""The steps of each operation, read from the workflows that the site server registers."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from clouddp.bootstrap.cloud_services import join_cloud_services
from clouddp.bootstrap.foundation import open_foundation
from clouddp.bootstrap.initialise import initialise_site
from clouddp.cloud_services.life_cycle import WORKFLOWS
from clouddp.site_server.site import SiteFolders, SiteSettings, load_settings
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
        folders = SiteFolders.of_home(Path(folder))
        settings = SiteSettings(
            site_code="P01", name="Site", language="en", host="127.0.0.1", admin_port=0, management_point_port=0
        )
        initialise_site(folders, settings, authorities=[])
        log = ComponentLog(folders.logs / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
        with open_foundation(folders, load_settings(folders)) as foundation:
            join_cloud_services(foundation, engine=engine, log=log, blocked=NobodyBlocked())
    return engine.workflows
