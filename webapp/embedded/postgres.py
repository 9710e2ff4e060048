"""PostgreSQL: its data folder, its two roles and their passwords."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from webapp import queries
from webapp.embedded import programs
from webapp.embedded.folder import Folder
from webapp.embedded.programs import CannotStart
from webapp.embedded.server import START_SECONDS, Server

RECOVERY_SECONDS = 600  # it may have to read its whole log again after a crash
ORPHAN_SECONDS = 10  # what a killed PostgreSQL left running ends by itself, or is ended
ROLE = "rowcall"  # the program's role and its database
SUPERUSER = "postgres"  # what looks after the cluster, and nothing else
SQL = queries.load("embedded", role=ROLE)


class Postgres(Server):
    """On a unix socket alone. Both roles need a password, and the program's is no superuser."""

    name, title = "postgres", "PostgreSQL"

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.data = folder.var / "postgres"

    @property
    def url(self) -> str:
        """The address of the program's database, as the program's role."""
        return self._url(ROLE, ROLE)

    def administrator_url(self, database: str = "postgres") -> str:
        """As the superuser: for backups, restores and settings of the server, never for the
        program.
        """
        return self._url(SUPERUSER, database)

    def _url(self, role: str, database: str) -> str:
        password = self.folder.password(role)
        return f"postgresql://{role}:{password}@/{database}?host={self.folder.sockets}"

    def start(self) -> None:
        """Start it, its data folder made and its roles prepared. Raises CannotStart."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()

        _refuse_another_version(self.data)
        self._clear_left_overs()
        self._require_passwords()
        self.spawn()
        url = self.administrator_url()
        self.wait(
            lambda: psycopg.connect(url, connect_timeout=2).close(), psycopg.Error, _patience
        )
        self._prepare_role()

        with psycopg.connect(self.administrator_url(ROLE), autocommit=True) as conn:
            conn.execute(SQL.own_everything, {})

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it on its data folder, and go on while it comes up."""
        self._clear_left_overs()
        binary = str(programs.postgres_program("postgres"))
        data, sockets = str(self.data), str(self.folder.sockets)
        return self.run([binary, "-D", data, "-k", sockets, "-h", "", *QUIET])

    def _initialise(self) -> None:
        """A new cluster, made aside and moved into place, so that a killed start leaves
        nothing half-made.
        """
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.folder.own(fresh)
        self.folder.password(SUPERUSER)
        options = (
            *("-D", str(fresh), "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8"),
            *(
                "--locale=C",
                "--no-instructions",
                f"--pwfile={self.folder.var / SUPERUSER}_password",
            ),
        )
        run = subprocess.run(  # noqa: S603 - our own binary
            [str(programs.postgres_program("initdb")), *options],
            check=False,
            capture_output=True,
            text=True,
            **self.as_account(),
        )

        if run.returncode:
            raise CannotStart(
                f"PostgreSQL's data folder could not be made: {run.stderr.strip()}"
            )

        with (fresh / "postgresql.conf").open("a") as config:
            config.write(POSTGRES_SETTINGS.format(megabytes=_shared_megabytes()))

        fresh.rename(self.data)

    def _require_passwords(self) -> None:
        """Let nothing in without a password.

        Installations of earlier versions trusted every local account.

        The superuser's password is set while the server is down, so there is no moment without one.
        """
        rules = self.data / "pg_hba.conf"
        known = (self.folder.var / f"{SUPERUSER}_password").exists()
        if known and rules.read_text() == ACCESS_RULES:
            return

        options = ("--single", "-D", str(self.data), "postgres")
        statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{self.folder.password(SUPERUSER)}'\n"
        run = subprocess.run(  # noqa: S603 - our own binary
            [str(programs.postgres_program("postgres")), *options],
            input=statement.encode(),
            check=False,
            capture_output=True,
            **self.as_account(),
        )
        if run.returncode or b"ERROR" in run.stderr:
            raise CannotStart(
                f"PostgreSQL's password could not be set: {run.stderr.decode(errors='replace')}"
            )

        fresh = self.data / "pg_hba.conf.new"
        fresh.touch(mode=0o600)
        fresh.write_text(ACCESS_RULES)
        self.folder.give(fresh)
        fresh.rename(rules)

    def _prepare_role(self) -> None:
        """See that the program's role and its database are there, and that the password is the
        one kept.
        """
        with psycopg.connect(self.administrator_url(), autocommit=True) as conn:
            kept = conn.pgconn.encrypt_password(
                self.folder.password(ROLE).encode(), ROLE.encode(), b"scram-sha-256"
            )
            if not conn.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)
            ).fetchone():
                conn.execute(f"CREATE ROLE {ROLE}")

            conn.execute(
                sql.SQL(f"ALTER ROLE {ROLE} LOGIN CREATEDB PASSWORD {{}}").format(
                    kept.decode()
                )
            )
            if not conn.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (ROLE,)
            ).fetchone():
                conn.execute(f"CREATE DATABASE {ROLE}")

            conn.execute(f"ALTER DATABASE {ROLE} OWNER TO {ROLE}")

    def _clear_left_overs(self) -> None:
        """Wait for what is left of an earlier server, then remove its lock files, whose
        numbers mean nothing now.

        This process holds the folder's lock, so no other start adds a server. A killed
        postmaster's children end by themselves; one that does not is ended, since it would
        write beside the new server.
        """
        lock = self.data / "postmaster.pid"
        begun = time.monotonic()

        while left := _postgres_processes(self.data):
            waited = time.monotonic() - begun
            if waited > START_SECONDS:
                raise CannotStart(
                    f"Another PostgreSQL runs on {self.data}. End it, then start again."
                )

            if waited > ORPHAN_SECONDS and _postmaster(lock) not in left:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

            time.sleep(0.1)

        lock.unlink(missing_ok=True)
        (self.folder.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _patience(problem: Exception) -> float:
    """For how many seconds it may say so."""
    return RECOVERY_SECONDS if "starting up" in str(problem) else START_SECONDS


# PostgreSQL's log would hold statements that failed, with their values: contacts and password
# hashes among them. What failed is told by the program, which knows what may be said.
QUIET = [
    word
    for setting in (
        "log_min_messages=log",  # which leaves out errors of statements
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
        "log_parameter_max_length_on_error=0",
    )
    for word in ("-c", setting)
]


def _refuse_another_version(data: Path) -> None:
    """PostgreSQL reads its own major version's data only: raise CannotStart with the way to
    carry it over.
    """
    kept = (data / "PG_VERSION").read_text().strip()
    own = subprocess.run(  # noqa: S603 - our own binary
        [str(programs.postgres_program("postgres")), "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    number = re.search(r"\) (\d+)", own)
    if number is None or number[1] == kept:
        return

    raise CannotStart(
        f"{data} was written by PostgreSQL {kept}, and this Rowcall brings {number[1]}, which cannot read it. "
        "Nothing is lost, and nothing was changed. To carry it over:\n"
        "  1. git checkout the version of Rowcall that ran before (right after git pull: ORIG_HEAD); make run\n"
        "  2. in a second terminal: make backup FILE=rowcall.dump; then end make run with Ctrl-C\n"
        f"  3. mv {data} {data}.{kept}\n"
        "  4. git checkout this version again (git checkout -); make run\n"
        "  5. in a second terminal: make restore FILE=rowcall.dump\n"
        f"When all is there again, delete {data}.{kept}."
    )


POSTGRES_SETTINGS = """
# Set by Rowcall; change them as you like.
max_wal_size = 2GB
shared_buffers = {megabytes}MB
"""
LEAST_SHARED, MOST_SHARED = 128, 1024  # MB
ACCESS_RULES = """# Written by Rowcall at every start: a password for every role, on the unix socket alone.
local all all scram-sha-256
"""


def _shared_megabytes() -> int:
    """PostgreSQL's own cache: a quarter of the machine's memory, as its manual advises, within
    bounds.

    With 128 MB, an import of 400,000 contacts spends a tenth of its time on moving blocks out
    and in again.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(memory // 4, LEAST_SHARED), MOST_SHARED)


def _postgres_processes(data: Path) -> list[int]:
    """The processes of PostgreSQL that work in this data folder; elsewhere than on Linux its
    postmaster alone.
    """
    if not Path("/proc/self/stat").exists():
        pid = _postmaster(data / "postmaster.pid")
        return [pid] if pid and _runs(pid, "postgres") else []

    found = []

    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, _, rest = (process / "stat").read_text().rpartition(")")
            if (
                "postgres" in name
                and rest.split()[0] != "Z"
                and (process / "cwd").readlink() == data
            ):
                found.append(int(process.name))

    return found


def _postmaster(lock: Path) -> int:
    """The process number in PostgreSQL's lock file; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(lock.read_text().split()[0])
    return 0


def _runs(pid: int, program: str) -> bool:
    """Whether this process is alive and runs that program; one that only waits to be collected
    does not.
    """
    command = ["ps", "-p", str(pid), "-o", "stat=,comm="]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return program in found and not found.startswith("Z")
