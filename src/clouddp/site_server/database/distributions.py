"""The table of distributions: which version is wanted where, and how far it is."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from clouddp.distribution_manager.plan import LASTING_RETRIES
from clouddp.distribution_manager.ports import Transfer
from clouddp.model.bandwidth import Priority
from clouddp.model.content import ContentState, Distribution, DistributionTask
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.groups import group_member
from clouddp.site_server.database.manifests import version_manifest
from clouddp.site_server.database.packages import package, package_version, version_of
from clouddp.site_server.database.problems import read_problem, written_problem
from clouddp.site_server.database.tables import Moment, metadata
from clouddp.site_server.database.validations import validation
from clouddp.site_server.database.withdrawals import forget_withdrawals

distribution: Final = Table(
    "distribution",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("distribution_point_id", String(32), primary_key=True, index=True),
    Column("state", String(16), nullable=False),
    Column("task", String(16), nullable=False, server_default=DistributionTask.SEND),
    Column("wish", Integer, nullable=False, server_default="1"),
    Column("is_visible", Boolean, nullable=False, server_default="0"),
    Column("total_bytes", BigInteger, nullable=False),
    Column("done_bytes", BigInteger, nullable=False),
    Column("sent_bytes", BigInteger, nullable=False),
    Column("retries_left", Integer, nullable=False),
    Column("quick_tries", Integer, nullable=False),
    Column("next_try_at", Moment),
    Column("problem", Text),
    Column("wanted_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_distribution_state", "state"),
)

FINISHED: Final = (ContentState.SUCCESS, ContentState.ERROR)
_BEGUN_ANEW: Final = {
    "state": ContentState.TARGETED,
    "retries_left": LASTING_RETRIES,
    "quick_tries": 0,
    "next_try_at": None,
    "problem": None,
    "done_bytes": 0,
}


class DistributionRepository:
    """Keeps distributions, for those who carry them out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unfinished(self) -> Sequence[Transfer]:
        """Give all distributions that are neither done nor given up, oldest first."""
        query = _with_versions().where(
            or_(distribution.c.state.not_in(FINISHED), distribution.c.next_try_at.is_not(None))
        )
        with read(self._engine) as connection:
            return [_transfer(row) for row in connection.execute(query.order_by(distribution.c.wanted_at))]

    def of_package(self, package_id: str) -> Sequence[Transfer]:
        """Give the distributions of a package, newest version first."""
        return self._listed(package_version.c.package_id == package_id)

    def all(self) -> Sequence[Transfer]:
        """Give the distributions of all packages."""
        return self._listed(package_version.c.id.is_not(None))

    def save(self, changed: Distribution, *, quick_tries: int) -> bool:
        """Keep how a distribution stands; False when it is gone or something else is wanted of it by now."""
        with write(self._engine) as connection:
            kept = connection.execute(
                update(distribution)
                .where(_is(changed), distribution.c.wish == changed.wish)
                .values(
                    state=changed.state,
                    is_visible=changed.is_visible,
                    done_bytes=changed.done_bytes,
                    sent_bytes=changed.sent_bytes,
                    retries_left=changed.retries_left,
                    quick_tries=quick_tries,
                    next_try_at=changed.next_try_at,
                    problem=written_problem(changed.problem),
                    changed_at=changed.changed_at,
                )
            )
            return bool(kept.rowcount)

    def forget_distribution_point(self, service_id: str) -> None:
        """Forget every distribution to a distribution point that is deleted."""
        with write(self._engine) as connection:
            for table in (distribution, validation, group_member):
                connection.execute(delete(table).where(table.c.distribution_point_id == service_id))
            forget_withdrawals(connection, service_id)

    def content_lost(self, service_id: str) -> None:
        """Send all content of a distribution point again: its storage was made anew, and is empty."""
        with write(self._engine) as connection:
            begin_anew(connection, distribution.c.distribution_point_id == service_id, is_visible=False)
            forget_withdrawals(connection, service_id)

    def _listed(self, condition: ColumnElement[bool]) -> Sequence[Transfer]:
        order = (
            package_version.c.package_id,
            package_version.c.number.desc(),
            distribution.c.distribution_point_id,
        )
        with read(self._engine) as connection:
            return [_transfer(row) for row in connection.execute(_with_versions().where(condition).order_by(*order))]


def find_transfer(connection: Connection, version_id: str, distribution_point_id: str) -> Transfer | None:
    """Give a distribution; None when it is not wanted."""
    key = (distribution.c.version_id == version_id) & (distribution.c.distribution_point_id == distribution_point_id)
    row = connection.execute(_with_versions().where(key)).one_or_none()
    return None if row is None else _transfer(row)


def begin_anew(
    connection: Connection,
    condition: ColumnElement[bool],
    *,
    task: DistributionTask = DistributionTask.SEND,
    **values: object,
) -> int:
    """Have distributions carried out again, with all their retries; give their number."""
    begun = update(distribution).where(condition).values(task=task, wish=distribution.c.wish + 1, **_BEGUN_ANEW)
    return connection.execute(begun.values(**values)).rowcount


def insert_targets(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Target distribution points: `version_id`, `distribution_point_id`, `total_bytes`, and when it was wanted."""
    if rows:
        new = {**_BEGUN_ANEW, "task": DistributionTask.SEND, "wish": 1, "is_visible": False, "sent_bytes": 0}
        connection.execute(insert(distribution), [{**new, **row} for row in rows])


def _is(wanted: Distribution) -> ColumnElement[bool]:
    return (distribution.c.version_id == wanted.version_id) & (
        distribution.c.distribution_point_id == wanted.distribution_point_id
    )


def _with_versions() -> Select[Any]:
    return (
        select(
            *distribution.c,
            package_version.c.id,
            package_version.c.package_id,
            package_version.c.number,
            package_version.c.file_count,
            package_version.c.size_bytes,
            package_version.c.created_at,
            package.c.priority,
            version_manifest.c.object_name.is_not(None).label("is_published"),
        )
        .join(package_version, package_version.c.id == distribution.c.version_id)
        .join(package, package.c.id == package_version.c.package_id)
        .outerjoin(version_manifest, version_manifest.c.version_id == distribution.c.version_id)
    )


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        version=version_of(row),
        distribution=Distribution(
            version_id=row.version_id,
            distribution_point_id=row.distribution_point_id,
            state=ContentState(row.state),
            total_bytes=row.total_bytes,
            done_bytes=row.done_bytes,
            sent_bytes=row.sent_bytes,
            retries_left=row.retries_left,
            next_try_at=row.next_try_at,
            problem=read_problem(row.problem),
            changed_at=row.changed_at,
            task=DistributionTask(row.task),
            wish=row.wish,
            is_visible=row.is_visible,
        ),
        quick_tries=row.quick_tries,
        priority=Priority(row.priority),
        is_published=row.is_published,
    )
