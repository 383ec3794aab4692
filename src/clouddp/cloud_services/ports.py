"""What the cloud services manager needs of the rest of the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clouddp.model.cloud_service import CloudService, Problem, ServiceState
from clouddp.model.status import Component, Severity, StatusMessage
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.signed import Purpose
from clouddp.network.signing_keys import SigningKey
from clouddp.providers.base import ConnectionSettings, OperationJournal


class ServiceRecords(Protocol):
    """The desired state of the cloud distribution points, and what was seen of them.

    Where a generation is given, nothing changes once somebody has wanted something newer.
    """

    def find(self, service_id: str) -> CloudService | None:
        """Give a service; None when its record is gone."""

    def list(self) -> Sequence[CloudService]:
        """Give all services."""

    def set_activity(self, service_id: str, *, generation: int, activity: str, deadline_at: datetime) -> None:
        """Note what is going on, and when it gives up."""

    def set_address(self, service_id: str, *, generation: int, virtual_ip: str | None, port: int | None) -> None:
        """Note where the front ends are reached."""

    def forget_previous_certificates(self, service_id: str, *, generation: int) -> None:
        """Note that no front end presents an older service certificate any more."""

    def settle(self, service_id: str, *, generation: int, state: ServiceState, problem: Problem | None) -> None:
        """Note that the work for this generation has ended, well or badly."""

    def remove(self, service_id: str, *, generation: int) -> None:
        """Remove the record and its secrets."""


class StepRecords(Protocol):
    """Which steps were done for which generation, for those who watch."""

    def is_step_done(self, service_id: str, *, generation: int, step: str) -> bool:
        """Say whether the step was noted."""

    def note_step(self, service_id: str, *, generation: int, step: str) -> None:
        """Note a step, once."""


class StateRecords(Protocol):
    """The counters of the signed state."""

    def next_state_version(self, service_id: str) -> tuple[int, int]:
        """Give epoch and sequence of the next writing; kept before they are given."""

    def note_state_written(self, service_id: str, at: datetime, *, sequence: int) -> None:
        """Note when the state was last written, unless it has expired since its sequence was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueState:
    """A signed state that is due: whose it is, and at which cloud."""

    service_id: str
    service_name: str
    management_url: str
    subscription_id: str


class StateDates(Protocol):
    """Which signed states are due."""

    def expire_states(self) -> None:
        """Note that no state says any more what holds, so that all of them are due."""

    def expire_state(self, service_id: str) -> None:
        """Note that a service's state does not say any more what holds."""

    def states_written_before(self, moment: datetime) -> Sequence[DueState]:
        """Give the states of services in use that were last written before a moment; asked often, of all at once."""


class ServiceSecrets(Protocol):
    """The certificates and keys of the cloud distribution points."""

    def connection_settings(self, service: CloudService) -> ConnectionSettings:
        """Give what it takes to speak to the cloud."""

    def service_certificate(self, service_id: str) -> KeyedCertificate:
        """Give the certificate that the front ends present."""

    def usage_key(self, service_id: str) -> str:
        """Give the key with which front ends sign their usage records."""


class OperationJournals(Protocol):
    """What was asked of the cloud for each cloud distribution point."""

    def journal_of(self, service_id: str) -> OperationJournal:
        """Give the journal of one."""


class SiteKeys(Protocol):
    """The site's signing keys, one per purpose."""

    def current(self, purpose: Purpose) -> SigningKey:
        """Give the key that signs for this purpose."""

    def public(self, purpose: Purpose) -> tuple[Mapping[str, str], ...]:
        """Give the public keys that verify what was signed for this purpose."""


class BlockedClients(Protocol):
    """Clients that are shut out."""

    def blocked_clients(self) -> Mapping[str, datetime]:
        """Give each blocked client and the moment before which its tokens are void."""


class StatusReporter(Protocol):
    """The site's status messages."""

    def report(
        self, number: int, severity: Severity, component: Component, *, object_id: str | None = None, **insertions: str
    ) -> None:
        """Keep a status message of this moment."""

    def list(
        self, *, object_id: str | None = None, number: int | None = None, limit: int = 200
    ) -> Sequence[StatusMessage]:
        """Give the newest messages, newest first."""


class RemovalListener(Protocol):
    """Whoever keeps something about a cloud distribution point."""

    def forget_distribution_point(self, service_id: str) -> None:
        """Drop what is kept about it: its storage is gone."""


class ContentListener(Protocol):
    """Whoever sends content to cloud distribution points."""

    def content_lost(self, service_id: str) -> None:
        """Send everything again: the container is a new one. May be told twice."""
