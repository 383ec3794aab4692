import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.site_server.clients import SiteClients
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.engine import open_database
from clouddp.site_server.database.status_messages import StatusMessageRepository
from clouddp.site_server.database.tables import metadata
from clouddp.site_server.status import StatusLog

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Site:
    def __init__(self, folder: Path) -> None:
        engine = open_database(folder / "site.db")
        metadata.create_all(engine)
        self.now = NOON
        self.told = 0
        self.records = ClientRepository(engine)
        self.status = StatusLog(StatusMessageRepository(engine), now=lambda: self.now)
        self.clients = SiteClients(
            self.records,
            fingerprint=lambda: "f" * 64,
            blocks_changed=self._tell,
            status=self.status,
            now=lambda: self.now,
        )

    def register(self, token: str) -> str:
        return self.clients.register(token, public_key=public_jwk(new_signing_key()), name="pc1")

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_token_registers_as_many_clients_as_it_is_for(site: Site) -> None:
    token = site.clients.new_registration_token(uses=2)

    first, second = site.register(token), site.register(token)

    assert {client.id for client in site.clients.list()} == {first, second}
    with pytest.raises(RefusedError):
        site.register(token)


def test_an_expired_token_registers_nobody(site: Site) -> None:
    token = site.clients.new_registration_token(hours=1)
    site.now = NOON + timedelta(hours=1)

    with pytest.raises(RefusedError):
        site.register(token)
    assert list(site.clients.list()) == []


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_of_which_a_part_is_wrong_registers_nobody(site: Site, part: int) -> None:
    parts = site.clients.new_registration_token().split(".")
    parts[part] = ("0" if parts[part][0] != "0" else "1") + parts[part][1:]

    with pytest.raises(RefusedError):
        site.register(".".join(parts))


def test_the_secret_of_a_token_is_not_in_the_database(site: Site, tmp_path: Path) -> None:
    secret = site.clients.new_registration_token().split(".")[1]

    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_is_registered_once_and_the_token_keeps_its_use(site: Site) -> None:
    token, key = site.clients.new_registration_token(uses=2), public_jwk(new_signing_key())
    site.clients.register(token, public_key=key, name="pc1")

    with pytest.raises(ConflictError):
        site.clients.register(token, public_key=key, name="pc2")
    site.register(token)


def test_registration_is_reported(site: Site) -> None:
    site.register(site.clients.new_registration_token())

    assert [message.number for message in site.status.list()] == [12020]


def test_access_to_the_cloud_is_no_until_somebody_decides(site: Site) -> None:
    assert not site.clients.is_cloud_allowed()
    site.clients.allow_cloud(allowed=True)
    assert site.clients.is_cloud_allowed()
    site.clients.allow_cloud(allowed=False)
    assert not site.clients.is_cloud_allowed()


def test_blocking_a_client_is_remembered_with_its_moment_and_told_on(site: Site) -> None:
    client = site.register(site.clients.new_registration_token())

    site.clients.block(client)

    assert site.records.blocked_clients() == {client: NOON + timedelta(seconds=60)}
    assert site.told == 1


def test_a_client_that_is_not_there_cannot_be_blocked(site: Site) -> None:
    with pytest.raises(NotFoundError):
        site.clients.block("0" * 32)


def test_a_token_for_nobody_is_not_made(site: Site) -> None:
    with pytest.raises(InvalidInputError):
        site.clients.new_registration_token(uses=0)


def test_two_registrations_of_one_key_at_once_make_one_client_and_use_the_token_once(site: Site) -> None:
    token = site.clients.new_registration_token(uses=3)
    key, start = public_jwk(new_signing_key()), threading.Barrier(4)

    def register() -> str:
        start.wait(timeout=10)
        return site.clients.register(token, public_key=key, name="pc1")

    with ThreadPoolExecutor(4) as pool:
        ended = [future.exception() for future in [pool.submit(register) for _ in range(4)]]

    assert sorted(type(error).__name__ for error in ended) == ["ConflictError"] * 3 + ["NoneType"]
    assert len(site.clients.list()) == 1
    site.register(token)
    site.register(token)
    with pytest.raises(RefusedError):
        site.register(token)


def test_a_refused_token_is_told_of_once_an_hour(site: Site) -> None:
    token = site.clients.new_registration_token(hours=3)
    site.register(token)

    for minutes in (0, 30, 59, 61):
        site.now = NOON + timedelta(minutes=minutes)
        with pytest.raises(RefusedError):
            site.register(token)

    assert len(site.status.list(number=12021)) == 2
