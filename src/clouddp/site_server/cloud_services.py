"""What an administrator does with cloud distribution points: create, look, change, stop, start, repair, delete."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clouddp.cloud_services.delays import Delays
from clouddp.cloud_services.preflight import Examination, Preflight
from clouddp.model.cloud_service import CloudService, Problem, ServiceState
from clouddp.model.errors import ConflictError, InvalidInputError, SiteError
from clouddp.model.status import Component, Severity
from clouddp.model.transitions import ServiceOperation, check_revision, check_transition, possible_operations
from clouddp.site_server.cloud_service_requests import (
    ChangeRequest,
    CreationRequest,
    PfxUpload,
    open_pfx,
    read_creation,
)
from clouddp.site_server.cloud_service_status import ACCEPTED, CREATION_ACCEPTED, REVISED
from clouddp.site_server.database.cloud_service_progress import CloudServiceProgress
from clouddp.site_server.database.cloud_services import NO_CHANGES, Changes, CloudServiceRepository
from clouddp.site_server.status import StatusLog

__all__ = [  # the requests are its words
    "ChangeRequest",
    "CloudServices",
    "CreationRequest",
    "PfxUpload",
    "Progress",
    "possible_operations",
]

_RACES: Final = 5  # what a service was seen like may have changed that often before somebody gives up


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How long the work under way has taken, and has left; None where nothing is under way, or has begun."""

    elapsed_seconds: int | None
    remaining_seconds: int | None
    delay: Problem | None = None  # why a step is being tried again


