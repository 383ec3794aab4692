"""Keeps validations, and what follows from what they find."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from clouddp.distribution_manager.ports import Transfer
from clouddp.model.cloud_service import Problem
from clouddp.model.content import ContentState, Validation, ValidationKind, ValidationState
from clouddp.site_server.database.distributions import begin_anew, distribution, find_transfer
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.problems import read_problem, written_problem
from clouddp.site_server.database.validations import validation


class ValidationRepository:
    """Keeps validations."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting(self) -> Sequence[Validation]:
        """Give those that were asked for and have not ended, oldest first."""
        query = select(validation).where(validation.c.state == ValidationState.WAITING)
        with read(self._engine) as connection:
            return [_validation(row) for row in connection.execute(query.order_by(validation.c.wanted_at))]

    def of_versions(self, version_ids: Sequence[str]) -> Sequence[Validation]:
        """Give those of these versions."""
        query = select(validation).where(validation.c.version_id.in_(version_ids))
        with read(self._engine) as connection:
            return [_validation(row) for row in connection.execute(query)]

    def find_distribution(self, wanted: Validation) -> Transfer | None:
        """Give the distribution that is validated; None when it is no longer wanted."""
        with read(self._engine) as connection:
            return find_transfer(connection, wanted.version_id, wanted.distribution_point_id)

    def end(self, ended: Validation) -> None:
        """Keep how a validation ended, unless another one was asked for meanwhile."""
        with write(self._engine) as connection:
            _end(connection, ended)

    def note_faults(self, ended: Validation, *, at: datetime) -> None:
        """Lead no client to what is not whole; have it sent again if repairing was asked for."""
        place = (distribution.c.version_id == ended.version_id) & (
            distribution.c.distribution_point_id == ended.distribution_point_id
        )
        with write(self._engine) as connection:
            if not _end(connection, ended):
                return
            if ended.is_repairing:
                begin_anew(connection, place, is_visible=False, changed_at=at)
                return
            counts = {"missing": str(ended.missing_count), "damaged": str(ended.damaged_count)}
            connection.execute(
                update(distribution)
                .where(place)
                .values(
                    state=ContentState.ERROR,
                    is_visible=False,
                    wish=distribution.c.wish + 1,
                    next_try_at=None,
                    problem=written_problem(Problem(code="content.not_whole", arguments=counts)),
                    changed_at=at,
                )
            )


def _end(connection: Connection, ended: Validation) -> bool:
    """Keep how a validation ended; False when it was cancelled, or asked for again."""
    kept = connection.execute(
        update(validation)
        .where(
            validation.c.version_id == ended.version_id,
            validation.c.distribution_point_id == ended.distribution_point_id,
            validation.c.wanted_at == ended.wanted_at,
            validation.c.state == ValidationState.WAITING,
        )
        .values(
            state=ended.state,
            ended_at=ended.ended_at,
            object_count=ended.object_count,
            missing_count=ended.missing_count,
            damaged_count=ended.damaged_count,
            problem=written_problem(ended.problem),
        )
    )
    return bool(kept.rowcount)


def _validation(row: Row[Any]) -> Validation:
    return Validation(
        version_id=row.version_id,
        distribution_point_id=row.distribution_point_id,
        kind=ValidationKind(row.kind),
        is_repairing=row.is_repairing,
        state=ValidationState(row.state),
        wanted_at=row.wanted_at,
        ended_at=row.ended_at,
        object_count=row.object_count,
        missing_count=row.missing_count,
        damaged_count=row.damaged_count,
        problem=read_problem(row.problem),
    )
