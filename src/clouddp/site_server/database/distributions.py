"""The table of distributions: which version is wanted where, and how far it is."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
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

from clouddp.distribution_manager.plan import LASTING_RETRIES
from clouddp.distribution_manager.ports import Transfer
from clouddp.model.cloud_service import Problem
from clouddp.model.content import ContentState, Distribution, PackageVersion
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.packages import package_version, version_of
from clouddp.site_server.database.tables import Moment, metadata

distribution: Final = Table(
    "distribution",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("distribution_point_id", String(32), primary_key=True, index=True),
    Column("state", String(16), nullable=False),
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

_FINISHED: Final = (ContentState.SUCCESS, ContentState.ERROR)


class DistributionRepository:
    """Keeps distributions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def want(self, version: PackageVersion, distribution_point_ids: Iterable[str], *, at: datetime) -> None:
        """Target distribution points; where the version is already, or is on its way, nothing changes.

        A distribution that waits for its next try, or was given up, is due at once, with all its retries.
        """
        with write(self._engine) as connection:
            for distribution_point_id in distribution_point_ids:
                row = (distribution.c.version_id == version.id) & (
                    distribution.c.distribution_point_id == distribution_point_id
                )
                known = connection.execute(select(distribution.c.state).where(row)).scalar()
                if known is None:
                    connection.execute(insert(distribution).values(_new_row(version, distribution_point_id, at)))
                elif known == ContentState.ERROR:
                    again = {"state": ContentState.TARGETED, "retries_left": LASTING_RETRIES, "quick_tries": 0}
                    connection.execute(update(distribution).where(row).values(next_try_at=None, changed_at=at, **again))

    def unfinished(self) -> Sequence[Transfer]:
        """Give all distributions that are neither done nor given up, oldest first."""
        query = _with_versions().where(
            or_(distribution.c.state.not_in(_FINISHED), distribution.c.next_try_at.is_not(None))
        )
        with read(self._engine) as connection:
            return [_transfer(row) for row in connection.execute(query.order_by(distribution.c.wanted_at))]

    def of_package(self, package_id: str) -> Sequence[Transfer]:
        """Give the distributions of a package, newest version first."""
        query = _with_versions().where(package_version.c.package_id == package_id)
        order = (package_version.c.number.desc(), distribution.c.distribution_point_id)
        with read(self._engine) as connection:
            return [_transfer(row) for row in connection.execute(query.order_by(*order))]

    def save(self, changed: Distribution, *, quick_tries: int) -> None:
        """Keep how a distribution stands."""
        problem = changed.problem
        written = None if problem is None else {"code": problem.code, "arguments": dict(problem.arguments)}
        with write(self._engine) as connection:
            connection.execute(
                update(distribution)
                .where(_is(changed))
                .values(
                    state=changed.state,
                    done_bytes=changed.done_bytes,
                    sent_bytes=changed.sent_bytes,
                    retries_left=changed.retries_left,
                    quick_tries=quick_tries,
                    next_try_at=changed.next_try_at,
                    problem=None if written is None else json.dumps(written, ensure_ascii=False),
                    changed_at=changed.changed_at,
                )
            )

    def drop(self, gone: Distribution) -> None:
        """Forget a distribution."""
        with write(self._engine) as connection:
            connection.execute(delete(distribution).where(_is(gone)))

    def forget_distribution_point(self, distribution_point_id: str) -> None:
        """Forget every distribution to a distribution point that is deleted."""
        with write(self._engine) as connection:
            gone = distribution.c.distribution_point_id == distribution_point_id
            connection.execute(delete(distribution).where(gone))

    def content_lost(self, service_id: str) -> None:
        """Send all content of a distribution point again: its storage was made anew, and is empty."""
        again = {"state": ContentState.TARGETED, "retries_left": LASTING_RETRIES, "quick_tries": 0, "done_bytes": 0}
        with write(self._engine) as connection:
            lost = distribution.c.distribution_point_id == service_id
            connection.execute(update(distribution).where(lost).values(next_try_at=None, problem=None, **again))


def _is(wanted: Distribution) -> Any:
    return (distribution.c.version_id == wanted.version_id) & (
        distribution.c.distribution_point_id == wanted.distribution_point_id
    )


def _with_versions() -> Select[Any]:
    return select(
        *(column for column in distribution.c if column.name not in {"wanted_at"}),
        package_version.c.id,
        package_version.c.package_id,
        package_version.c.number,
        package_version.c.file_count,
        package_version.c.size_bytes,
        package_version.c.created_at,
    ).join(package_version, package_version.c.id == distribution.c.version_id)


def _new_row(version: PackageVersion, distribution_point_id: str, at: datetime) -> dict[str, object]:
    return {
        "version_id": version.id,
        "distribution_point_id": distribution_point_id,
        "state": ContentState.TARGETED,
        "total_bytes": version.size_bytes,
        "done_bytes": 0,
        "sent_bytes": 0,
        "retries_left": LASTING_RETRIES,
        "quick_tries": 0,
        "wanted_at": at,
        "changed_at": at,
    }


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
            problem=None if row.problem is None else Problem(**json.loads(row.problem)),
            changed_at=row.changed_at,
        ),
        quick_tries=row.quick_tries,
    )
