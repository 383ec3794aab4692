"""Tests of package IDs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from clouddp.model.content import Package, PackageVersion
from clouddp.model.errors import ConflictError
from clouddp.site_server.database.engine import open_database, write
from clouddp.site_server.database.packages import PackageRepository, package, package_version
from clouddp.site_server.database.tables import metadata

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(tmp_path / "site.db")
    metadata.create_all(made)
    yield made
    made.dispose()


def _create(engine: Engine, site_code: str = "P01") -> str:
    version = PackageVersion(id=uuid4().hex, package_id="", number=0, file_count=1, size_bytes=1, created_at=NOON)
    new = Package(id="", name="n", source_folder="/s", created_at=NOON)
    return PackageRepository(engine, site_code=site_code).create(new, version)[0].id


def _rename(engine: Engine, old: str, new: str) -> None:
    with write(engine) as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.execute(update(package).where(package.c.id == old).values(id=new))
        connection.execute(update(package_version).where(package_version.c.package_id == old).values(package_id=new))


@pytest.mark.parametrize(
    ("newest", "following"), [("P0100009", "P010000A"), ("P010000Z", "P0100010"), ("P010ZZZZ", "P0110000")]
)
def test_package_ids_count_up_in_base_36(engine: Engine, newest: str, following: str) -> None:
    _rename(engine, _create(engine), newest)

    assert _create(engine) == following


def test_the_last_package_id_is_followed_by_none(engine: Engine) -> None:
    _rename(engine, _create(engine), "P01ZZZZZ")

    with pytest.raises(ConflictError, match="package_ids_used_up"):
        _create(engine)


def test_another_site_counts_for_itself(engine: Engine) -> None:
    assert [_create(engine), _create(engine, "A0B"), _create(engine)] == ["P0100001", "A0B00001", "P0100002"]
