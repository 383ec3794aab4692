"""Open the site database: SQLite in WAL mode by default, PostgreSQL by URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

_BUSY_TIMEOUT_MILLISECONDS = 30_000
_POOL_TIMEOUT_SECONDS = 120  # who waits for a connection is served in turn: on a slow disk many take long


def open_database(location: str | Path) -> Engine:
    """Open the database at a URL (`postgresql+psycopg://…`) or in an SQLite file, which is made when missing."""
    text = str(location)
    if "://" in text:
        return create_engine(text, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        f"sqlite:///{text}", hide_parameters=True, pool_timeout=_POOL_TIMEOUT_SECONDS
    )  # an error's text ends in a log
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that may write; it is committed when the block ends, rolled back when it raises."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one consistent state and keeps nothing."""
    with engine.connect().execution_options(clouddp_read_only=True) as connection:
        yield connection


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event decides how a transaction begins, not the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MILLISECONDS}")
    cursor.close()


def _begin_immediately(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once with BUSY, whatever the time-out.
    read_only = connection.get_execution_options().get("clouddp_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
