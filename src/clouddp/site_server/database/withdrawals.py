"""The tables of what is taken away: withdrawn versions, and objects that are being deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKey, String, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from clouddp.site_server.database.tables import Moment, metadata

withdrawal: Final = Table(
    "withdrawal",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("distribution_point_id", String(32), primary_key=True),
    Column("ends_at", Moment, nullable=False, index=True),
)

deleting_object: Final = Table(
    "deleting_object",
    metadata,
    Column("distribution_point_id", String(32), primary_key=True),
    Column("object_name", String(64), primary_key=True),
)


def insert_new(connection: Connection, table: Table) -> Any:
    """Insert rows, leaving those that are there as they are."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def insert_withdrawals(connection: Connection, places: Sequence[tuple[str, str]], *, ends_at: datetime) -> None:
    """Withdraw versions from distribution points; tokens for them may be used until `ends_at`."""
    rows = [
        {"version_id": version_id, "distribution_point_id": distribution_point_id, "ends_at": ends_at}
        for version_id, distribution_point_id in places
    ]
    if rows:
        connection.execute(insert_new(connection, withdrawal), rows)


def undo_withdrawals(connection: Connection, version_id: str, distribution_point_ids: Sequence[str]) -> None:
    """Want a version again at distribution points that still have some of it."""
    connection.execute(
        delete(withdrawal).where(
            withdrawal.c.version_id == version_id, withdrawal.c.distribution_point_id.in_(distribution_point_ids)
        )
    )


def forget_withdrawals(connection: Connection, distribution_point_id: str) -> None:
    """Forget what is to be deleted at a distribution point whose storage is gone."""
    for table in (withdrawal, deleting_object):
        connection.execute(delete(table).where(table.c.distribution_point_id == distribution_point_id))
