"""The doctor: a look at every part of an installation, and how to correct what is wrong.

"FIX" is what keeps Rowcall from working or from keeping its promises; "note" is worth knowing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from webapp import db, migrate, queries, readiness
from webapp.admin import postgres, restore
from webapp.config import Misconfigured, Settings, refuse_open_queue, refuse_short_key
from webapp.deciding import approval
from webapp.limits import MEBIBYTE
from webapp.reports import mail

SQL = queries.load("doctor")

ROOT = Path(__file__).parent.parent.parent
CLOCK_SECONDS = 10  # by which two clocks may differ
PEOPLE_TO_APPROVE = 2  # one who asks and one who approves
PROBE_BYTES = MEBIBYTE
PRIVATE = (
    "*.log",
    "secret_key",
    "*_password",
    "*.dump",
)  # files in the data folder, and backups beside it


@dataclass(frozen=True)
class Finding:
    """What was found at one part; `advice` is a sentence, empty where all is well."""

    part: str
    level: Literal["ok", "note", "FIX"]
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.level:<4} {self.part}" + (f": {self.advice}" if self.advice else "")


def look(settings: Settings) -> list[Finding]:
    """Look at every part; at least one finding for each."""
    findings: list[Finding] = []
    for part, check in CHECKS.items():
        try:
            told = list(check(settings))
        except (psycopg.Error, SQLAlchemyError):
            told = [UNSEEN]  # What is wrong with the database has been said.

        findings += [Finding(part, *one) for one in told] or [Finding(part, "ok")]

    return findings


UNSEEN: tuple[Literal["note"], str] = (
    "note",
    "Not looked at, since the database or the queue cannot be used.",
)
Told = Iterator[tuple[Literal["note", "FIX"], str]]


def _settings(settings: Settings) -> Told:
    for refuse in (refuse_short_key, refuse_open_queue):
        try:
            refuse(settings)
        except Misconfigured as problem:
            yield "FIX", str(problem)


def _database(settings: Settings) -> Told:
    if not settings.database_url:
        yield (
            "FIX",
            "Rowcall was never started here: start it with make run, or set DATABASE_URL.",
        )
        return

    try:
        with db.connect_job(settings.database_url) as conn:
            yield from (("FIX", sentence) for sentence in db.unfit(conn))
            yield from _role(conn)
            yield from _room(conn)
            yield from _kept(settings)
    except psycopg.Error as problem:
        said = str(problem).partition("\n")[0]
        yield "FIX", f"It is out of reach ({said}). Start it, or correct DATABASE_URL."


def _role(conn: Any) -> Told:
    if conn.execute(
        "SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user"
    ).fetchone()["super"]:
        sentence = (
            "Rowcall signs in as a superuser, who can do anything on that server. Give it a role of its "
            "own, the owner of its database."
        )
        yield "FIX", sentence


def _room(conn: Any) -> Told:
    """Write a little, as each batch does; nothing of it stays."""
    conn.rollback()
    try:
        conn.execute("CREATE TEMP TABLE room (filler text) ON COMMIT DROP")
        conn.execute(
            "INSERT INTO room SELECT repeat('x', 1024) FROM generate_series(1, %s)",
            (PROBE_BYTES // 1024,),
        )
    except psycopg.errors.DiskFull:
        yield "FIX", "The database's disk is full: make room on it. Imports wait until then."
    except psycopg.errors.InsufficientPrivilege:
        return  # said already
    finally:
        conn.rollback()


def _kept(settings: Settings) -> Told:
    with postgres.connect(settings.database_url) as conn:
        if name := restore.kept(conn):
            yield (
                "note",
                f"{name} is kept from before a restore; rowcall restore --drop-kept deletes it.",
            )


TABLES = {
    "no tables": "They are missing: run rowcall migrate, or start with make run.",
    "older tables": "They are of an older version than this program: run rowcall migrate.",
    "newer tables": f"They are of a newer version than this program, which knows {migrate.NEWEST}: upgrade it.",
    "tables missing": "Some are missing though the version is right: restore the last backup.",
}


def _tables(settings: Settings) -> Told:
    with db.session(settings.database_url) as session:
        found = readiness.database(session)

    if found in TABLES:
        yield "FIX", TABLES[found]
    elif found != "ok":
        yield UNSEEN


def _queue(settings: Settings) -> Told:
    found = readiness.queue(settings)
    if found == "out of reach":
        yield (
            "FIX",
            "It is out of reach: start it, or correct REDIS_URL. Imports wait until then.",
        )
    elif found != "ok":
        yield (
            "FIX",
            f"It {found}, and so loses jobs when it is full: set maxmemory-policy to noeviction.",
        )


def _worker(settings: Settings) -> Told:
    with db.session(settings.database_url) as session:
        found = readiness.worker(session, settings, database=readiness.database(session))

    if found == "none":
        yield (
            "FIX",
            "None runs: start one with .venv/bin/python worker.py. Imports wait until then.",
        )
    elif found == "does not reach the database":
        yield (
            "FIX",
            "It listens to the queue but does not reach this database: compare its DATABASE_URL.",
        )
    elif found == "ok":
        yield from _reports(settings)
    else:
        yield UNSEEN


def _reports(settings: Settings) -> Told:
    """What workers said of themselves."""
    with db.connect_job(settings.database_url) as conn:
        workers: Any = conn.execute(SQL.workers, {"age": readiness.SEEN_SECONDS}).fetchall()

    for one in workers:
        if one["tables"] != migrate.NEWEST:
            yield "FIX", f"{one['name']} runs another version of Rowcall: start it again."
        if abs(one["clock_ahead"]) > CLOCK_SECONDS:
            yield (
                "FIX",
                f"The clock of {one['name']} {_differs(one['clock_ahead'])}: set it by NTP.",
            )


def _clock(settings: Settings) -> Told:
    """This machine's clock against the database's, by which everything is dated."""
    with db.connect_job(settings.database_url) as conn:
        row: Any = conn.execute(
            "SELECT extract(epoch FROM clock_timestamp())::float AS now"
        ).fetchone()

    ahead = time.time() - row["now"]
    if abs(ahead) > CLOCK_SECONDS:
        yield "FIX", f"This machine's clock {_differs(ahead)}: set it by NTP."


def _differs(ahead: float) -> str:
    return f"is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's"


def _retention(settings: Settings) -> Told:
    """The time that holds stands in the database; environments that name another are not obeyed."""
    with db.connect_job(settings.database_url) as conn:
        rows: Any = conn.execute(SQL.retention, {"age": readiness.SEEN_SECONDS}).fetchall()

    told = [(row["name"], row["told"]) for row in rows if row["name"]]
    if (
        "retention_days" in settings.model_fields_set
        and settings.retention_days != rows[0]["held"]
    ):
        told.append(("this environment", settings.retention_days))

    for name, days in told:
        sentence = (
            f"RETENTION_DAYS is {days} for {name} and {rows[0]['held']} in the database, which holds. "
            f"To take it over: RETENTION_DAYS={days} rowcall migrate"
        )
        yield "note", sentence


def _approval(settings: Settings) -> Told:
    """Whether each person who can import has another one to approve what they ask for."""
    if settings.approval_above is None:
        return

    with db.session(settings.database_url) as session:
        people = approval.approvers(session)

    if len(people) < PEOPLE_TO_APPROVE:
        sentence = (
            f"APPROVAL_ABOVE is {settings.approval_above}, and fewer than two accounts can import: no "
            "other person could approve a larger change. Add an importer or an administrator."
        )
        yield "note", sentence


def _disk(settings: Settings) -> Told:
    if readiness.disk(settings) != "ok":
        least = readiness.LEAST_FREE // MEBIBYTE
        yield (
            "FIX",
            f"Less than {least} MB are free in {settings.var} or the temporary folder: make room.",
        )


def _files(settings: Settings) -> Told:
    """What logs, keys and backups hold is for the account alone that runs Rowcall."""
    for folder in (settings.var, ROOT):
        for file in sorted(found for pattern in PRIVATE for found in folder.glob(pattern)):
            if file.stat().st_mode & 0o077:
                yield "FIX", f"{file} is readable for others: chmod 600 {file}"


def _pdf(_settings: Settings) -> Told:
    try:
        import weasyprint  # noqa: F401, PLC0415 - only to see whether its libraries are there
    except OSError:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core"
        yield "note", f"Reports as PDF are off: apt-get install {packages}"


def _mail(settings: Settings) -> Told:
    if sentence := mail.trouble(settings):
        yield ("FIX" if settings.smtp_url else "note"), f"{sentence}."


CHECKS = {
    "settings": _settings,
    "database": _database,
    "tables": _tables,
    "queue": _queue,
    "worker": _worker,
    "clock": _clock,
    "retention": _retention,
    "approval": _approval,
    "disk": _disk,
    "files": _files,
    "pdf": _pdf,
    "mail": _mail,
}
