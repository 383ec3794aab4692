"""The tables of packages and their versions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)

from clouddp.model.bandwidth import Priority
from clouddp.model.content import Package, PackageVersion
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL_LENGTH: Final = 5
_FIRST_SERIAL: Final = "00001"
_LAST_SERIAL: Final = "ZZZZZ"

package: Final = Table(
    "package",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("source_folder", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("priority", String(8), nullable=False, server_default=Priority.MEDIUM),
    Column("removed_at", Moment),
)

package_version: Final = Table(
    "package_version",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("package_id", String(8), ForeignKey("package.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("package_id", "number"),
)


class PackageRepository:
    """Keeps packages and versions; a package comes into being with its first version."""

    def __init__(self, engine: Engine, *, site_code: str) -> None:
        self._engine = engine
        self._site_code = site_code

    def create(self, new: Package, version: PackageVersion) -> tuple[Package, PackageVersion]:
        """Keep a new package and its version 1; both get the next package ID of the site."""
        with write(self._engine) as connection:
            kept = replace(new, id=self._next_id(connection))
            connection.execute(insert(package).values(asdict(kept)))
            return kept, insert_version(connection, kept.id, version)

    def get(self, package_id: str) -> Package:
        """Give a package; raises NotFoundError."""
        with read(self._engine) as connection:
            return find_package(connection, package_id)

    def list(self) -> Sequence[Package]:
        """Give all packages by ID."""
        with read(self._engine) as connection:
            rows = connection.execute(select(package).where(package.c.removed_at.is_(None)).order_by(package.c.id))
            return [_package(row) for row in rows]

    def set_priority(self, package_id: str, priority: Priority) -> Package:
        """Say how urgent a package is; raises NotFoundError."""
        with write(self._engine) as connection:
            find_package(connection, package_id)
            connection.execute(update(package).where(package.c.id == package_id).values(priority=priority))
            return find_package(connection, package_id)

    def newest_versions(self) -> Mapping[str, PackageVersion]:
        """Give the newest version of each package by the package's ID."""
        with read(self._engine) as connection:
            rows = connection.execute(select(package_version).order_by(package_version.c.number))
            return {row.package_id: version_of(row) for row in rows}

    def versions(self, package_id: str) -> Sequence[PackageVersion]:
        """Give the versions of a package, newest first."""
        query = select(package_version).where(package_version.c.package_id == package_id)
        with read(self._engine) as connection:
            return [version_of(row) for row in connection.execute(query.order_by(package_version.c.number.desc()))]

    def version_ids(self) -> Sequence[str]:
        """Name every version, so that the library can drop what is none."""
        with read(self._engine) as connection:
            return connection.execute(select(package_version.c.id)).scalars().all()

    def _next_id(self, connection: Connection) -> str:
        prefix_length = len(self._site_code)
        own = select(func.max(package.c.id)).where(func.substr(package.c.id, 1, prefix_length) == self._site_code)
        newest: str | None = connection.execute(own).scalar()
        if newest is None:
            return self._site_code + _FIRST_SERIAL
        if newest[prefix_length:] == _LAST_SERIAL:
            raise ConflictError("content.package_ids_used_up", site=self._site_code)
        return self._site_code + _successor(newest[prefix_length:])


def find_package(connection: Connection, package_id: str) -> Package:
    """Give a package that was not removed; raises NotFoundError."""
    known = select(package).where(package.c.id == package_id, package.c.removed_at.is_(None))
    row = connection.execute(known).one_or_none()
    if row is None:
        raise NotFoundError("content.package_missing", package=package_id)
    return _package(row)


def newest_version(connection: Connection, package_id: str) -> PackageVersion:
    """Give the newest version of a package that exists."""
    query = select(package_version).where(package_version.c.package_id == package_id)
    return version_of(connection.execute(query.order_by(package_version.c.number.desc()).limit(1)).one())


def version_of(row: Row[Any]) -> PackageVersion:
    """Make the version of a row that has the columns of `package_version`."""
    return PackageVersion(
        id=row.id,
        package_id=row.package_id,
        number=row.number,
        file_count=row.file_count,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
    )


def insert_version(connection: Connection, package_id: str, version: PackageVersion) -> PackageVersion:
    """Keep a version as the next one of its package."""
    newest = select(func.max(package_version.c.number)).where(package_version.c.package_id == package_id)
    number = (connection.execute(newest).scalar() or 0) + 1
    kept = replace(version, package_id=package_id, number=number)
    connection.execute(insert(package_version).values(asdict(kept)))
    return kept


def _package(row: Row[Any]) -> Package:
    return Package(
        id=row.id,
        name=row.name,
        source_folder=row.source_folder,
        created_at=row.created_at,
        priority=Priority(row.priority),
    )


def _successor(serial: str) -> str:
    """Count up in base 36, capital letters after digits."""
    value = int(serial, 36) + 1
    digits = ""
    while value:
        value, digit = divmod(value, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_SERIAL_LENGTH, "0")
