"""Claim objects for one version at one distribution point, and wait for or undo the deletion of those it needs."""

from collections.abc import Mapping, Sequence

from clouddp.content.format.entries import ChunkEntry
from clouddp.content.presence import CONTENT_FOLDER, Presence
from clouddp.distribution_manager.ports import ManifestRecords
from clouddp.store.base import ObjectStore


class ClaimingLedger:
    """The ledger of a version at a distribution point; safe to use from many threads."""

    def __init__(
        self,
        records: ManifestRecords,
        presence: Presence,
        store: ObjectStore,
        *,
        version_id: str,
        distribution_point_id: str,
    ) -> None:
        self._records = records
        self._presence = presence
        self._store = store
        self._version_id = version_id
        self._distribution_point_id = distribution_point_id

    def claim(self, names: Sequence[str]) -> Mapping[str, ChunkEntry]:
        """Commit that the version needs these objects; what is known to be there afterwards will stay."""
        claim = self._records.claim(self._version_id, self._distribution_point_id, names)
        if claim.deleting:
            self._undo_deleting(claim.deleting)
        return claim.known

    def _undo_deleting(self, names: Sequence[str]) -> None:
        """Wait until nobody deletes; what is still marked then was left so by a crash, and may be there or not."""
        with self._presence.deleting:
            for name in self._records.unmark(self._distribution_point_id, names):
                self._presence.note(name, self._store.length(f"{CONTENT_FOLDER}/{name}"))
