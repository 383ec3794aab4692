"""The tables of manifests, chunks and what refers to them; what the management point tells about a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from clouddp.content.format.entries import ChunkEntry, Encoding
from clouddp.content.format.keys import ContentKeys, chunk_key
from clouddp.content.publish import ChunkLedger
from clouddp.distribution_manager.ports import KeptManifest
from clouddp.model.content import ContentState
from clouddp.site_server.database.distributions import distribution
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.packages import package_version
from clouddp.site_server.database.sealing import Sealer
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedContent:
    """A version that clients can get: what the site signed about it, its manifest, and where it is."""

    package_id: str
    version_number: int
    version_id: str
    statement: str
    manifest_name: str
    manifest_length: int
    manifest_key: bytes = field(repr=False)
    distribution_point_ids: tuple[str, ...]


class ContentRepository:
    """Keeps manifests and chunks; the manifest's key is sealed with the `delivery` key."""

    def __init__(self, engine: Engine, delivery: Sealer, keys: ContentKeys) -> None:
        self._engine = engine
        self._delivery = delivery
        self._keys = keys

    def find_manifest(self, version_id: str) -> KeptManifest | None:
        """Give the manifest of a version; None before the version was first published."""
        with read(self._engine) as connection:
            query = select(version_manifest).where(version_manifest.c.version_id == version_id)
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return KeptManifest(
            name=row.object_name,
            length=row.length,
            key=_manifest_key(self._delivery, row),
            statement=row.statement,
        )

    def keep_manifest(self, version_id: str, manifest: KeptManifest, chunks: Sequence[ChunkEntry]) -> None:
        """Keep a manifest and its chunks, all or nothing."""
        sealed = self._delivery.seal(manifest.key, table="version_manifest", row=version_id, column="sealed_key")
        with write(self._engine) as connection:
            connection.execute(
                version_manifest.insert().values(
                    version_id=version_id,
                    object_name=manifest.name,
                    length=manifest.length,
                    sealed_key=sealed,
                    statement=manifest.statement,
                )
            )
            if chunks:
                connection.execute(
                    _insert_new(self._engine, chunk), [_chunk_row(self._keys, entry) for entry in chunks]
                )

    def ledger(self, version_id: str) -> ChunkLedger:
        """Give the ledger of a version."""
        return _Ledger(self._engine, self._keys, version_id)


class LocatedContents:
    """Reads what the management point tells clients; holds only the `delivery` key."""

    def __init__(self, engine: Engine, delivery: Sealer) -> None:
        self._engine = engine
        self._delivery = delivery

    def located_content(self, package_id: str, version_id: str | None = None) -> LocatedContent | None:
        """Give this version, or the newest that is on a distribution point; None when there is none."""
        query = (
            select(package_version.c.number, version_manifest, distribution.c.distribution_point_id)
            .join(version_manifest, version_manifest.c.version_id == package_version.c.id)
            .join(distribution, distribution.c.version_id == package_version.c.id)
            .where(package_version.c.package_id == package_id, distribution.c.state == ContentState.SUCCESS)
            .order_by(package_version.c.number.desc(), distribution.c.distribution_point_id)
        )
        if version_id is not None:
            query = query.where(package_version.c.id == version_id)
        with read(self._engine) as connection:
            rows = connection.execute(query).all()
        if not rows:
            return None
        newest = rows[0]
        return LocatedContent(
            package_id=package_id,
            version_number=newest.number,
            version_id=newest.version_id,
            statement=newest.statement,
            manifest_name=newest.object_name,
            manifest_length=newest.length,
            manifest_key=_manifest_key(self._delivery, newest),
            distribution_point_ids=tuple(row.distribution_point_id for row in rows if row.number == newest.number),
        )


class _Ledger:
    """References of one version, committed before anybody looks at a store."""

    def __init__(self, engine: Engine, keys: ContentKeys, version_id: str) -> None:
        self._engine = engine
        self._keys = keys
        self._version_id = version_id

    def claim(self, names: Sequence[str]) -> Mapping[str, ChunkEntry]:
        """Commit that the version needs these objects; give those that a manifest describes."""
        if not names:
            return {}
        rows = [{"version_id": self._version_id, "object_name": name} for name in names]
        with write(self._engine) as connection:
            connection.execute(_insert_new(self._engine, chunk_reference), rows)
            known = connection.execute(select(chunk).where(chunk.c.object_name.in_(names)))
            return {row.object_name: _entry(self._keys, row) for row in known}


def _insert_new(engine: Engine, table: Table) -> Any:
    """Insert rows, leaving those that are there as they are."""
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def _manifest_key(delivery: Sealer, row: Row[Any]) -> bytes:
    return delivery.open(row.sealed_key, table="version_manifest", row=row.version_id, column="sealed_key")


def _chunk_row(keys: ContentKeys, entry: ChunkEntry) -> dict[str, object]:
    return {
        "object_name": entry.name,
        "generation": keys.generation,
        "digest": entry.digest,
        "raw_length": entry.raw_length,
        "stored_length": entry.stored_length,
        "encoding": int(entry.encoding),
    }


def _entry(keys: ContentKeys, row: Row[Any]) -> ChunkEntry:
    return ChunkEntry(
        name=row.object_name,
        key=chunk_key(keys, row.object_name),
        raw_length=row.raw_length,
        stored_length=row.stored_length,
        encoding=Encoding(row.encoding),
        digest=row.digest,
    )
