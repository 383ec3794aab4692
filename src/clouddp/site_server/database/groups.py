"""The tables of distribution point groups, their members and their packages."""

from typing import Final

from sqlalchemy import Column, ForeignKey, String, Table, Text

from clouddp.site_server.database.tables import Moment, metadata

distribution_point_group: Final = Table(
    "distribution_point_group",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("name_without_case", String(768), nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

group_member: Final = Table(
    "group_member",
    metadata,
    Column("group_id", String(32), ForeignKey("distribution_point_group.id", ondelete="CASCADE"), primary_key=True),
    Column("distribution_point_id", String(32), primary_key=True, index=True),
)

group_package: Final = Table(
    "group_package",
    metadata,
    Column("group_id", String(32), ForeignKey("distribution_point_group.id", ondelete="CASCADE"), primary_key=True),
    Column("package_id", String(8), ForeignKey("package.id"), primary_key=True, index=True),
)
