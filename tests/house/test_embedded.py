"""The servers that `make run` starts: who may reach them, and as what."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.harness.processes import alive
from webapp import migrate
from webapp.embedded import CannotStart, Servers, postgres_program
from webapp.embedded.folder import socket_folder
from webapp.embedded.postgres import ORPHAN_SECONDS


@pytest.fixture
def var():
    """A data folder whose parents every account may enter, which a start as root needs."""
    with tempfile.TemporaryDirectory(prefix="rv", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "v"


@pytest.fixture
def running(var):
    """The servers of one data folder, started; what they are asked to start with may be made
    before.
    """
    made = []

    def start(**which) -> Servers:
        made.append(Servers(var))
        made[-1].start(**which)
        return made[-1]

    yield start
    for servers in made:
        servers.stop()


def one(url: str, question: str):
    with psycopg.connect(url, connect_timeout=5) as conn:
        return conn.execute(question).fetchone()[0]


def test_the_program_is_no_superuser_and_needs_a_password(running):
    servers = running(queue=False)
    url = servers.addresses()["DATABASE_URL"]
    assert one(url, "SELECT current_user") == "rowcall"
    assert one(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert (
        one(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'rowcall'")
        == "rowcall"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        one(url, "COPY (SELECT 1) TO PROGRAM 'true'")
    for role in ("postgres", "rowcall"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{role}@/rowcall?host={servers.folder.sockets}")
    for role in ("postgres", "rowcall"):
        assert (servers.folder.var / f"{role}_password").stat().st_mode & 0o777 == 0o600
    assert (
        one(
            servers.postgres.administrator_url(),
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
        )
        is True
    )


def test_an_installation_that_trusted_every_account_is_changed_at_its_start(var, running):
    _as_before(var)
    servers = running(queue=False)
    url = servers.addresses()["DATABASE_URL"]
    assert one(url, "SELECT email FROM users") == "ann@example.com"
    assert one(url, "SELECT count(*) FROM pg_class WHERE relowner = 'postgres'::regrole AND relkind IN ('r', 'S')"
                    " AND relnamespace = 'public'::regnamespace") == 0  # fmt: skip
    with psycopg.connect(url) as conn:
        conn.execute("ALTER TABLE users ADD COLUMN more int")  # as the next migration would
        conn.rollback()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres@/rowcall?host={servers.folder.sockets}")
    migrate.migrate(url)


def _as_before(var: Path) -> None:
    """What the first versions made: every local account trusted, all of it the superuser's."""
    old = Servers(var)
    old.folder.own(var)
    old.folder.own_sockets()
    data = var / "postgres"
    old.folder.own(data)
    initdb = [
        postgres_program("initdb"),
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(initdb, check=True, capture_output=True, **old.postgres.as_account())
    old.postgres.spawn()
    url = f"postgresql://postgres@/postgres?host={old.folder.sockets}"
    old.postgres.wait(lambda: psycopg.connect(url).close(), psycopg.Error)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE DATABASE rowcall")
    migrate.migrate(url.replace("/postgres?", "/rowcall?"))
    with psycopg.connect(url.replace("/postgres?", "/rowcall?")) as conn:
        columns = [row[0] for row in conn.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'"
            " AND is_nullable = 'NO' AND column_default IS NULL AND data_type IN ('text', 'character varying')"
        )]  # fmt: skip
        values = ", ".join(
            "'admin'" if name == "role" else "'ann@example.com'" for name in columns
        )
        conn.execute(f"INSERT INTO users ({', '.join(columns)}) VALUES ({values})")
    old.stop()


def test_a_data_folder_whose_passwords_were_lost_starts_with_new_ones(var, running):
    first = running(queue=False)
    before = first.folder.password("postgres")
    first.stop()
    for role in ("postgres", "rowcall"):
        (var / f"{role}_password").unlink()
    again = running(queue=False)
    assert again.folder.password("postgres") != before
    assert one(again.addresses()["DATABASE_URL"], "SELECT 1") == 1


@pytest.fixture
def far_away(var, monkeypatch):
    """A data folder whose path is too long for a socket, and where its sockets go instead."""
    long = var / ("x" * 100)
    monkeypatch.setattr(tempfile, "tempdir", str(var.parent))
    return long, socket_folder(long)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another account")
def test_a_socket_folder_that_another_account_made_first_is_refused(far_away):
    long, sockets = far_away
    sockets.mkdir(mode=0o777)
    os.chown(sockets, 12345, 12345)
    with pytest.raises(CannotStart, match="was made by another account"):
        Servers(long).start(database=False)
    assert not list(sockets.iterdir())


def test_a_socket_folder_that_is_a_link_is_refused(far_away):
    long, sockets = far_away
    elsewhere = sockets.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    os.chown(elsewhere, Servers(long).folder.owner, -1)
    sockets.symlink_to(elsewhere)
    with pytest.raises(CannotStart, match="was made by another account"):
        Servers(long).start(database=False)
    assert not list(elsewhere.iterdir())


def test_the_sockets_are_out_of_reach_of_other_accounts(far_away):
    long, sockets = far_away
    servers = Servers(long)
    sockets.mkdir(mode=0o777)
    sockets.chmod(0o777)
    os.chown(sockets, servers.folder.owner, -1)
    servers.start(database=False)
    try:
        assert sockets.stat().st_mode & 0o077 == 0
        assert (sockets / "valkey.sock").is_socket()
    finally:
        servers.stop()


def test_a_start_waits_for_what_a_killed_server_left_writing(var, running):
    """A frozen child of a killed postmaster would write beside the new server, once it wakes up."""
    servers = running(queue=False)
    with psycopg.connect(servers.addresses()["DATABASE_URL"]) as conn:
        backend = conn.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        postmaster = servers.postgres.process
        postmaster.kill()
        postmaster.wait(10)
        servers.folder.let_go()
        begun = time.monotonic()
        again = running(queue=False)
        assert time.monotonic() - begun > ORPHAN_SECONDS
        assert not alive(backend)
        assert one(again.addresses()["DATABASE_URL"], "SELECT 1") == 1


def test_a_killed_start_leaves_no_half_made_cluster(var, running):
    (var / "postgres.new").mkdir(parents=True)
    (var / "postgres.new" / "rubbish").touch()
    os.chown(var, Servers(var).folder.owner, -1)
    servers = running(queue=False)
    assert one(servers.addresses()["DATABASE_URL"], "SELECT 1") == 1
    assert shutil.which("rubbish", path=str(var)) is None
    assert not (var / "postgres.new").exists()
