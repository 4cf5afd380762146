"""The table of jobs, in SQLite or PostgreSQL."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sql
from sqlalchemy.engine.interfaces import DBAPIConnection

from service.problems.errors import InsufficientStorageError

_METADATA = sql.MetaData()
JOBS = sql.Table(
    "adamml_jobs",
    _METADATA,
    sql.Column("id", sql.String(26), primary_key=True),
    sql.Column("state", sql.String(16), nullable=False, index=True),
    sql.Column("options", sql.Text, nullable=False),
    sql.Column("digest", sql.String(64), nullable=False),
    sql.Column("key", sql.String(255), unique=True),
    sql.Column("request_id", sql.String(64), nullable=False),
    sql.Column("upload_bytes", sql.BigInteger, nullable=False),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("started", sql.Double),
    sql.Column("finished", sql.Double, index=True),
    sql.Column("attempts", sql.Integer, nullable=False, default=0),
    sql.Column("is_cancelled", sql.Boolean, nullable=False, default=False),
    sql.Column("segments_done", sql.Integer, nullable=False, default=0),
    sql.Column("segments", sql.Integer),
    sql.Column("seconds_done", sql.Double, nullable=False, default=0.0),
    sql.Column("video_seconds", sql.Double),
    sql.Column("gflops", sql.Double, nullable=False, default=0.0),
    sql.Column("code", sql.String(64)),
    sql.Column("detail", sql.Text),
    # Who runs it, and until when nobody else may.
    sql.Column("owner", sql.String(26)),
    sql.Column("leased_until", sql.Double),
)
LEASE_COLUMNS = ("owner", "leased_until")
_BUSY_SECONDS = 30
# As SQLite and PostgreSQL say it.
_FULL = re.compile(r"disk is full|disk full|No space left", re.I)


class Database:
    """Transactions of which one at a time changes a job. Used from any thread."""

    def __init__(self, url: str) -> None:
        """Creates the table where there is none. Raises sqlalchemy.exc.SQLAlchemyError."""
        self._is_sqlite = url.startswith("sqlite")
        arguments = {"timeout": _BUSY_SECONDS} if self._is_sqlite else {}
        self._engine = sql.create_engine(url, connect_args=arguments, pool_pre_ping=True)
        if self._is_sqlite:
            sql.event.listen(self._engine, "connect", _prepare_sqlite)
            sql.event.listen(self._engine, "begin", _begin_immediately)
        _METADATA.create_all(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[sql.Connection]:
        """Raises InsufficientStorageError where the database has no room to write."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sql.exc.OperationalError as error:
            if not _FULL.search(str(error.orig)):
                raise
            raise InsufficientStorageError(
                "there is no room for the job in its database"
            ) from error

    def now(self, connection: sql.Connection) -> float:
        """Unix seconds by the one clock that all processes share."""
        if self._is_sqlite:
            return time.time()
        return float(connection.execute(sql.text("SELECT extract(epoch from now())")).scalar_one())

    def close(self) -> None:
        self._engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, record: object) -> None:
    # The driver would otherwise begin transactions by itself, and only when something is written.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_immediately(connection: sql.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
