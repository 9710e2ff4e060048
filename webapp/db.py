"""Connections: Flask-SQLAlchemy for requests, plain sessions and plain psycopg connections for
jobs.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache, lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row, tuple_row
from sqlalchemy import CursorResult, Engine, TextClause, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from webapp import queries
from webapp.config import Misconfigured

SQL = queries.load("server")

Connection = psycopg.Connection[dict[str, Any]]  # rows are dicts, as the engine reads them

# What Rowcall's statements rely on. The server, the database or the role may have other defaults:
# dates that psycopg cannot read, a stricter isolation, statements that are cut short. So each
# connection sets all of it after connecting, which a pooler passes on where it refuses start-up
# options.
SESSION_SETTINGS = {
    "application_name": "rowcall",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    # Rows that a policy hides would be missing from counts without a word: the statement fails
    # instead.
    "row_security": "off",
    # A statement that fails must not put its values into the server's log.
    "log_parameter_max_length_on_error": "0",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
# The schema is the role's: an installation may keep its tables in one of its own. Where the role
# looks into none, the tables are in `public`.
SEARCH_PATH = """set_config('search_path',
    CASE WHEN current_schema() IS NULL THEN 'public' ELSE current_setting('search_path') END, false)"""
NEWER_SETTINGS = {"transaction_timeout": (170_000, "0")}  # since which server version

# Look-ups planned while `contacts` was empty fell to a fifth of their speed as it filled. So no
# plan may depend on statistics: the look-ups are lateral, the plans generic, and whole-table scans
# are ruled out.
JOB_SETTINGS = {
    **SESSION_SETTINGS,
    "application_name": "rowcall-job",
    "plan_cache_mode": "force_generic_plan",
    "enable_indexscan": "on",
    "enable_indexonlyscan": "on",
    "enable_nestloop": "on",
    "enable_sort": "on",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_memoize": "off",
    "jit": "off",
    # The checkpoint commits with the data, so a crash of the database rewinds both together.
    "synchronous_commit": "off",
    "lock_timeout": "5s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "10s",
}

# A network that is cut says nothing: within half a minute, silence counts as a lost connection.
SILENCE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
CONNECT_OPTIONS: dict[str, Any] = {**SILENCE, "client_encoding": "UTF8", "connect_timeout": 5}


def sqlalchemy_url(url: str) -> str:
    """`postgresql://…` or `postgres://…` as SQLAlchemy wants it, with psycopg 3 named as the
    driver.
    """
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


def libpq_url(url: str) -> str:
    """The same URL as libpq wants it."""
    return "postgresql://" + url.partition("://")[2]


def prepare(
    conn: psycopg.Connection[Any], settings: Mapping[str, str] = SESSION_SETTINGS
) -> None:
    """Give a fresh connection the settings that Rowcall needs, in one round trip.

    Raises psycopg.Error.
    """
    newer = {
        name: value
        for name, (since, value) in NEWER_SETTINGS.items()
        if conn.info.server_version >= since
    }
    wanted = {**newer, **settings}
    calls = ", ".join(
        f"set_config('{name}', '{value}', false)" for name, value in wanted.items()
    )
    before = conn.autocommit
    conn.autocommit = True  # Settings made within a transaction would go with its roll-back.
    conn.execute(f"SELECT {SEARCH_PATH}, {calls}", prepare=False)
    conn.autocommit = before


def refuse_shared_sessions(url: str) -> None:
    """Raises Misconfigured for a pooler that Rowcall cannot use; a database that is away is
    waited for elsewhere.
    """
    with suppress(psycopg.OperationalError):
        if shares_sessions(libpq_url(url)):
            raise Misconfigured(SHARED_SESSIONS)


def connect_job(url: str) -> psycopg.Connection[dict[str, Any]]:
    """A connection for the engine's own statements, settings as above; rows come as dicts.

    Autocommit is off.
    """
    conn = psycopg.connect(
        libpq_url(url), row_factory=dict_row, prepare_threshold=0, **CONNECT_OPTIONS
    )
    try:
        prepare(conn, JOB_SETTINGS)
    except BaseException:
        conn.close()
        raise

    return conn


def cut(conn: Connection) -> None:
    """End the connection of a session that does not answer, for the thread that waits for it."""
    if conn.pgconn.transaction_status == TransactionStatus.ACTIVE:
        with suppress(OSError), socket.socket(fileno=os.dup(conn.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def engine_options(**connect_args: Any) -> dict[str, Any]:
    """What every SQLAlchemy engine is made with; `connect_args` replace those of `CONNECT_OPTIONS`.

    Each new connection is prepared, and no error quotes the values of its statement.
    """
    return {
        "connect_args": CONNECT_OPTIONS | connect_args,
        "hide_parameters": True,
        "pool_events": [(lambda conn, _record: prepare(conn), "connect")],
    }


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    # No pool: a work-horse lives for one slice, and a forked connection must never be shared.
    return create_engine(sqlalchemy_url(url), poolclass=NullPool, **engine_options())


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A plain session for jobs: commits at the end, rolls back on an exception."""
    with Session(_engine(url), expire_on_commit=False) as opened, opened.begin():
        yield opened


