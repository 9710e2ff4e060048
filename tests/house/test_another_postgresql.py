"""The PostgreSQL that comes with Rowcall changes its major version: said, with a way that works."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.harness.browser import _free_port
from tests.harness.command import ROOT
from webapp.admin import backup
from webapp.admin.restore import restore
from webapp.embedded import CannotStart, Servers, postgres_program
from webapp.migrate import migrate

pytestmark = pytest.mark.timeout(400)  # commands and servers are processes of their own
DEBIANS = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def var():
    """A data folder with a short path, which other accounts may pass through."""
    with tempfile.TemporaryDirectory(prefix="rv", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "v"


def _start(var: Path) -> Servers:
    servers = Servers(var)
    try:
        servers.start(queue=False)
    except BaseException:
        servers.stop()
        raise
    return servers


def test_a_data_folder_of_another_version_is_refused_with_the_way(var):
    _start(var).stop()
    version = var / "postgres" / "PG_VERSION"
    brought = version.read_text().strip()
    version.write_text("11\n")
    before = {
        file: file.stat().st_mtime_ns
        for file in var.rglob("*")
        if file.is_file() and file.name != "lock"
    }
    with pytest.raises(CannotStart) as refused:
        _start(var)
    said = str(refused.value)
    assert f"written by PostgreSQL 11, and this Rowcall brings {brought}" in said
    assert re.findall(r"make \w+", said) == [
        "make run",
        "make backup",
        "make run",
        "make run",
        "make restore",
    ]
    assert f"mv {var.resolve()}/postgres {var.resolve()}/postgres.11" in said
    assert {file: file.stat().st_mtime_ns for file in before} == before
    version.write_text(f"{brought}\n")
    _start(var).stop()


def test_the_way_from_an_older_version_leads_there(
    var, people, settings, monkeypatch, tmp_path
):
    """The older version is stood in for by Debian's PostgreSQL 15, or, without it, by the
    wheel's own.

    Its data folder then only says that it is of version 15.
    """
    dump = tmp_path / "rowcall.dump"
    # An installation that ran before: the test's database, in a cluster of the older version.
    seed = tmp_path / "seed.dump"
    backup.write(settings.database_url, seed)
    older = OlderServer(var)
    try:
        restore(older.url, seed)
        backup.write(older.url, dump)
    finally:
        older.end()
    (var / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(CannotStart, match="written by PostgreSQL 15"):
        _start(var)
    (var / "postgres").rename(var / "postgres.15")
    servers = _start(var)
    try:
        url = servers.addresses()["DATABASE_URL"]
        migrate(url)
        restore(url, dump)
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT count(*) FROM users").fetchone() == (4,)
    finally:
        servers.stop()


class OlderServer:
    """PostgreSQL 15 on `var/postgres`, as an installation of earlier days had it."""

    def __init__(self, var: Path) -> None:
        self.servers = Servers(var)
        self.servers.folder.own(var)
        self.servers.folder.own(var / "run")
        data = var / "postgres"
        self.servers.folder.own(data)
        self._run(
            "initdb",
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        )
        self._run(
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-o",
            f"-k {var / 'run'} -h ''",
            "-l",
            str(data / "log"),
            "start",
        )
        self.data = data
        self.url = f"postgresql://postgres@/rowcall?host={var / 'run'}"
        with psycopg.connect(
            self.url.replace("/rowcall?", "/postgres?"), autocommit=True
        ) as conn:
            conn.execute("CREATE DATABASE rowcall")

    def end(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        process = {
            name: value
            for name, value in self.servers.postgres.as_account().items()
            if name != "preexec_fn"
        }
        binaries = DEBIANS if DEBIANS.exists() else postgres_program("postgres").parent
        subprocess.run(
            [str(binaries / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            **process,
        )


def test_make_run_says_it_and_ends(var, tmp_path):
    _start(var).stop()
    (var / "postgres" / "PG_VERSION").write_text("11\n")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    environment |= {"ROWCALL_VAR": str(var), "PORT": str(_free_port())}
    run = subprocess.run(
        [sys.executable, "-m", "webapp"], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "make restore FILE=rowcall.dump" in run.stderr
    assert "Traceback" not in run.stderr