class CloudServices:
    """The use cases of cloud distribution points; `wake` tells the cloud services manager that there is work."""

    def __init__(
        self,
        *,
        repository: CloudServiceRepository,
        progress: CloudServiceProgress,
        delays: Delays,
        preflight: Preflight,
        status: StatusLog,
        wake: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._repository = repository
        self._progress = progress
        self._delays = delays
        self._preflight = preflight
        self._status = status
        self._wake = wake
        self._now = now

    def examine(self, request: CreationRequest) -> Examination:
        """Say everything that would stop the creation, and what is worth a look; create nothing."""
        return read_creation(request).examined_by(self._preflight)

    def create(self, request: CreationRequest, *, idempotency_key: str | None) -> CloudService:
        """Accept a cloud distribution point; the manager brings it into being.

        Raises:
            InvalidInputError: preflight found faults, which are all in it.
            ConflictError: the idempotency key was used for another request, or the service FQDN is in use.
        """
        known = self._made_before(request, idempotency_key)
        if known is not None:
            return known
        reading = read_creation(request)
        found = reading.examined_by(self._preflight)
        try:
            if found.faults or found.service_name is None:
                name = reading.fqdn or request.region
                raise InvalidInputError("cloud.preflight_failed", faults=found.faults, name=name)
            service = self._repository.create(reading.accepted(idempotency_key, found.service_name))
        except SiteError:
            known = self._made_before(request, idempotency_key)  # by the same request, sent twice at once
            if known is None:
                raise
            return known
        self._tell(CREATION_ACCEPTED, service)
        self._wake()
        return service

    def list(self) -> Sequence[CloudService]:
        """Give all cloud distribution points."""
        return self._repository.list()

    def get(self, service_id: str) -> CloudService:
        """Give one.

        Raises:
            NotFoundError: there is none of this id.
        """
        return self._repository.get(service_id)

    def list_steps(self, service: CloudService) -> Sequence[tuple[str, datetime]]:
        """Give the steps that were finished for what is wanted now."""
        return self._progress.list_steps(service.id, generation=service.generation)

    def progress_of(self, service: CloudService) -> Progress:
        """Say how long the work under way has taken, and when it gives up."""
        if service.is_settled or service.wanted_at is None:
            return Progress(elapsed_seconds=None, remaining_seconds=None)
        now, deadline = self._now(), service.deadline_at
        return Progress(
            elapsed_seconds=int((now - service.wanted_at).total_seconds()),
            remaining_seconds=None if deadline is None else int((deadline - now).total_seconds()),
            delay=self._delays.find(service.id),
        )

    def change(self, service_id: str, request: ChangeRequest) -> CloudService:
        """Change description, quotas and thresholds at once; another instance count is brought to the cloud.

        Raises:
            InvalidInputError: what is asked for cannot be, for the reasons in it.
            ConflictError: it cannot be changed now.
        """
        service = self._repository.get(service_id)
        check_revision(service)
        quotas = request.quotas(service.quotas)
        count = service.instance_count if request.instance_count is None else request.instance_count
        faults = self._preflight.find_quantity_faults(instance_count=count, quotas=quotas)
        is_new_count = count != service.instance_count
        if is_new_count:
            check_transition(service, ServiceOperation.CHANGE)
            faults = faults or self._preflight.find_growth_faults(service, instance_count=count)
        if faults:
            raise InvalidInputError("cloud.change_not_possible", faults=faults, name=service.service_fqdn)
        if is_new_count:
            changes = Changes(description=request.description, quotas=quotas, instance_count=count)
            return self._order(service_id, ServiceOperation.CHANGE, changes)
        if request == ChangeRequest():
            return service
        revised = self._repository.revise(service, Changes(description=request.description, quotas=quotas))
        if revised is None:
            return self.change(service_id, request)  # somebody else was first: judged anew by what holds now
        self._tell(REVISED, revised)
        return revised

    def replace_certificate(self, service_id: str, upload: PfxUpload, *, accept_wildcard: bool) -> CloudService:
        """Have the front ends present another service certificate, one after the other.

        Raises:
            InvalidInputError: the certificate cannot be used, for the reasons in it.
            ConflictError: it cannot be changed now.
        """
        service = self._repository.get(service_id)
        check_transition(service, ServiceOperation.CHANGE)
        try:
            certificate = open_pfx(upload, "service.pfx")
        except SiteError as error:
            raise InvalidInputError("cloud.change_not_possible", faults=(error,), name=service.service_fqdn) from error
        faults = self._preflight.find_replacement_faults(service, certificate.keyed, accept_wildcard=accept_wildcard)
        if faults:
            raise InvalidInputError("cloud.change_not_possible", faults=faults, name=service.service_fqdn)
        is_present = certificate.keyed.thumbprint == service.service_certificate_thumbprint
        if is_present and service.state is not ServiceState.ERROR:
            return service
        return self._order(service_id, ServiceOperation.CHANGE, Changes(service_certificate=certificate))

    def stop(self, service_id: str) -> CloudService:
        """Have clients cut off; content stays."""
        return self._order(service_id, ServiceOperation.STOP)

    def start(self, service_id: str) -> CloudService:
        """Have clients served again."""
        return self._order(service_id, ServiceOperation.START)

    def upgrade(self, service_id: str) -> CloudService:
        """Have the front ends made from the service package of this version of the product."""
        return self._order(service_id, ServiceOperation.UPGRADE, Changes(has_new_package=True))

    def repair(self, service_id: str) -> CloudService:
        """Have every piece in the cloud looked at, and made where it is missing or different."""
        return self._order(service_id, ServiceOperation.REPAIR)

    def cancel(self, service_id: str) -> CloudService:
        """Have a creation that is not finished undone."""
        return self._order(service_id, ServiceOperation.CANCEL)

    def delete(self, service_id: str) -> CloudService:
        """Have a cloud distribution point removed from the cloud, then from the site; asking twice is asking once."""
        try:
            return self._order(service_id, ServiceOperation.DELETE)
        except ConflictError:  # looked at only now, since somebody may have asked at the same time
            service = self._repository.get(service_id)
            if service.state is not ServiceState.DELETING:
                raise
            return service

    def retry(self, service_id: str) -> CloudService:
        """Have the work that ended in an error done again.

        Raises:
            ConflictError: nothing ended in an error.
        """
        service = self._repository.get(service_id)
        if service.state is not ServiceState.ERROR:
            raise ConflictError("cloud.nothing_to_retry", name=service.service_fqdn)
        return self._order(service_id, ServiceOperation.RETRY, Changes(removed_first=service.removed_first))

    def _order(self, service_id: str, operation: ServiceOperation, changes: Changes = NO_CHANGES) -> CloudService:
        """Accept an operation on the service as it is now; who comes second sees what the first one wanted.

        Raises:
            NotFoundError: there is none of this id.
            ConflictError: it is not possible now.
        """
        races_left = _RACES
        while True:
            seen = self._repository.get(service_id)
            transition = check_transition(seen, operation)
            try:
                service = self._repository.want(seen, transition, changes=changes)
                break
            except ConflictError:
                races_left -= 1
                if not races_left:
                    raise
        self._tell(ACCEPTED[operation], service)
        self._wake()
        return service

    def _made_before(self, request: CreationRequest, idempotency_key: str | None) -> CloudService | None:
        known = None if idempotency_key is None else self._repository.find_by_key(idempotency_key)
        if known is None:
            return None
        service, made_by = known
        if made_by != request.digest:
            raise ConflictError("cloud.idempotency_key_reused", name=service.service_fqdn)
        return service

    def _tell(self, number: int, service: CloudService) -> None:
        self._status.report(
            number,
            Severity.INFORMATIONAL,
            Component.CLOUD_SERVICES_MANAGER,
            object_id=service.id,
            name=service.service_fqdn,
            service=service.service_name,
        )
