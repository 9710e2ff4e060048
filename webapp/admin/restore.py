"""Restoring: a backup is put into a database of its own, checked and migrated, and then takes
the place.

Two renames in one transaction are the swap, so the database's name stands at every moment for
a whole book: the one from before, or the restored one. The one from before is kept under
another name until the next restore, or until it is dropped.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from webapp import migrate, queries
from webapp.admin import AdminError, backup, postgres
from webapp.admin.backup import Archive
from webapp.admin.postgres import Administrative

SQL = queries.load("restore")

SWAP_SECONDS = 60  # for which sessions that come back are ended again
LONGEST_STEM = 40  # characters; PostgreSQL cuts names at 63, and a suffix must not be cut off
ONE_AT_A_TIME = 7_665_104  # "rowcall restore": an advisory lock
# No worker that still runs holds a token as high: it can do nothing to a restored import.
TOKENS_ON = 1_000_000


@dataclass(frozen=True)
class _Names:
    current: str
    owner: str

    @property
    def restoring(self) -> str:
        return f"{self.current[:LONGEST_STEM]}_restoring"

    @property
    def before(self) -> str:
        return f"{self.current[:LONGEST_STEM]}_before_restore"

    @property
    def dropping(self) -> str:
        return f"{self.current[:LONGEST_STEM]}_dropping"


def restore(url: str, file: Path) -> str:
    """Put the backup in the place of what the database at `url` holds; what was done.

    Raises AdminError, and leaves the database as it is, when the file is broken, is not of
    Rowcall or of a newer one, or when the role may not create databases.
    """
    archive = backup.check(file)
    _see_that_it_fits(archive)

    with postgres.connect(url) as conn:
        names, described, empty, days = (
            _names(conn),
            _describe(conn),
            _is_empty(conn),
            _retention(conn),
        )

    if empty:
        _fill(archive, url, days)
        return f"Restored from {file} into the empty database {names.current}."

    with _administration(url) as admin, _fresh_database(admin, names, described):
        fresh = postgres.on_database(url, names.restoring)
        _fill(archive, fresh, days)
        _swap(admin, names, names.restoring)

    return (
        f"Restored from {file}. Everybody has to sign in again. What was there before is kept as the "
        f"database {names.before}: rowcall restore --back puts it back, rowcall restore --drop-kept "
        f"deletes it."
    )


def back(url: str) -> str:
    """Exchange the database and the one kept by the last restore; what was done.

    Raises AdminError.
    """
    with postgres.connect(url) as conn:
        names = _names(conn)

    with _administration(url) as admin:
        if not _exists(admin, names.before):
            raise AdminError("No database is kept from before a restore. Nothing was changed.")
        _make_ready(postgres.on_database(url, names.before), 1)
        _swap(admin, names, names.before)

    return f"Exchanged: what had been restored is now kept as {names.before}."


def drop_kept(url: str) -> str:
    """Delete the database kept by the last restore; what was done. Raises AdminError."""
    with postgres.connect(url) as conn:
        names = _names(conn)

    with _administration(url) as admin:
        if not _exists(admin, names.before):
            return "No database is kept from before a restore."
        _drop(admin, names.before)

    return f"Deleted {names.before}."


def kept(conn: Administrative) -> str | None:
    """The name of the database kept by the last restore, where there is one."""
    name = _names(conn).before
    return name if _exists(conn, name) else None


# The database to fill


def _names(conn: Administrative) -> _Names:
    found = _one(conn, "SELECT current_database()::text AS name, current_user::text AS role")
    return _Names(found["name"], found["role"])


def _describe(conn: Administrative) -> dict[str, Any]:
    """The database's row of pg_database, whose columns differ from version to version."""
    return dict(_one(conn, SQL.describe)["found"])


def _is_empty(conn: Administrative) -> bool:
    return not _one(conn, SQL.count_relations)["n"]


@contextmanager
def _administration(url: str) -> Iterator[Administrative]:
    """A connection beside the database, since a session cannot rename its own database."""
    for name in ("postgres", "template1"):
        with suppress(AdminError):
            conn = postgres.connect(postgres.on_database(url, name))
            break
    else:
        raise AdminError(
            "Neither of the server's databases postgres and template1 can be reached, and one is "
            f"needed to exchange databases. {_INTO_EMPTY} Nothing was changed."
        )

    with conn:
        if not _one(conn, f"SELECT pg_try_advisory_lock({ONE_AT_A_TIME}) AS mine")["mine"]:
            raise AdminError("Another restore is running. Nothing was changed.")
        yield conn


_INTO_EMPTY = (
    "Or have an empty database made that this role owns, and restore into it: "
    "DATABASE_URL=postgresql://…/NEW rowcall restore FILE; then start Rowcall with that DATABASE_URL."
)


@contextmanager
def _fresh_database(
    admin: Administrative, names: _Names, described: dict[str, Any]
) -> Iterator[None]:
    """An empty database with the present one's encoding and collation; dropped unless it was
    swapped in.
    """
    _drop(admin, names.restoring)
    try:
        admin.execute(_create_statement(names, described))
    except psycopg.errors.InsufficientPrivilege:
        raise AdminError(
            f"The role {names.owner} may not create databases, which a restore needs. Have an "
            f'administrator of the server run: ALTER ROLE "{names.owner}" CREATEDB. {_INTO_EMPTY} '
            "Nothing was changed."
        ) from None

    try:
        yield
    except BaseException:
        _drop(admin, names.restoring)
        raise


