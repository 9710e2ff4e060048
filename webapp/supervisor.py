"""What `make run` is: it starts the servers, brings the tables up to date, runs the Procfile,
and watches all of it.

What ends by itself is started again, with a pause that grows while it keeps ending. Told to
stop, or killed, it takes everything with it.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import psycopg
from sqlalchemy.exc import OperationalError

from webapp.config import Misconfigured, Settings
from webapp.embedded import CannotStart, Servers
from webapp.migrate import migrate, take_over
from webapp.processes import end_with_parent

PROCFILE = Path(__file__).parent.parent / "Procfile"
PORT_SECONDS = 20  # how long what is left of a killed start may keep the port
LOOK_SECONDS = 0.2
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds before a process is started again
SETTLED_SECONDS = 30  # what ran this long had a good start, and its pause is short again
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOP_SECONDS = 20  # how long web and worker may take to finish what they have in hand


class Watched:
    """One process that is to run all the time."""

    def __init__(self, name: str, spawn: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self.name, self.spawn = name, spawn
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = SHORTEST_PAUSE
        self.started = self.due = 0.0

    def look(self) -> None:
        """Start it when it does not run and its pause is over."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self._start(now)
        elif (status := self.process.poll()) is not None:
            self._wait(now, status)

    def _start(self, now: float) -> None:
        try:
            self.process = self.spawn()
            self.started = now
        except (CannotStart, OSError) as problem:
            say(f"{self.name} could not be started: {problem}")
            self._pause(now)

    def _wait(self, now: float, status: int) -> None:
        if now - self.started > SETTLED_SECONDS:
            self.pause = SHORTEST_PAUSE

        how = (
            f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        )
        say(f"{self.name} {how}; it is started again in {self.pause:g} s")
        self.process = None
        self._pause(now)

    def _pause(self, now: float) -> None:
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


class Supervisor:
    """Everything that runs, until SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.watched: list[Watched] = []
        self.programs: list[Watched] = []
        self.told = False

    def run(self, environment: dict[str, str]) -> int:
        """Run the Procfile and watch it and the servers, until told to stop; the exit status."""
        for server in self.servers.running:
            watched = Watched(server.name, server.spawn)
            watched.process, watched.started = server.process, time.monotonic()
            self.watched.append(watched)

        for name, command in procfile().items():
            self.programs.append(Watched(name, _spawner(command, environment)))

        self.watched += self.programs

        for number in STOPPING:
            signal.signal(number, self._stop)

        while not self.told:
            for watched in self.watched:
                watched.look()
            time.sleep(LOOK_SECONDS)

        self._end_programs()

        return 0

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self.told = True

    def _end_programs(self) -> None:
        """Web and worker first, while the servers are there for what they finish."""
        running = [watched.process for watched in self.programs if watched.process]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

        until = time.monotonic() + STOP_SECONDS

        for process in running:
            try:
                process.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def start(settings: Settings) -> int:
    """Start what is missing, migrate, run the Procfile, and end everything in order; the exit
    status.
    """
    for number in STOPPING:
        signal.signal(
            number, lambda *_: sys.exit(1)
        )  # until there is something to end in order

    os.umask(0o077)  # files of ours, logs among them, are for their owner only
    servers = Servers(settings.var)

    try:
        _see_that_port_is_free(settings.port)
        found = servers.start(database=not settings.database_url, queue=not settings.redis_url)
        environment = {
            **os.environ,
            **found,
            "PORT": str(settings.port),
            "ROWCALL_VAR": str(servers.folder.var),
        }

        if not environment.get("SECRET_KEY"):
            environment["SECRET_KEY"] = servers.folder.kept_secret("secret_key")

        _make_tables(environment["DATABASE_URL"], settings)
        _say_where(environment)
        return Supervisor(servers).run(environment)
    except (CannotStart, Misconfigured) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        servers.stop()


def shell_lines(settings: Settings) -> str:
    """`export` lines for what the environment does not name itself."""
    servers = Servers(settings.var)
    named = {
        name: value for name, value in servers.addresses().items() if name not in os.environ
    }
    if "SECRET_KEY" not in os.environ:
        named["SECRET_KEY"] = servers.folder.kept_secret("secret_key")

    return "\n".join(f"export {name}='{value}'" for name, value in named.items())


def procfile() -> dict[str, str]:
    """The commands of the Procfile by their names."""
    lines = [line.partition(":") for line in PROCFILE.read_text().splitlines() if line.strip()]
    return {name.strip(): command.strip() for name, _, command in lines}


def _spawner(
    command: str, environment: dict[str, str]
) -> Callable[[], "subprocess.Popen[bytes]"]:
    """Start a line of the Procfile, in a process group of its own, which a terminal's Ctrl-C
    does not reach.
    """
    shell = ["/bin/sh", "-c", f"exec {command}"]

    def spawn() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - the Procfile is ours
            shell,
            cwd=PROCFILE.parent,
            env=environment,
            start_new_session=True,
            # A killed supervisor cannot end its programs any more.
            preexec_fn=partial(end_with_parent, signal.SIGTERM),  # noqa: PLW1509 - no thread runs here
        )

    return spawn


def _see_that_port_is_free(port: int) -> None:
    """What is left of a killed start may take a moment to end; another program keeps the port."""
    until = time.monotonic() + PORT_SECONDS
    while problem := _why_not(port):
        if isinstance(problem, PermissionError):
            raise CannotStart(
                f"Port {port} is kept for root, and Rowcall does not run as root."
                " Set PORT to 1024 or more, and put a proxy in front: see docs/deploy.md."
            )
        if time.monotonic() > until:
            raise CannotStart(
                f"Port {port} is taken. Set PORT to another one, as in: PORT=8001 make run"
            )

        time.sleep(0.1)


def _why_not(port: int) -> OSError | None:
    """Why nothing can listen on the port; None where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            return problem

    return None


def _make_tables(url: str, settings: Settings) -> None:
    try:
        migrate(url)
        take_over(url, settings)
    except (OperationalError, psycopg.OperationalError) as problem:
        told = getattr(problem, "orig", problem)
        raise CannotStart(f"The database of DATABASE_URL cannot be used: {told}") from None


def _say_where(environment: dict[str, str]) -> None:
    flask = [sys.executable, "-m", "flask", "--app", "webapp.app", "setup-link"]
    link = subprocess.run(  # noqa: S603 - our own command
        flask, env=environment, capture_output=True, text=True, check=False
    ).stdout.strip()
    address = environment.get("PUBLIC_URL") or f"http://127.0.0.1:{environment['PORT']}"
    say(f"Rowcall is at {address}")
    if link:
        say(f"Create the first account: {link}")


def say(line: str) -> None:
    """To the terminal, or to where a service manager keeps it, at once."""
    print(line, flush=True)  # noqa: T201
