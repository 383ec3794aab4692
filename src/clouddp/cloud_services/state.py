"""Write `state/`: what the site tells its front ends, signed; nothing else writes there."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from clouddp.cloud_services.locks import KeyedLocks
from clouddp.cloud_services.ports import BlockedClients, ServiceRecords, SiteKeys, StateRecords
from clouddp.cloud_services.stores import CloudStores
from clouddp.content.format.scope import scope_claims
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.model.errors import NotFoundError
from clouddp.model.exchange import Scope, ServiceStateDocument
from clouddp.network.signed import Purpose, sign, sign_state
from clouddp.network.signing_keys import public_jwk

_LIFETIME: Final = timedelta(hours=24)


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
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._versions = versions
        self._stores = stores
        self._keys = keys
        self._blocked = blocked
        self._now = now
        self._writing = KeyedLocks()  # a later sequence is never overwritten by an earlier one

    def public_key(self) -> str:
        """Give the key by which front ends check what is written here, as JSON."""
        return json.dumps(public_jwk(self._keys.current(Purpose.STATE)))

    def write_state(self, distribution_point_id: str) -> None:
        """Tell the front ends of a distribution point what holds from now on."""
        store = self._stores.open_store(distribution_point_id)
        with self._writing.holding(distribution_point_id):
            service = self._records.find(distribution_point_id)
            if service is None:
                raise NotFoundError("cloud.distribution_point_unknown", id=distribution_point_id)
            document = self._document(service)
            store.put("state/service", sign_state(document, key=self._keys.current(Purpose.STATE)).encode("ascii"))
            self._versions.note_state_written(service.id, document.issued_at, sequence=document.sequence)

    def write_scope(self, distribution_point_id: str, scope: Scope) -> None:
        """Tell the front ends of a distribution point which objects belong to a version."""
        token = sign(scope_claims(scope), key=self._keys.current(Purpose.SCOPE), purpose=Purpose.SCOPE)
        store = self._stores.open_store(distribution_point_id)
        store.put(f"state/scope/{scope.version_id}", token.encode("ascii"))

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
