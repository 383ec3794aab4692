"""Bring the site database to the schema of this version, with Alembic."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from clouddp.model.errors import ConflictError

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade_schema(engine: Engine) -> None:
    """Apply the migrations that the database lacks; all of them, or none.

    Raises:
        ConflictError: the database is of a newer version of the product.
    """
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(configuration)
    with engine.begin() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        if present == script.get_current_head():
            return
        if present is not None and present not in {revision.revision for revision in script.walk_revisions()}:
            raise ConflictError("database.schema_newer", schema=present)
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
