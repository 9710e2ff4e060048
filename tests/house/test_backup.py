"""`rowcall backup` and `rowcall restore` against a real server: whole or not at all."""

import re
import stat
import threading
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.harness.command import rowcall
from tests.harness.house import House, rows
from webapp import db, jobs
from webapp.admin import AdminError, backup, postgres
from webapp.admin.restore import back, drop_kept, restore
from webapp.imports import leases

pytestmark = pytest.mark.timeout(400)  # commands and servers are processes of their own
AWAY = "postgresql://postgres@127.0.0.1:1/rowcall"


@pytest.fixture
def book(settings, people):
    """The test's database, with accounts; `book(question)` asks it."""

    def ask(question: str) -> list[tuple]:
        with psycopg.connect(settings.database_url, autocommit=True) as conn:
            asked = conn.execute(question)
            return asked.fetchall() if asked.description else []

    yield ask
    drop_kept(settings.database_url)


@pytest.fixture
def dump(settings, book, tmp_path):
    """A backup that holds Ann alone; Ben came afterwards."""
    book("INSERT INTO contacts (email) VALUES ('ann@example.com')")
    file = tmp_path / "rowcall.dump"
    backup.write(settings.database_url, file)
    book("INSERT INTO contacts (email) VALUES ('ben@example.com')")
    return file


def _emails(book) -> list[str]:
    return [email for (email,) in book("SELECT email FROM contacts ORDER BY email")]


def test_a_backup_is_its_owners_alone_and_whole(dump):
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert [found.name for found in dump.parent.iterdir() if found.is_file()] == [dump.name]
    backup.check(dump)


def test_a_backup_while_the_database_is_away_leaves_the_last_one(dump):
    before = dump.read_bytes()
    done = rowcall("backup", dump, DATABASE_URL=AWAY)
    assert done.status == 1
    assert "out of reach" in done.err
    assert dump.read_bytes() == before


def test_a_backup_that_breaks_off_leaves_the_last_one(dump, settings, monkeypatch):
    """The session of pg_dump is ended by the server while it waits for a table."""
    before = dump.read_bytes()
    with psycopg.connect(settings.database_url) as holder:
        holder.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
        ended = threading.Thread(target=_end_dump, args=(settings.database_url,))
        ended.start()
        with pytest.raises(AdminError, match=r"broke off .* is as it was"):
            backup.write(settings.database_url, dump)
        ended.join()
    assert dump.read_bytes() == before
    assert [found.name for found in dump.parent.iterdir() if found.is_file()] == [dump.name]


