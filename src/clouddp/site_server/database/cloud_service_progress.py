"""What was done for each cloud distribution point: finished steps, and the counters of its signed state."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Column, ColumnElement, Engine, ForeignKey, Integer, String, Table, insert, select, update

from clouddp.cloud_services.ports import DueState
from clouddp.model.cloud_service import DesiredState
from clouddp.site_server.database.cloud_service_table import cloud_service
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

_FIRST_EPOCH: Final = 1
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

cloud_service_step: Final = Table(
    "cloud_service_step",
    metadata,
    Column("service_id", ForeignKey("cloud_service.id", ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("step", String(64), primary_key=True),
    Column("done_at", Moment, nullable=False),
)
cloud_service_state: Final = Table(
    "cloud_service_state",
    metadata,
    Column("service_id", ForeignKey("cloud_service.id", ondelete="CASCADE"), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("written_at", Moment),
)


class CloudServiceProgress:
    """Keeps finished steps and state counters."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def is_step_done(self, service_id: str, *, generation: int, step: str) -> bool:
        """Say whether the step was noted."""
        return step in dict(self.list_steps(service_id, generation=generation))

    def note_step(self, service_id: str, *, generation: int, step: str) -> None:
        """Note a step that was not noted yet."""
        with write(self._engine) as connection:
            connection.execute(
                insert(cloud_service_step).values(
                    service_id=service_id, generation=generation, step=step, done_at=self._now()
                )
            )

    def list_steps(self, service_id: str, *, generation: int) -> Sequence[tuple[str, datetime]]:
        """Give the finished steps of a generation and when each was finished, in order."""
        table = cloud_service_step.c
        query = (
            select(table.step, table.done_at)
            .where(table.service_id == service_id, table.generation == generation)
            .order_by(table.done_at)
        )
        with read(self._engine) as connection:
            return [(row.step, row.done_at) for row in connection.execute(query)]

    def next_state_version(self, service_id: str) -> tuple[int, int]:
        """Give epoch and sequence of the next writing."""
        table = cloud_service_state.c
        with write(self._engine) as connection:
            query = select(table.epoch, table.sequence).where(table.service_id == service_id)
            row = connection.execute(query).one_or_none()
            if row is None:
                first = insert(cloud_service_state).values(service_id=service_id, epoch=_FIRST_EPOCH, sequence=1)
                connection.execute(first)
                return _FIRST_EPOCH, 1
            connection.execute(
                update(cloud_service_state).where(table.service_id == service_id).values(sequence=row.sequence + 1)
            )
            return row.epoch, row.sequence + 1

    def note_state_written(self, service_id: str, at: datetime, *, sequence: int) -> None:
        """Note when the state was last written, unless it has expired since its sequence was given."""
        newest = (cloud_service_state.c.service_id == service_id) & (cloud_service_state.c.sequence == sequence)
        with write(self._engine) as connection:
            connection.execute(update(cloud_service_state).where(newest).values(written_at=at))

    def expire_states(self) -> None:
        """Note that no state says any more what holds, so that all of them are due.

        The sequence is used up, so that a writing under way, which began with what held before, is not noted as done.
        """
        self._expire(cloud_service_state.c.written_at.is_not(None))

    def expire_state(self, service_id: str) -> None:
        """Note that a service's state does not say any more what holds; it is due, even if it was never written."""
        self._expire(cloud_service_state.c.service_id == service_id)

    def states_written_before(self, moment: datetime) -> Sequence[DueState]:
        """Give the states of services in use that were last written before `moment`."""
        state, service = cloud_service_state.c, cloud_service.c
        query = (
            select(state.service_id, service.service_name, service.management_url, service.subscription_id)
            .join(cloud_service, service.id == state.service_id)
            .where(state.written_at < moment, service.desired != DesiredState.DELETED)
        )
        with read(self._engine) as connection:
            return [DueState(**row._asdict()) for row in connection.execute(query)]

    def _expire(self, which: ColumnElement[bool]) -> None:
        expired = {"written_at": _LONG_AGO, "sequence": cloud_service_state.c.sequence + 1}
        with write(self._engine) as connection:
            connection.execute(update(cloud_service_state).where(which).values(**expired))
