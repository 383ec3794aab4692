"""The tables of manifests, of the chunks they describe, and of the objects that each version refers to."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from clouddp.site_server.database.tables import metadata

version_manifest: Final = Table(
    "version_manifest",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("object_name", String(64), nullable=False),
    Column("length", Integer, nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("statement", Text, nullable=False),
)

chunk: Final = Table(
    "chunk",
    metadata,
    Column("object_name", String(64), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("raw_length", Integer, nullable=False),
    Column("stored_length", Integer, nullable=False),
    Column("encoding", Integer, nullable=False),
)

chunk_reference: Final = Table(
    "chunk_reference",
    metadata,
    Column("version_id", String(32), ForeignKey("package_version.id"), primary_key=True),
    Column("object_name", String(64), primary_key=True, index=True),
)