def _end_dump(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(600):
            ended = conn.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'pg_dump'"""
            ).fetchall()
            if ended:
                return
            time.sleep(0.1)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_a_file_it_says_so(settings, command):
    done = rowcall(command)
    assert done.status == 1
    assert f"make {command} FILE=rowcall.dump" in done.err


def test_the_password_stands_on_no_command_line(settings, people, monkeypatch, tmp_path):
    seen, password = [], urlsplit(settings.database_url).password

    def run(command, **options):
        seen.append((command, options.get("env", {}).get("PGPASSWORD")))
        return subprocess_run(command, **options)

    subprocess_run = postgres.subprocess.run
    monkeypatch.setattr(postgres.subprocess, "run", run)
    url = settings.database_url
    backup.write(url, tmp_path / "rowcall.dump")
    assert password in [given for _, given in seen]
    assert not [word for command, _ in seen for word in command if password in word]


def test_restoring_brings_back_what_was_kept_and_keeps_what_was_there(
    book, dump, database_url
):
    said = restore(database_url, dump)
    assert _emails(book) == ["ann@example.com"]
    assert "_before_restore" in said
    back(database_url)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]
    back(database_url)
    assert _emails(book) == ["ann@example.com"]


def test_restoring_twice_keeps_the_last_that_was_there(book, dump, database_url):
    restore(database_url, dump)
    book("INSERT INTO contacts (email) VALUES ('cat@example.com')")
    restore(database_url, dump)
    back(database_url)
    assert _emails(book) == ["ann@example.com", "cat@example.com"]


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_broken_backup_changes_nothing(book, dump, database_url, part):
    whole = dump.read_bytes()
    dump.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(AdminError, match="not a whole backup"):
        restore(database_url, dump)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]
    assert not book(
        "SELECT FROM pg_database WHERE datname LIKE current_database() || '_restoring'"
    )


def test_a_damaged_backup_changes_nothing(book, dump, database_url):
    """Of its bytes, most are those of many contacts, compressed; some in the middle of them
    are lost.
    """
    book(
        "INSERT INTO contacts (email, notes) SELECT n || '@example.com', md5(n::text) FROM generate_series(1, 9000) n"
    )
    backup.write(database_url, dump)
    whole = bytearray(dump.read_bytes())
    at = len(whole) * 3 // 4
    whole[at : at + 40] = bytes(40)
    dump.write_bytes(whole)
    with pytest.raises(AdminError, match="not a whole backup"):
        restore(database_url, dump)
    assert len(_emails(book)) == 9002


def test_the_dump_of_something_else_changes_nothing(book, dump, database_url, tmp_path):
    other = tmp_path / "other.dump"
    with postgres.connect(database_url) as conn:
        program = postgres.dump_program(postgres.major(conn))
    postgres.run(
        program,
        "--format",
        "custom",
        "--table",
        "contacts",
        "--file",
        str(other),
        url=database_url,
    )
    with pytest.raises(AdminError, match="no backup of Rowcall"):
        restore(database_url, other)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]


def test_a_backup_of_a_newer_rowcall_changes_nothing(book, dump, database_url):
    book("UPDATE alembic_version SET version_num = '9999'")
    newer = dump.with_name("newer.dump")
    backup.write(database_url, newer)
    with pytest.raises(AdminError, match="newer Rowcall: its tables are of version 9999"):
        restore(database_url, newer)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]


def test_a_backup_without_accounts_changes_nothing(book, dump, database_url):
    book("DELETE FROM users")
    nobody = dump.with_name("nobody.dump")
    backup.write(database_url, nobody)
    with pytest.raises(AdminError, match="holds no accounts"):
        restore(database_url, nobody)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]


def test_what_a_killed_restore_left_is_no_hindrance(book, dump, database_url):
    (name,) = book("SELECT current_database()")[0]
    book(f"CREATE DATABASE {name}_restoring")
    book(f"CREATE DATABASE {name}_dropping")
    restore(database_url, dump)
    assert _emails(book) == ["ann@example.com"]
    assert {found for (found,) in book("SELECT datname FROM pg_database")}.isdisjoint(
        {f"{name}_restoring", f"{name}_dropping"}
    )


def test_tables_in_a_schema_that_the_role_does_not_look_into_are_not_swapped_in(
    book, database_url, servers, tmp_path
):
    (name,) = book("SELECT current_database()")[0]
    with psycopg.connect(servers["ADMINISTRATOR_URL"], autocommit=True) as superuser:
        superuser.execute(f"ALTER ROLE rowcall IN DATABASE {name} SET search_path = own")
    book("ALTER SCHEMA public RENAME TO own")
    file = tmp_path / "rowcall.dump"
    backup.write(database_url, file)
    assert backup.check(file).schema == "own"
    with pytest.raises(AdminError, match="search_path"):
        restore(database_url, file)


def test_the_retention_time_that_holds_outlives_a_restore(book, dump, database_url):
    book("UPDATE installation SET retention_days = 365")
    restore(database_url, dump)
    assert book("SELECT retention_days FROM installation") == [(365,)]


def test_open_sessions_are_ended_and_the_program_goes_on(book, dump, database_url, settings):
    """A page's connection and a job's: both are let go, and the next ones find the restored
    book.
    """
    job, page = db.connect_job(settings.database_url), psycopg.connect(settings.database_url)
    job.execute("UPDATE contacts SET notes = 'half'")
    page.execute("SELECT 1")
    restore(database_url, dump)
    for ended in (job, page):
        with pytest.raises(psycopg.OperationalError):
            ended.execute("SELECT 1")
        ended.close()
    assert book("SELECT email, notes FROM contacts") == [("ann@example.com", None)]


def test_a_worker_from_before_the_restore_can_do_nothing_to_a_restored_import(
    settings, people, database_url, tmp_path
):
    """Its token is below every token of the restored book, so its batch finds no checkpoint to
    move.
    """
    house = House(settings, people["owner"], None)
    import_id = house.ready(rows(10))
    file = tmp_path / "rowcall.dump"
    backup.write(database_url, file)
    with db.connect_job(database_url) as conn:
        stale = leases.claim(conn, import_id, 15.0)
    restore(database_url, file)
    token = house.facts(import_id)["lease_token"]
    assert token > stale.token
    house.execute(import_id)
    jobs.work(str(import_id))
    assert house.facts(import_id)["state"] == "completed"
    drop_kept(settings.database_url)


def test_into_an_empty_database(book, dump, database_url):
    name = "empty_" + book("SELECT current_database()")[0][0]
    empty = postgres.on_database(database_url, name)
    book(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        assert "into the empty database" in restore(empty, dump)
        with psycopg.connect(empty) as conn:
            assert conn.execute("SELECT email FROM contacts").fetchall() == [
                ("ann@example.com",)
            ]
    finally:
        book(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_collation_stays(book, dump, database_url):
    """Keys and searches depend on it in what people see, so it is the database's, not the
    server's.
    """
    name = "other_" + book("SELECT current_database()")[0][0]
    other = postgres.on_database(database_url, name)
    book(f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'POSIX' LC_CTYPE 'C.UTF-8'")
    collation = f"SELECT datcollate, datctype FROM pg_database WHERE datname = '{name}'"
    before = book(collation)
    try:
        restore(other, dump)  # into the empty database
        restore(other, dump)
        assert book(collation) == before == [("C", "C.UTF-8")]
        drop_kept(other)
    finally:
        book(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def limited(servers, database_url, book):
    """The address of the test's database for a role that owns it and may not create databases."""
    name = book("SELECT current_database()")[0][0]
    role = f"plain_{name}"
    inside = postgres.on_database(servers["ADMINISTRATOR_URL"], name)
    with psycopg.connect(inside, autocommit=True) as superuser:
        superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
        superuser.execute(f"ALTER DATABASE {name} OWNER TO {role}")
        superuser.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    yield re.sub("//[^@]*@", f"//{role}:p@", database_url)
    with psycopg.connect(inside, autocommit=True) as superuser:
        superuser.execute(f"ALTER DATABASE {name} OWNER TO rowcall")
        superuser.execute(f"REASSIGN OWNED BY {role} TO rowcall")
        superuser.execute(f"DROP OWNED BY {role}")
        superuser.execute(f"DROP ROLE {role}")


def test_a_role_that_may_not_create_databases_is_told_both_ways(book, dump, limited):
    with pytest.raises(AdminError, match=r'ALTER ROLE "plain_.*" CREATEDB.*empty database'):
        restore(limited, dump)
    assert _emails(book) == ["ann@example.com", "ben@example.com"]


def test_a_newer_server_is_named_with_the_way(settings, monkeypatch, tmp_path):
    with pytest.raises(AdminError, match="apt-get install postgresql-client-99"):
        postgres.dump_program(99)


def test_a_newer_pg_dump_on_the_path_is_taken(monkeypatch, tmp_path):
    """A program that says it is of version 99, where the server is."""
    newer = tmp_path / "pg_dump"
    newer.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1'\n")
    newer.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgres.dump_program(99) == newer
    assert postgres.dump_program(1) != newer
