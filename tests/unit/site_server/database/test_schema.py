"""The schema that migrations make is the one that the code speaks to."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

import clouddp.bootstrap.site  # noqa: F401 (knows all tables)
from clouddp.model.errors import ConflictError
from clouddp.site_server.database.engine import open_database, read, write
from clouddp.site_server.database.schema import upgrade_schema
from clouddp.site_server.database.tables import metadata


def test_migrations_make_the_tables_that_the_code_speaks_to(tmp_path: Path) -> None:
    migrated, created = open_database(tmp_path / "migrated.db"), open_database(tmp_path / "created.db")

    upgrade_schema(migrated)
    metadata.create_all(created)

    assert _columns(migrated) == _columns(created)
    assert _indexes(migrated) == _indexes(created)
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


def _columns(engine: Engine) -> dict[str, list[tuple[str, str, bool]]]:
    inspector = inspect(engine)
    return {
        table: sorted(
            (column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _indexes(engine: Engine) -> set[str]:
    query = text("SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'index'")
    with read(engine) as connection:
        return {name for name in connection.execute(query).scalars() if not name.startswith("alembic_version")}
