"""Bring a database to the newest version of the tables."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from webapp import db
from webapp.config import Settings
from webapp.imports import deadlines

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 7_665_107  # "rowcall tables"
MIGRATIONS = Path(__file__).parent.parent / "migrations"


def versions() -> list[str]:
    """The versions of the tables that this program knows, oldest first, from the files' names."""
    return sorted(
        file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/[0-9]*_*.py")
    )


NEWEST = versions()[
    -1
]  # of the tables that this process works with, not those that a pull puts there later


def config(url: str) -> "Config":
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config  # noqa: PLC0415 - the web process needs the versions alone

    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.set_main_option("sqlalchemy.url", db.sqlalchemy_url(url).replace("%", "%%"))
    return found


def migrate(url: str) -> None:
    """Apply the migrations that the database lacks.

    Two starts at once do it one after the other.
    """
    from alembic import command  # noqa: PLC0415 - the web process needs the versions alone

    with psycopg.connect(db.libpq_url(url), connect_timeout=5, autocommit=True) as conn:
        # Held by a transaction, and so for as long as this connection lives, behind a pooler too.
        # In one message: the server's own limit may be over between two.
        conn.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        row = conn.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", (MIGRATION_LOCK,)
        ).fetchone()

        if row != (True,):
            print(  # noqa: T201
                "Another start brings the tables up to date; waiting for it.",
                file=sys.stderr,
                flush=True,
            )
            conn.execute("SET LOCAL statement_timeout = 0")
            conn.execute("SET LOCAL lock_timeout = 0")
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))

        command.upgrade(config(url), "head")


def take_over(url: str, settings: Settings) -> None:
    """Keep in the database what this environment says and every process is to go by:
    RETENTION_DAYS.

    One that the environment does not name stays as it was.
    """
    if "retention_days" in settings.model_fields_set:
        with db.session(url) as session:
            deadlines.keep_days(session, settings.retention_days)
