"""The life of content begins with what an older site has distributed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

import clouddp.site_server.database.schema as schema_module
from clouddp.model.bandwidth import Priority
from clouddp.site_server.database.distributions import DistributionRepository
from clouddp.site_server.database.engine import open_database, write
from clouddp.site_server.database.packages import PackageRepository
from clouddp.site_server.database.schema import upgrade_schema

BEFORE = "0003"
ROWS = (
    "INSERT INTO package VALUES ('P0100001', 'Editor', '/source', :at)",
    "INSERT INTO package_version VALUES ('v1', 'P0100001', 1, 1, 5, :at)",
    "INSERT INTO distribution VALUES ('v1', 'cdp1', 'success', 5, 5, 5, 100, 0, NULL, NULL, :at, :at)",
    "INSERT INTO distribution VALUES ('v1', 'cdp2', 'in_progress', 5, 5, 5, 100, 0, NULL, NULL, :at, :at)",
)


def test_what_clients_could_get_they_still_can_and_the_rest_they_still_cannot(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(schema_module.__file__).parent / "migrations"))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, BEFORE)
    with write(engine) as connection:
        for row in ROWS:
            connection.execute(text(row), {"at": "2026-11-23 12:00:00.000000"})

    upgrade_schema(engine)

    found = DistributionRepository(engine).of_package("P0100001")
    assert [(one.distribution.distribution_point_id, one.distribution.is_visible) for one in found] == [
        ("cdp1", True),
        ("cdp2", False),
    ]
    assert PackageRepository(engine, site_code="P01").get("P0100001").priority is Priority.MEDIUM
    engine.dispose()
