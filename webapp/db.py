"""Connections: Flask-SQLAlchemy for requests, plain sessions and plain psycopg connections for jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

# Look-ups planned while `contacts` was empty fell to a fifth of their speed as it filled. So no plan may
# depend on statistics: the look-ups are lateral, the plans generic, and whole-table scans are ruled out.
JOB_SETTINGS = {
    "application_name": "rowcall-job",
    "plan_cache_mode": "force_generic_plan",
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
    "client_encoding": "UTF8",
}

# A network that is cut says nothing: within half a minute, silence counts as a lost connection.
SILENCE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def sqlalchemy_url(url: str) -> str:
    """`postgresql://…` or `postgres://…` as SQLAlchemy wants it, with psycopg 3 named as the driver."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


def libpq_url(url: str) -> str:
    """The same URL as libpq wants it."""
    return "postgresql://" + url.partition("://")[2]


def connect_job(url: str) -> psycopg.Connection[dict[str, Any]]:
    """A connection for the engine's own statements, settings as above; rows come as dicts. Autocommit is off."""
    options = " ".join(f"-c {name}={value}" for name, value in JOB_SETTINGS.items())
    return psycopg.connect(
        libpq_url(url),
        options=options,
        row_factory=dict_row,
        prepare_threshold=0,
        connect_timeout=5,
        **SILENCE,
    )


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    # No pool: a work-horse lives for one slice, and a forked connection must never be shared.
    return create_engine(sqlalchemy_url(url), poolclass=NullPool, connect_args=SILENCE)


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A plain session for jobs: commits at the end, rolls back on an exception."""
    with Session(_engine(url), expire_on_commit=False) as opened, opened.begin():
        yield opened


@contextmanager
def planned(session: Session, **settings: str) -> Iterator[None]:
    """Plan the statements within by these settings; what else the transaction asks is planned as always."""
    for name, value in settings.items():
        session.execute(text(f"SET LOCAL {name} = {value}"))
    yield
    for name in settings:
        session.execute(text(f"SET LOCAL {name} TO DEFAULT"))
