"""Named secrets: made once, kept sealed."""

import os
from pathlib import Path

from sqlalchemy import select

from clouddp.site_server.database.engine import open_database, read
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.secrets import SiteSecrets, site_secret
from clouddp.site_server.database.tables import metadata


def test_a_secret_is_made_once_and_never_stored_in_clear(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    metadata.create_all(engine)
    secrets = SiteSecrets(engine, {"site": Sealer(os.urandom(32))})

    first = secrets.obtain("name", wrapping="site", make=lambda: b"first secret")
    second = secrets.obtain("name", wrapping="site", make=lambda: b"another one")

    assert first == second == b"first secret"
    with read(engine) as connection:
        assert b"first secret" not in connection.execute(select(site_secret.c.sealed)).scalar_one()
    engine.dispose()