def _create_statement(names: _Names, described: dict[str, Any]) -> sql.Composed:
    statement = sql.SQL(
        "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    ).format(
        sql.Identifier(names.restoring), sql.Identifier(names.owner), described["name"],
        described["datcollate"], described["datctype"],
    )  # fmt: skip

    if described["datlocprovider"] == "i":
        locale = described.get("daticulocale") or described.get("datlocale")
        statement += sql.SQL(" LOCALE_PROVIDER icu ICU_LOCALE {}").format(locale)

    return statement


def _retention(conn: Administrative) -> int:
    """The retention time that holds now, in days; 1 where there are no tables, or old ones."""
    if not _one(conn, "SELECT to_regclass('installation') IS NOT NULL AS there")["there"]:
        return 1
    return int(_one(conn, "SELECT retention_days AS days FROM installation")["days"])


def _fill(archive: Archive, url: str, days: int) -> None:
    """Put the backup into an empty database and bring it to this version; all of it or nothing."""
    whole = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    if archive.schema != "public":
        with postgres.connect(url) as conn:
            conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(archive.schema)))

    try:
        # The schema alone: extensions are the server's administrator's, and need no restoring.
        postgres.run(
            archive.program, *whole, "--schema", archive.schema, str(archive.file), url=url
        )
    except AdminError as problem:
        raise AdminError(
            f"{archive.file} cannot be restored ({problem}). Nothing was changed."
        ) from None

    _make_ready(url, days)


def _see_that_it_fits(archive: Archive) -> None:
    """Raise AdminError for a backup of a newer Rowcall, or of one without an account that can
    sign in.
    """
    version = next(iter(_rows(archive, "alembic_version")), "")
    if version not in migrate.versions():
        raise AdminError(
            f"{archive.file} is of a newer Rowcall: its tables are of version {version}, and this one knows "
            f"them up to {migrate.NEWEST}. Bring Rowcall up to date first. Nothing was changed."
        )
    if not _rows(archive, "users"):
        raise AdminError(
            f"{archive.file} holds no accounts, so no one could sign in. Nothing was changed."
        )


def _rows(archive: Archive, table: str) -> list[str]:
    """A table's rows as they stand in the backup, in the format of COPY."""
    which = ("--data-only", "--schema", archive.schema, "--table", table)
    script = postgres.run(archive.program, *which, "--file", "-", str(archive.file))
    _, _, rows = script.partition(" FROM stdin;\n")
    return rows.partition("\\.\n")[0].splitlines()


def _make_ready(url: str, days: int) -> None:
    """Bring the database to this version, and end what was going on in it when the backup was made.

    Undo data is kept for `days` at least: the time that held before a restore goes on to hold.
    """
    with postgres.connect(url) as conn:
        if not _one(conn, "SELECT to_regclass('alembic_version') IS NOT NULL AS there")[
            "there"
        ]:
            raise AdminError(
                "The backup's tables are in a schema that the role does not look into by itself: set its "
                "search_path as it was on the server that the backup is from (ALTER ROLE … SET search_path)."
            )

    try:
        migrate.migrate(url)
    except SQLAlchemyError as problem:
        said = str(getattr(problem, "orig", problem)).partition("\n")[0]
        raise AdminError(
            f"The backup cannot be brought to this version of the tables ({said})."
        ) from None

    with postgres.connect(url) as conn:
        # A browser that was signed out since, or an account's old password, must not be good again.
        conn.execute("DELETE FROM sessions")
        conn.execute("UPDATE contact_imports SET lease_token = lease_token + %s", (TOKENS_ON,))
        conn.execute(SQL.free_leases, {"on": TOKENS_ON})

        conn.execute(
            "UPDATE installation SET retention_days = GREATEST(retention_days, %s)", (days,)
        )
        conn.execute("ANALYZE")


# Databases by name


def _exists(conn: Administrative, name: str) -> bool:
    question = "SELECT count(*) AS n FROM pg_database WHERE datname = %s"
    return bool(_one(conn, question, name)["n"])


def _drop(admin: Administrative, name: str) -> None:
    admin.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def _swap(admin: Administrative, names: _Names, incoming: str) -> None:
    """Let `incoming` take the current database's name, and keep that one; all at once.

    Sessions are ended first. Web and workers come back by themselves, to the new database.
    """
    _drop(admin, names.dropping)
    renames = [(names.current, names.before), (incoming, names.current)]

    if incoming == names.before:
        renames = [(incoming, names.dropping), (names.current, names.before),
                   (names.dropping, names.current)]  # fmt: skip
    elif _exists(admin, names.before):
        renames.insert(0, (names.before, names.dropping))

    _insist(lambda: _rename(admin, renames))
    _drop(admin, names.dropping)


def _insist(rename: Callable[[], None]) -> None:
    """A session that opens between the end of the others and the rename costs another try."""
    until = time.monotonic() + SWAP_SECONDS
    while True:
        try:
            return rename()
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > until:
                raise AdminError(
                    "The database is in use by sessions that this role may not end. Stop web and "
                    "workers, and run this again. Nothing was changed."
                ) from None


def _rename(admin: Administrative, renames: list[tuple[str, str]]) -> None:
    for old, _ in renames:
        admin.execute(SQL.end_sessions, {"name": old})

    with admin.transaction():
        for names in renames:
            statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            admin.execute(statement.format(*map(sql.Identifier, names)))


def _one(conn: Administrative, question: str, *parameters: object) -> dict[str, Any]:
    """The one row that a question has for an answer."""
    return conn.execute(question, parameters or None).fetchone() or {}
