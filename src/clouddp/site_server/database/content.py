"""Manifests and chunks as the distribution manager keeps them; what the management point tells about a version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select

from clouddp.content.format.entries import ChunkEntry, Encoding
from clouddp.content.format.keys import ContentKeys, chunk_key
from clouddp.distribution_manager.ports import Claim, KeptManifest
from clouddp.site_server.database.distributions import distribution
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.manifests import chunk, chunk_reference, version_manifest
from clouddp.site_server.database.packages import package_version
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.withdrawals import deleting_object, insert_new


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
                insert(version_manifest).values(
                    version_id=version_id,
                    object_name=manifest.name,
                    length=manifest.length,
                    sealed_key=sealed,
                    statement=manifest.statement,
                )
            )
            if chunks:
                connection.execute(insert_new(connection, chunk), [_chunk_row(self._keys, entry) for entry in chunks])

    def claim(self, version_id: str, distribution_point_id: str, names: Sequence[str]) -> Claim:
        """Commit that the version needs these objects; give those that are known, and those that are being deleted."""
        if not names:
            return Claim(known={}, deleting=())
        rows = [{"version_id": version_id, "object_name": name} for name in names]
        with write(self._engine) as connection:
            connection.execute(insert_new(connection, chunk_reference), rows)
            known = connection.execute(select(chunk).where(chunk.c.object_name.in_(names)))
            entries = {row.object_name: _entry(self._keys, row) for row in known}
            marks = select(deleting_object.c.object_name).where(
                deleting_object.c.distribution_point_id == distribution_point_id,
                deleting_object.c.object_name.in_(names),
            )
            return Claim(known=entries, deleting=tuple(connection.execute(marks).scalars()))

    def unmark(self, distribution_point_id: str, names: Sequence[str]) -> Sequence[str]:
        """Undo the marks of objects that are claimed; give the names that were still marked."""
        with write(self._engine) as connection:
            marked = (deleting_object.c.distribution_point_id == distribution_point_id) & (
                deleting_object.c.object_name.in_(names)
            )
            left = connection.execute(select(deleting_object.c.object_name).where(marked)).scalars().all()
            connection.execute(delete(deleting_object).where(marked))
            return left


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
            .where(package_version.c.package_id == package_id, distribution.c.is_visible)
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
