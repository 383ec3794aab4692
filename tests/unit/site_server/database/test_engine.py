"""Transactions on SQLite that wait for each other instead of failing."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import OperationalError, StatementError

from clouddp.site_server.database.engine import open_database, read, write
from clouddp.site_server.database.tables import Moment

METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("value", Integer), Column("at", Moment))


def test_two_writers_that_read_first_both_succeed(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    METADATA.create_all(engine)

    def add_one() -> None:
        for _ in range(20):
            with write(engine) as connection:
                count = connection.execute(select(func.count()).select_from(COUNTER)).scalar_one()
                connection.execute(insert(COUNTER).values(value=count))

    threads = [threading.Thread(target=add_one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with read(engine) as connection:
        assert list(connection.execute(select(COUNTER.c.value).order_by(COUNTER.c.value)).scalars()) == list(range(60))
    engine.dispose()


def test_what_a_failed_transaction_wrote_is_gone(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    METADATA.create_all(engine)

    def fail_half_way() -> None:
        with write(engine) as connection:
            connection.execute(insert(COUNTER).values(value=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    with read(engine) as connection:
        assert connection.execute(select(func.count()).select_from(COUNTER)).scalar_one() == 0
    engine.dispose()


def test_a_moment_comes_back_aware_and_one_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")
    METADATA.create_all(engine)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    with write(engine) as connection:
        connection.execute(insert(COUNTER).values(value=1, at=noon))
        with pytest.raises(StatementError):
            connection.execute(insert(COUNTER).values(value=2, at=noon.replace(tzinfo=None)))

    with read(engine) as connection:
        assert connection.execute(select(COUNTER.c.at)).scalar_one() == noon
    engine.dispose()


def test_what_was_given_to_a_statement_is_in_no_error(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "site.db")

    with pytest.raises(OperationalError) as caught, read(engine) as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE secret = :secret"), {"secret": "hush"})

    assert "hush" not in str(caught.value)
