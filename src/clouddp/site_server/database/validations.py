"""The table of validations: the newest look at whether a version is at a distribution point as it was sent."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from clouddp.site_server.database.tables import Moment, metadata

validation: Final = Table(
    "validation",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("distribution_point_id", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("is_repairing", Boolean, nullable=False),
    Column("state", String(8), nullable=False),
    Column("wanted_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("object_count", Integer, nullable=False),
    Column("missing_count", Integer, nullable=False),
    Column("damaged_count", Integer, nullable=False),
    Column("problem", Text),
)
