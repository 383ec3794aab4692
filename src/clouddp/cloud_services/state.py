"""Write `state/`: what the site tells its front ends, signed; nothing else writes there."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from clouddp.cloud_services.ports import BlockedClients, ServiceRecords, SiteKeys, StateRecords
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.stores import CloudStores
from clouddp.content.format.scope import scope_claims
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.errors import NotFoundError, SiteError
from clouddp.model.exchange import Scope, ServiceStateDocument
from clouddp.network.signed import Purpose, sign, sign_state
from clouddp.network.signing_keys import public_jwk

_LIFETIME: Final = timedelta(hours=24)
_REWRITTEN_AFTER: Final = timedelta(hours=1)


class StateWriter:
    """Writes states and scopes. One process writes those of a site."""

    def __init__(
        self,
        *,
        records: ServiceRecords,
        versions: StateRecords,
        stores: CloudStores,
        keys: SiteKeys,
        blocked: BlockedClients,
        reporting: Reporting,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._versions = versions
        self._stores = stores
        self._keys = keys
        self._blocked = blocked
        self._reporting = reporting
        self._now = now
        self._lock = threading.Lock()  # a later sequence is never overwritten by an earlier one

    def public_key(self) -> str:
        """Give the key by which front ends check what is written here, as JSON."""
        return json.dumps(public_jwk(self._keys.current(Purpose.STATE)))

    def write_state(self, distribution_point_id: str) -> None:
        """Tell the front ends of a distribution point what holds from now on."""
        service = self._records.find(distribution_point_id)
        if service is None:
            raise NotFoundError("cloud.distribution_point_unknown", id=distribution_point_id)
        store = self._stores.open_store(service.id)
        with self._lock:
            document = self._document(service)
            store.put("state/service", sign_state(document, key=self._keys.current(Purpose.STATE)).encode("ascii"))
            self._versions.note_state_written(service.id, document.issued_at, sequence=document.sequence)

    def write_scope(self, distribution_point_id: str, scope: Scope) -> None:
        """Tell the front ends of a distribution point which objects belong to a version."""
        token = sign(scope_claims(scope), key=self._keys.current(Purpose.SCOPE), purpose=Purpose.SCOPE)
        store = self._stores.open_store(distribution_point_id)
        store.put(f"state/scope/{scope.version_id}", token.encode("ascii"))

    def expire(self) -> None:
        """Have every state written again at the next refresh, whatever happens until then."""
        self._versions.expire_states()

    def refresh_due(self) -> None:
        """Write each state again that is an hour old; one that cannot be written now is tried again next time."""
        for service_id in self._versions.states_written_before(self._now() - _REWRITTEN_AFTER):
            try:
                self.write_state(service_id)
            except SiteError as error:
                reason = self._reporting.explain(error)
                self._reporting.log.warning("cloud.state_not_written", service=service_id, reason=reason)

    def _document(self, service: CloudService) -> ServiceStateDocument:
        epoch, sequence = self._versions.next_state_version(service.id)
        issued_at = self._now()
        return ServiceStateDocument(
            service_id=service.id,
            epoch=epoch,
            sequence=sequence,
            issued_at=issued_at,
            expires_at=issued_at + _LIFETIME,
            running=service.desired is DesiredState.RUNNING,
            token_keys=self._keys.public(Purpose.ACCESS),
            blocked_clients=self._blocked.blocked_clients(),
        )
