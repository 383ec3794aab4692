"""The table of orphans that are to be removed from a cloud; a row goes when its removal has ended."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Column, Engine, Row, String, Table, UniqueConstraint, delete, insert, select

from clouddp.cloud_services.reconcile_removal import Removal
from clouddp.model.reconciliation import Finding, Piece
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

cloud_removal: Final = Table(
    "cloud_removal",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("management_url", String(512), nullable=False),
    Column("subscription_id", String(64), nullable=False),
    Column("piece", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("wanted_at", Moment, nullable=False),
    UniqueConstraint("piece", "name"),
)


class CloudRemovals:
    """Keeps the removals that are wanted and not ended."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def want(self, orphans: Iterable[Finding]) -> None:
        """Have orphans removed, all or none of them noted; one that is noted already is noted once."""
        with write(self._engine) as connection:
            known = {(row.piece, row.name) for row in connection.execute(select(cloud_removal))}
            for orphan in orphans:
                if (orphan.piece, orphan.name) not in known:
                    connection.execute(insert(cloud_removal).values(**self._row(orphan)))

    def find(self, removal_id: str) -> Removal | None:
        """Give a removal; None when it has ended."""
        query = select(cloud_removal).where(cloud_removal.c.id == removal_id)
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _removal(row)

    def list(self) -> Sequence[Removal]:
        """Give all of them, oldest first."""
        with read(self._engine) as connection:
            rows = connection.execute(select(cloud_removal).order_by(cloud_removal.c.wanted_at, cloud_removal.c.id))
            return [_removal(row) for row in rows]

    def forget(self, removal_id: str) -> None:
        """Note that a removal has ended."""
        with write(self._engine) as connection:
            connection.execute(delete(cloud_removal).where(cloud_removal.c.id == removal_id))

    def _row(self, orphan: Finding) -> dict[str, Any]:
        return {
            "id": uuid4().hex,
            "management_url": orphan.management_url,
            "subscription_id": orphan.subscription_id,
            "piece": orphan.piece,
            "name": orphan.name,
            "wanted_at": self._now(),
        }


def _removal(row: Row[Any]) -> Removal:
    return Removal(
        id=row.id,
        management_url=row.management_url,
        subscription_id=row.subscription_id,
        piece=Piece(row.piece),
        name=row.name,
    )
