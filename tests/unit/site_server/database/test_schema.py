"""The schema that migrations make is the one that the code speaks to."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import clouddp.bootstrap.site  # noqa: F401 (knows all tables)
from clouddp.model.errors import ConflictError
from clouddp.site_server.database.engine import open_database, read, write
from clouddp.site_server.database.schema import upgrade_schema
from clouddp.site_server.database.tables import metadata


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_every_table_that_the_code_uses(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")

    upgrade_schema(engine)

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_migrations_make_every_index_too(tmp_path: Path) -> None:
    migrated, created = open_database(tmp_path / "migrated.db"), open_database(tmp_path / "created.db")
    query = text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND tbl_name != 'alembic_version'")

    upgrade_schema(migrated)
    metadata.create_all(created)

    with read(migrated) as left, read(created) as right:
        assert set(left.execute(query).tuples()) == set(right.execute(query).tuples())
    migrated.dispose()
    created.dispose()


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")

    upgrade_schema(engine)
    upgrade_schema(engine)

    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    upgrade_schema(engine)
    with write(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConflictError, match="schema_newer"):
        upgrade_schema(engine)

    engine.dispose()