@contextmanager
def planned(session: Session, **settings: str) -> Iterator[None]:
    """Plan the statements within by these settings; what else the transaction asks is planned
    as always.
    """
    before = session.execute(_reading(tuple(settings))).one()
    session.execute(_setting(tuple(settings)), settings)

    yield

    session.execute(_setting(tuple(settings)), before._asdict())


@cache
def _reading(names: tuple[str, ...]) -> TextClause:
    values = (f"current_setting('{name}') AS {name}" for name in names)
    return text(f"SELECT {', '.join(values)}")


@cache
def _setting(names: tuple[str, ...]) -> TextClause:
    """All in one round trip, for the rest of the transaction."""
    calls = (f"set_config('{name}', :{name}, true)" for name in names)
    return text(f"SELECT {', '.join(calls)}")


def unfit(conn: psycopg.Connection[Any]) -> list[str]:
    """What about the server or the role Rowcall cannot set for its own connections; a sentence
    each, with the way out.

    `conn` is prepared. Empty where all is well. Raises psycopg.Error.
    """
    with conn.cursor(row_factory=tuple_row) as cursor:
        facts = cursor.execute(SQL.unfit).fetchone()

    found = (
        []
        if facts is None
        else [sentence for wrong, sentence in zip(facts, UNFIT, strict=True) if wrong]
    )

    return [*found, SHARED_SESSIONS] if shares_sessions(_address(conn)) else found


def shares_sessions(address: str) -> bool:
    """Whether a pooler at this libpq address shares sessions between clients. Raises psycopg.Error.

    Rowcall's sessions hold settings, functions, temporary tables and locks, so each connection
    needs one of its own. A pooler gives its client another number to cancel by than the session's,
    so that a direct connection is known by one question. Behind a pooler two connections are made:
    the second begins a transaction, and thereby takes the first one's session if it may.
    """
    with closing(psycopg.connect(address, autocommit=True, **CONNECT_OPTIONS)) as first:
        if first.info.backend_pid == _session_of(first):
            return False

        with closing(psycopg.connect(address, autocommit=True, **CONNECT_OPTIONS)) as second:
            before = _session_of(first)
            try:
                # In one message: the server's own limit may be over between two.
                second.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
                taken = _session_of(second)
            except (
                psycopg.errors.ProtocolViolation
            ):  # A pooler in statement mode allows no transaction.
                return True

            return taken == before or _session_of(first) != before


def _session_of(conn: psycopg.Connection[Any]) -> int:
    """The number of the database's process that answers."""
    (number,) = conn.execute("SELECT pg_backend_pid()", prepare=False).fetchone() or (0,)
    return int(number)


def _address(conn: psycopg.Connection[Any]) -> str:
    """What connects to the same database in the same way; its password too."""
    return make_conninfo(conn.info.dsn, password=conn.info.password or None)


UNFIT = (
    "This PostgreSQL is older than version 15: Rowcall needs 15 or later.",
    "The database's encoding is not UTF8: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
    "This server is a read-only copy: point DATABASE_URL at the primary server.",
    "session_replication_role is not 'origin': reset it for Rowcall's role, or foreign keys are not kept.",
    "The role may not make temporary tables: GRANT TEMP ON DATABASE … TO Rowcall's role.",
    "The role may not make tables: GRANT CREATE, USAGE ON SCHEMA public (or its own) TO Rowcall's role.",
)
SHARED_SESSIONS = (
    "DATABASE_URL leads to a pooler in transaction mode. "
    "Set pool_mode = session, or connect to PostgreSQL itself."
)


def driver(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under a SQLAlchemy session, in the session's own transaction."""
    return session.connection().connection.driver_connection  # type: ignore[return-value]


def execute(
    session: Session, statement: str, parameters: Mapping[str, Any] | None = None
) -> CursorResult[Any]:
    """Run a statement of `sql/` in the session's own transaction, after its pending objects.

    The rows are SQLAlchemy's, and so are the errors: it tells a connection that was lost.
    """
    session.flush()
    return session.connection().exec_driver_sql(statement, dict(parameters or {}))
