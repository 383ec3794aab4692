"""The workflows of a cloud distribution point's life: what is done, in which order."""

from collections.abc import Mapping
from typing import Final

from clouddp.cloud_services.front_end_steps import FrontEndSteps
from clouddp.cloud_services.hosted_service_steps import HostedServiceSteps
from clouddp.cloud_services.misplaced_steps import MisplacedSteps
from clouddp.cloud_services.record_steps import RecordSteps
from clouddp.cloud_services.steps import StepKeeper
from clouddp.cloud_services.storage_steps import StorageSteps
from clouddp.model.cloud_service import ServiceAction
from clouddp.workflows.base import Step, Workflow

DEADLINE_SECONDS: Final = 30 * 60.0  # the documents' "up to 30 minutes"
WORKFLOWS: Final[Mapping[ServiceAction, str]] = {
    ServiceAction.CREATE: "provision",
    ServiceAction.START: "start",
    ServiceAction.STOP: "stop",
    ServiceAction.CHANGE: "change",
    ServiceAction.UPGRADE: "upgrade",
    ServiceAction.REPAIR: "repair",
    ServiceAction.DELETE: "decommission",
}
"""The workflow of each action; the journal knows them by these names."""


class LifeCycle:
    """Puts the steps together. A step's name is the journal's, so it means one thing in every workflow."""

    def __init__(
        self,
        *,
        keeper: StepKeeper,
        storage: StorageSteps,
        hosted_service: HostedServiceSteps,
        front_ends: FrontEndSteps,
        record: RecordSteps,
        misplaced: MisplacedSteps,
    ) -> None:
        self._keeper = keeper
        self._storage = storage
        self._hosted_service = hosted_service
        self._front_ends = front_ends
        self._record = record
        self._misplaced = misplaced

    def workflows(self) -> tuple[Workflow, ...]:
        """Give the workflow of each action."""
        steps = {
            ServiceAction.CREATE: self._create(),
            ServiceAction.START: self._start(),
            ServiceAction.STOP: self._stop(),
            ServiceAction.CHANGE: self._change(),
            ServiceAction.UPGRADE: self._upgrade(),
            ServiceAction.REPAIR: self._repair(),
            ServiceAction.DELETE: self._delete(),
        }
        return tuple(
            Workflow(
                name=WORKFLOWS[action],
                steps=steps[action],
                deadline_seconds=DEADLINE_SECONDS,
                on_failure=self._keeper.fail,
                lane=self._keeper.cloud_of,
            )
            for action in ServiceAction
        )

    def _create(self) -> tuple[Step, ...]:
        step = self._keeper.step
        return (
            *self._pieces(),
            step("deployment", self._front_ends.ensure_deployment),
            step("role_instances", self._front_ends.await_instances),
            self._keeper.last_step("ready", self._record.settle),
        )

    def _repair(self) -> tuple[Step, ...]:
        """Do all that a creation does, and undo by the way whatever else was begun and not ended."""
        step = self._keeper.step
        return (
            step("misplaced_pieces", self._misplaced.remove_pieces),
            *self._pieces(),
            step("deployment", self._front_ends.ensure_deployment),
            step("configuration", self._front_ends.ensure_package),
            step("running_state", self._front_ends.resume_or_suspend),
            step("role_instances", self._front_ends.await_instances),
            step("other_certificates", self._hosted_service.remove_other_certificates),
            step("older_packages", self._storage.remove_older_packages),
            self._keeper.last_step("settlement", self._record.settle),
        )

    def _start(self) -> tuple[Step, ...]:
        """Say first that front ends may serve, so that those that come up do."""
        step = self._keeper.step
        return (
            step("management_certificate", self._hosted_service.validate_certificate),
            step("service_state", self._record.write_state),
            step("running_state", self._front_ends.resume),
            step("role_instances", self._front_ends.await_instances),
            self._keeper.last_step("settlement", self._record.settle),
        )

    def _stop(self) -> tuple[Step, ...]:
        """Say first that front ends refuse: they hear it within seconds, however long the cloud takes."""
        step = self._keeper.step
        return (
            step("service_state", self._record.write_stopped_state),
            step("running_state", self._front_ends.suspend),
            self._keeper.last_step("settlement", self._record.settle),
        )

    def _change(self) -> tuple[Step, ...]:
        """Have both certificates until every front end presents the new one."""
        step = self._keeper.step
        return (
            step("management_certificate", self._hosted_service.validate_certificate),
            step("service_certificate", self._hosted_service.ensure_certificate),
            step("configuration", self._front_ends.ensure_configuration),
            step("role_instances", self._front_ends.await_instances),
            step("other_certificates", self._hosted_service.remove_other_certificates),
            self._keeper.last_step("settlement", self._record.settle),
        )

    def _upgrade(self) -> tuple[Step, ...]:
        step = self._keeper.step
        return (
            step("management_certificate", self._hosted_service.validate_certificate),
            step("service_package", self._storage.upload_package),
            step("configuration", self._front_ends.ensure_package),
            step("role_instances", self._front_ends.await_instances),
            step("older_packages", self._storage.remove_older_packages),
            self._keeper.last_step("settlement", self._record.settle),
        )

    def _delete(self) -> tuple[Step, ...]:
        step = self._keeper.step
        return (
            step("deployment_removal", self._front_ends.remove_deployment),
            step("hosted_service_removal", self._hosted_service.remove_service),
            step("storage_account_removal", self._storage.remove_account),
            self._keeper.last_step("record_removal", self._record.remove),
        )

    def _pieces(self) -> tuple[Step, ...]:
        """List what a deployment needs to be there before it."""
        step = self._keeper.step
        return (
            step("management_certificate", self._hosted_service.validate_certificate),
            step("storage_account", self._storage.ensure_account),
            step("container", self._storage.ensure_container),
            step("hosted_service", self._hosted_service.ensure_service),
            step("service_certificate", self._hosted_service.ensure_certificate),
            step("service_state", self._record.write_state),
            step("service_package", self._storage.upload_package),
        )
