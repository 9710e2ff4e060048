"""Starts that meet each other, and starts with settings that cannot be used."""

import os
import subprocess
import sys

import psycopg
import pytest

from tests.harness import servers as common
from tests.house.test_make_run import PATIENCE, ROOT, _free_port, _unnamed

MIGRATE = "import os; from webapp.migrate import migrate; migrate(os.environ['DATABASE_URL'])"


@pytest.fixture
def empty_database(servers):
    common._create(servers, "empty")
    yield common._named(servers["DATABASE_URL"], "empty")
    common._admin(servers, "DROP DATABASE empty WITH (FORCE)")


def waiting(conn: psycopg.Connection, how_many: int) -> bool:
    """Whether so many other sessions of this database wait for a lock."""
    row = conn.execute(
        """SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""
    ).fetchone()
    return row[0] >= how_many


def test_two_starts_on_an_empty_database_both_come_up(empty_database):
    """Both are held at the first table that a migration makes, or one before it, and let go at
    once.
    """
    environment = {**os.environ, "DATABASE_URL": empty_database}
    with (
        psycopg.connect(empty_database) as holder,
        psycopg.connect(empty_database, autocommit=True) as looker,
    ):
        holder.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        starts = [
            subprocess.Popen([sys.executable, "-c", MIGRATE], cwd=ROOT, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]  # fmt: skip
        for _ in range(PATIENCE * 10):
            if waiting(looker, 2):
                break
            looker.execute("SELECT pg_sleep(0.1)")
        else:
            pytest.fail("the two never met")
        holder.rollback()
    said = [start.communicate(timeout=PATIENCE)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert (
        sum(
            "Another start brings the tables up to date; waiting for it." in words
            for words in said
        )
        == 1
    )


SETTINGS = [
    ("PORT", "abc", "PORT is 'abc': set it to a whole number."),
    ("PORT", "70000", "PORT is '70000': set it to at most 65535."),
    (
        "DATABASE_URL",
        "mysql://u:p@host/name",
        "DATABASE_URL cannot be read: write it as postgresql://",
    ),
    (
        "DATABASE_URL",
        "postgresql://u:p@host:port/name",
        "DATABASE_URL cannot be read: write it as postgresql://",
    ),
    ("REDIS_URL", "127.0.0.1:6379", "REDIS_URL cannot be read: write it as redis://"),
    (
        "PUBLIC_URL",
        "import.example.com",
        "PUBLIC_URL cannot be read: write it as https://import.example.com.",
    ),
    ("RETENTION_DAYS", "0", "RETENTION_DAYS is '0': set it to at least 1."),
    ("PAGE_SIZE", "A3", "PAGE_SIZE is 'A3'. Input should be 'A4' or 'Letter'."),
    ("LEASE_SECONDS", "soon", "LEASE_SECONDS is 'soon'."),
]
COMMANDS = {
    "make run": ["-m", "webapp"],
    "worker": ["worker.py"],
    "web": ["-m", "gunicorn", "--config", "python:webapp.serving", "webapp.app:create_app()"],
    "rowcall": ["-m", "webapp.command", "doctor"],
}


# One function reads them for all, so `make run` stands for the others but for two.
CASES = [("make run", *setting) for setting in SETTINGS]
CASES += [
    (command, *setting)
    for command in list(COMMANDS)[1:]
    for setting in (SETTINGS[2], SETTINGS[5])
]


@pytest.mark.parametrize(
    ("command", "name", "value", "words"), CASES, ids=[" ".join(case[:3]) for case in CASES]
)
def test_a_setting_that_cannot_be_used_gets_a_sentence(tmp_path, command, name, value, words):
    named = {
        "PORT": str(_free_port()),
        "ROWCALL_VAR": str(tmp_path / "var"),
        "SECRET_KEY": "k" * 40,
        name: value,
    }
    run = subprocess.run(
        [sys.executable, *COMMANDS[command]], cwd=ROOT, env={**_unnamed(), **named},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert words in said
    assert "Traceback" not in said
    assert "p@host" not in said  # An address holds a password.
    assert not (tmp_path / "var").exists()
