"""Requests whose answer never came: what they may still do is waited for, and nothing is made twice or left over."""

import pytest

from clouddp.model.errors import ConflictError, TemporaryError
from clouddp.providers.azure_classic.operations import UNANSWERED_SECONDS
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.providers.base import Connection
from clouddp.providers.journal import MemoryJournal
from tests.unit.providers.azure_classic.scripted_cloud import Answer, ScriptedCloud, error_body

ACCOUNTS = "/services/storageservices"
ABSENT = Answer(404, error_body("ResourceNotFound", "The storage account 'abc' was not found."))
TAKEN = Answer(409, error_body("ConflictError", "A storage account named 'abc' already exists."))
CREATED = Answer(
    body="<StorageService><StorageServiceProperties><Status>Created</Status></StorageServiceProperties></StorageService>"
)
SUBJECT = "storage account abc"


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(clock: Clock) -> MemoryJournal:
    return MemoryJournal(now=clock)


@pytest.fixture
def connection(cloud: ScriptedCloud, journal: MemoryJournal) -> Connection:
    return AzureClassicProvider().connect(cloud.settings(), journal=journal)


def ensure(connection: Connection) -> bool:
    return connection.storage.ensure_storage_account("abc", region="West Europe", marks={})


def test_the_intent_is_written_before_the_cloud_is_asked(
    cloud: ScriptedCloud, connection: Connection, journal: MemoryJournal
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT)
    cloud.script("POST", ACCOUNTS, Answer(hangs_up=True))

    with pytest.raises(TemporaryError):
        ensure(connection)

    asked = journal.find(SUBJECT)
    assert asked is not None
    assert asked.request_id == ""


def test_an_account_that_comes_after_its_removal_has_begun_is_removed(
    cloud: ScriptedCloud, connection: Connection
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT, ABSENT, CREATED, ABSENT)
    cloud.script("POST", ACCOUNTS, Answer(hangs_up=True))
    cloud.script("DELETE", f"{ACCOUNTS}/abc", Answer(200))
    with pytest.raises(TemporaryError):
        ensure(connection)

    seen = [connection.storage.remove_storage_account("abc") for _ in range(3)]

    assert seen == [False, False, True]
    assert [asked.method for asked in cloud.asked].count("DELETE") == 1


def test_after_a_minute_without_a_sign_of_it_a_lost_request_is_lost(
    cloud: ScriptedCloud, connection: Connection, journal: MemoryJournal, clock: Clock
) -> None:
    journal.note(SUBJECT, "")
    assert not connection.storage.remove_storage_account("abc")

    clock.seconds = UNANSWERED_SECONDS

    assert [connection.storage.remove_storage_account("abc") for _ in range(2)] == [False, True]
    assert journal.find(SUBJECT) is None


def test_a_name_that_our_own_lost_request_has_taken_is_awaited(
    cloud: ScriptedCloud, connection: Connection, journal: MemoryJournal
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT, ABSENT, ABSENT, CREATED)
    cloud.script("POST", ACCOUNTS, Answer(hangs_up=True), TAKEN)
    with pytest.raises(TemporaryError):
        ensure(connection)

    with pytest.raises(TemporaryError):
        ensure(connection)

    assert ensure(connection)
    assert journal.find(SUBJECT) is None


def test_a_name_that_somebody_else_took_is_told_at_once(
    cloud: ScriptedCloud, connection: Connection, journal: MemoryJournal
) -> None:
    cloud.script("POST", ACCOUNTS, TAKEN)

    with pytest.raises(ConflictError, match="name_taken"):
        ensure(connection)

    assert journal.find(SUBJECT) is None


def test_a_process_that_takes_over_knows_the_operation_and_asks_for_nothing(
    cloud: ScriptedCloud, connection: Connection, journal: MemoryJournal
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT)
    cloud.script("POST", ACCOUNTS, Answer(202, headers={"x-ms-request-id": "op1"}))
    cloud.script("GET", "/operations/op1", Answer(body="<Operation><Status>InProgress</Status></Operation>"))
    assert not ensure(connection)

    successor = AzureClassicProvider().connect(cloud.settings(), journal=journal)

    assert not ensure(successor)
    assert [asked.method for asked in cloud.asked].count("POST") == 1


def test_what_was_never_sent_is_not_waited_for(
    cloud: ScriptedCloud, journal: MemoryJournal, connection: Connection
) -> None:
    cloud.script("GET", f"{ACCOUNTS}/abc", ABSENT)
    cloud.script("POST", ACCOUNTS, Answer(503, error_body("ServerBusy", "Please retry."), {"Retry-After": "90"}))

    with pytest.raises(TemporaryError):
        ensure(connection)

    assert journal.find(SUBJECT) is None
