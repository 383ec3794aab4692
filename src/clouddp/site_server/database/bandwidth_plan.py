"""The table that holds the bandwidth plan: one row, one JSON document."""

from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Column, Engine, Integer, Table, Text, delete, insert, select

from clouddp.model.bandwidth import BandwidthPlan
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import metadata

_THE_ONE: Final = 1

bandwidth_plan: Final = Table(
    "bandwidth_plan",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)


class BandwidthPlanRepository:
    """Keeps the plan; a site that was given none sends as fast as it can at all hours."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self) -> BandwidthPlan:
        """Give the plan."""
        with read(self._engine) as connection:
            written = connection.execute(select(bandwidth_plan.c.document)).scalar()
        return BandwidthPlan() if written is None else _plans().validate_json(written)

    def put(self, plan: BandwidthPlan) -> None:
        """Keep another plan."""
        document = _plans().dump_json(plan).decode("utf-8")
        with write(self._engine) as connection:
            connection.execute(delete(bandwidth_plan))
            connection.execute(insert(bandwidth_plan).values(id=_THE_ONE, document=document))


def _plans() -> TypeAdapter[BandwidthPlan]:
    return TypeAdapter(BandwidthPlan)
