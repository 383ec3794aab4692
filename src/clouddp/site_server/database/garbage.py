"""What nobody needs any more: withdrawn versions, objects that no version refers to, versions that are nowhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Engine, delete, exists, select, union
from sqlalchemy.sql.elements import ColumnElement

from clouddp.model.content import Withdrawal
from clouddp.site_server.database.distributions import distribution
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.manifests import chunk, chunk_reference, version_manifest
from clouddp.site_server.database.packages import package, package_version
from clouddp.site_server.database.targets import withdraw
from clouddp.site_server.database.validations import validation
from clouddp.site_server.database.withdrawals import deleting_object, insert_new, withdrawal


class GarbageRepository:
    """Decides in transactions what may be deleted.

    At a distribution point a version refers to its objects as long as it is wanted there, and until the last token for
    it has ended.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def withdraw_superseded(self, *, visible_before: datetime, at: datetime) -> int:
        """Withdraw versions from where a newer one has been visible since before a moment; give their number."""
        newer, older = package_version.alias(), package_version.alias()
        newer_there = distribution.alias()
        is_superseded = exists(
            select(newer_there.c.version_id)
            .join(newer, newer.c.id == newer_there.c.version_id)
            .join(older, older.c.package_id == newer.c.package_id)
            .where(
                older.c.id == distribution.c.version_id,
                newer.c.number > older.c.number,
                newer_there.c.distribution_point_id == distribution.c.distribution_point_id,
                newer_there.c.is_visible,
                newer_there.c.changed_at <= visible_before,
            )
        )
        with write(self._engine) as connection:
            return withdraw(connection, is_superseded, at=at)

    def ended_withdrawals(self, now: datetime) -> Sequence[Withdrawal]:
        """Give the withdrawals whose last token has ended."""
        with read(self._engine) as connection:
            rows = connection.execute(select(withdrawal).where(withdrawal.c.ends_at <= now))
            return [Withdrawal(**row._mapping) for row in rows]  # noqa: SLF001 (SQLAlchemy's public name)

    def is_withdrawn(self, ended: Withdrawal) -> bool:
        """Say whether it still holds: nobody wants the version there again."""
        with read(self._engine) as connection:
            return connection.execute(select(withdrawal).where(_is(ended))).one_or_none() is not None

    def object_names(self, version_id: str) -> Sequence[str]:
        """Name the objects that a version refers to."""
        with read(self._engine) as connection:
            return sorted(connection.execute(_names_of(version_id)).scalars())

    def mark_deleting(self, distribution_point_id: str, names: Sequence[str], *, now: datetime) -> Sequence[str]:
        """Mark those of the objects that nothing refers to as being deleted, and give them."""
        with write(self._engine) as connection:
            needed = set(connection.execute(_referred(distribution_point_id, names, now)).scalars())
            doomed = [name for name in names if name not in needed]
            if doomed:
                rows = [{"distribution_point_id": distribution_point_id, "object_name": name} for name in doomed]
                connection.execute(insert_new(connection, deleting_object), rows)
            return doomed

    def forget_deleted(self, distribution_point_id: str, names: Sequence[str]) -> None:
        """Take the marks off objects that are gone."""
        with write(self._engine) as connection:
            connection.execute(
                delete(deleting_object).where(
                    deleting_object.c.distribution_point_id == distribution_point_id,
                    deleting_object.c.object_name.in_(names),
                )
            )

    def finish(self, ended: Withdrawal) -> None:
        """Forget a withdrawal of which nothing is left."""
        with write(self._engine) as connection:
            connection.execute(delete(withdrawal).where(_is(ended)))

    def retire_versions(self) -> Sequence[str]:
        """Forget versions that are nowhere and will go nowhere; the library may remove them."""
        newest = package_version.alias()
        is_newest = ~exists(
            select(newest.c.id).where(
                newest.c.package_id == package_version.c.package_id, newest.c.number > package_version.c.number
            )
        )
        is_somewhere = exists(
            select(distribution.c.version_id).where(distribution.c.version_id == package_version.c.id)
        ) | exists(select(withdrawal.c.version_id).where(withdrawal.c.version_id == package_version.c.id))
        query = (
            select(package_version.c.id)
            .join(package, package.c.id == package_version.c.package_id)
            .where(~is_somewhere, package.c.removed_at.is_not(None) | ~is_newest)
        )
        with write(self._engine) as connection:
            gone = connection.execute(query).scalars().all()
            for table in (chunk_reference, version_manifest, validation):
                connection.execute(delete(table).where(table.c.version_id.in_(gone)))
            connection.execute(delete(package_version).where(package_version.c.id.in_(gone)))
            if gone:
                known = select(chunk_reference.c.object_name)
                connection.execute(delete(chunk).where(chunk.c.object_name.not_in(known)))
            return gone


def _is(one: Withdrawal) -> ColumnElement[bool]:
    return (
        (withdrawal.c.version_id == one.version_id)
        & (withdrawal.c.distribution_point_id == one.distribution_point_id)
        & (withdrawal.c.ends_at == one.ends_at)
    )


def _names_of(version_id: str) -> CompoundSelect[Any]:
    return union(
        select(chunk_reference.c.object_name).where(chunk_reference.c.version_id == version_id),
        select(version_manifest.c.object_name).where(version_manifest.c.version_id == version_id),
    )


def _referred(distribution_point_id: str, names: Sequence[str], now: datetime) -> CompoundSelect[Any]:
    """Select those of the names that a version refers to at a distribution point."""
    return union(
        *(
            select(table.c.object_name).where(
                table.c.object_name.in_(names), _has_version(table.c.version_id, distribution_point_id, now)
            )
            for table in (chunk_reference, version_manifest)
        )
    )


def _has_version(version_id: ColumnElement[str], distribution_point_id: str, now: datetime) -> ColumnElement[bool]:
    wanted = select(distribution.c.version_id).where(
        distribution.c.version_id == version_id, distribution.c.distribution_point_id == distribution_point_id
    )
    withdrawn = select(withdrawal.c.version_id).where(
        withdrawal.c.version_id == version_id,
        withdrawal.c.distribution_point_id == distribution_point_id,
        withdrawal.c.ends_at > now,
    )
    return exists(wanted) | exists(withdrawn)
