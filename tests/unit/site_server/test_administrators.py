"""API tokens: hashed, expiring."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.model.errors import RefusedError
from clouddp.site_server.administrators import TOKEN_LIFETIME, Administrators
from clouddp.site_server.database.api_tokens import ApiTokenRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.tables import metadata

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


def test_a_token_opens_until_its_time_is_over_and_others_never(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    metadata.create_all(engine)
    clock = Clock()
    administrators = Administrators(ApiTokenRepository(engine), now=clock)

    token = administrators.new_token("setup")

    administrators.authenticate(token)
    with pytest.raises(RefusedError):
        administrators.authenticate(token + "x")
    clock.moment = NOON + TOKEN_LIFETIME + timedelta(seconds=1)
    with pytest.raises(RefusedError):
        administrators.authenticate(token)
    assert token.encode() not in (tmp_path / "site.db").read_bytes()
    engine.dispose()
