"""A real PgBouncer with the file of the documentation, in front of the test's PostgreSQL."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.harness.browser import _free_port
from tests.harness.processes import ROOT
from webapp.privileges import NOBODY

CONFIGURATION = ROOT / "docs" / "deploy" / "pgbouncer.ini"
PASSWORD = "only for the pooler"
STARTING = 20  # seconds


def replaced(text: str, replacements: dict[str, str]) -> str:
    """The text with each part replaced; each must be there, or the test would run another file."""
    for before, after in replacements.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


class Pooler:
    """PgBouncer as a process; `url` leads through it to the database."""

    def __init__(self, program: str, folder: Path, database_url: str, mode: str) -> None:
        database = urlsplit(database_url)
        user, password = database.username or "", unquote(database.password or PASSWORD)
        port = _free_port()
        (server,) = parse_qs(database.query)["host"]
        self.url = (
            f"postgresql://{user}:{password.replace(' ', '%20')}@127.0.0.1:{port}/rowcall"
        )

        userlist = folder / "userlist.txt"
        userlist.write_text(f'"{user}" "{password}"\n')
        self.log = folder / "pgbouncer.log"
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            replaced(
                CONFIGURATION.read_text(),
                {
                    "host=/var/run/postgresql port=5432": f"host={server}",
                    "dbname=rowcall": f"dbname={database.path[1:]}",
                    "listen_port = 6432": f"listen_port = {port}",
                    "unix_socket_dir = /var/run/postgresql": f"unix_socket_dir = {folder}",
                    "/etc/pgbouncer/userlist.txt": str(userlist),
                    "/var/run/postgresql/pgbouncer.pid": str(folder / "pgbouncer.pid"),
                    "/var/log/postgresql/pgbouncer.log": str(self.log),
                    "pool_mode = session": f"pool_mode = {mode}",
                },
            )
        )

        account = NOBODY if os.geteuid() == 0 else None  # It does not run as root.
        if account:
            for path in (folder, userlist, configuration):
                os.chown(path, account, account)
        self.process = subprocess.Popen(
            [program, "-q", str(configuration)], user=account, group=account
        )
        self._wait(port)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + STARTING
        while self.process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(
            self.log.read_text() if self.log.exists() else "PgBouncer did not start"
        )

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def pooler(database_url, ci, tmp_path_factory):
    """`pooler("session")` → a running PgBouncer in that mode."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        assert not ci, "PgBouncer is missing, and CI must run its tests"
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    running = []

    def start(mode: str) -> Pooler:
        # Not below the folder of the tests, which other accounts may not enter.
        folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
        running.append((Pooler(program, folder, database_url, mode), folder))
        return running[-1][0]

    yield start
    for one, folder in running:
        one.end()
        shutil.rmtree(folder, ignore_errors=True)
