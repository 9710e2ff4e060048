"""Whether the parts can be worked with: what /readyz answers, and what `rowcall doctor` looks
at too.

Each function gives "ok", or in a few words what is wrong with its part.
"""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp import db, jobs, migrate, queries
from webapp.config import Settings
from webapp.limits import MEBIBYTE
from webapp.models import Base

SQL = queries.load("readiness")

SEEN_SECONDS = 30  # a worker reports every few seconds
LEAST_FREE = 100 * MEBIBYTE  # of a disk that is written to
FITTING_POLICY = "noeviction"
UNREACHED = (redis.RedisError, ValueError)  # the latter for a REDIS_URL that is none


def parts(session: Session, settings: Settings) -> dict[str, str]:
    """Every part by name: database, queue, worker, disk."""
    found = database(session)

    return {
        "database": found,
        "queue": queue(settings),
        "worker": worker(session, settings, database=found),
        "disk": disk(settings),
    }


def database(session: Session) -> str:
    """Whether the database answers and holds the tables that this program works with."""
    names = ["alembic_version", *Base.metadata.tables]
    try:
        missing = db.execute(session, SQL.missing_tables, {"names": names}).scalar()

        if missing == len(names):
            return "no tables"

        version = session.scalar(text("SELECT min(version_num) FROM alembic_version"))
    except SQLAlchemyError:
        return "out of reach"

    if version != migrate.NEWEST:
        return "older tables" if version in migrate.versions() else "newer tables"

    return "tables missing" if missing else "ok"


def queue(settings: Settings) -> str:
    """Whether the queue answers and keeps what is put on it."""
    try:
        policy = jobs.eviction_policy(settings)
    except UNREACHED:
        return "out of reach"

    return "ok" if policy in {FITTING_POLICY, None} else f"evicts ({policy})"


def worker(session: Session, settings: Settings, *, database: str) -> str:
    """Whether a worker listens to the queue, and whether one reaches this database."""
    try:
        if not jobs.workers(settings):
            return "none"
    except UNREACHED:
        return "unknown"

    if database != "ok":
        return "unknown"

    seen = db.execute(session, SQL.count_workers, {"age": SEEN_SECONDS}).scalar()

    return "ok" if seen else "does not reach the database"


def disk(settings: Settings) -> str:
    """Whether there is room where this machine keeps data and takes uploads.

    A folder that is not there, or that this process may not enter, is none that it writes to.
    """
    free = []
    for folder in (settings.var, Path(tempfile.gettempdir())):
        with suppress(OSError):
            free.append(shutil.disk_usage(folder).free)

    return "ok" if min(free, default=LEAST_FREE) >= LEAST_FREE else "nearly full"
