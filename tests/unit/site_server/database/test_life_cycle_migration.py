"""A site of the version before the life cycle keeps all that it has."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from clouddp.site_server.database import migrations
from clouddp.site_server.database.engine import open_database, read
from clouddp.site_server.database.schema import upgrade_schema

SERVICE = {
    "provider": "'azure-classic'",
    "management_url": "'https://127.0.0.1'",
    "subscription_id": "'s'",
    "region": "'West Europe'",
    "description": "''",
    "instance_count": "2",
    "storage_quota_bytes": "1",
    "transfer_quota_bytes": "1",
    "warning_percent": "50",
    "critical_percent": "90",
    "generation": "3",
    "settled_generation": "2",
    "state": "'ready'",
    "activity": "''",
    "service_certificate_thumbprint": "'AA'",
    "management_certificate_thumbprint": "'BB'",
    "created_at": "'2026-11-01 12:00:00.000000'",
    "changed_at": "'2026-11-02 12:00:00.000000'",
}


def test_services_steps_and_the_index_on_names_outlive_the_migration(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    with engine.begin() as connection:
        _upgrade_to(connection, "0001")
        _insert(connection, "one", "clouddp1.contoso.com", "running")
        _insert(connection, "two", "clouddp2.contoso.com", "deleted")
        step = "('one', 1, 'container', '2026-11-01 12:00:01.000000')"
        connection.execute(text(f"INSERT INTO cloud_service_step VALUES {step}"))  # noqa: S608 (our own constant)

    upgrade_schema(engine)

    with read(engine) as connection:
        query = "SELECT id, action, package_generation, wanted_at = changed_at, deadline_at FROM cloud_service"
        assert [tuple(row) for row in connection.execute(text(f"{query} ORDER BY id"))] == [
            ("one", "create", 1, 1, None),
            ("two", "delete", 1, 1, None),
        ]
        assert connection.execute(text("SELECT step FROM cloud_service_step")).scalars().all() == ["container"]
        index = "SELECT count(*) FROM sqlite_master WHERE name = 'uq_cloud_service_fqdn_without_case'"
        assert connection.execute(text(index)).scalar() == 1
    engine.dispose()


def _upgrade_to(connection: Connection, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(migrations.__path__[0])))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def _insert(connection: Connection, identifier: str, fqdn: str, desired: str) -> None:
    own = {"id": identifier, "service_fqdn": fqdn, "service_name": f"{identifier}name", "desired": desired}
    columns = SERVICE | {name: f"'{value}'" for name, value in own.items()}
    names, values = ", ".join(columns), ", ".join(columns.values())
    connection.execute(text(f"INSERT INTO cloud_service ({names}) VALUES ({values})"))  # noqa: S608 (as above)
