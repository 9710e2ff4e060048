"""`python -m webapp` is what `make run` calls: it starts what the environment does not name, then the Procfile.

`python -m webapp environment` prints, for a shell to evaluate, what points at the servers it starts, and
`python -m webapp pg_dump …` runs a program of the PostgreSQL that comes with it.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy.exc import OperationalError

from webapp.config import Misconfigured, Settings, refuse_bad_mail, refuse_open_queue, refuse_short_key
from webapp.embedded import CannotStart, Servers, die_with_parent, postgres_program
from webapp.logs import keep_values_out
from webapp.migrate import migrate, take_over

PORT_SECONDS = 5
STOPPED = {130, 143, -signal.SIGINT, -signal.SIGTERM}  # what honcho gives when it was told to end


def main() -> int:
    """Start, or do what the arguments name; the exit status."""
    keep_values_out()
    match sys.argv[1:]:
        case []:
            return start(Settings())
        case ["environment"]:
            print(shell_lines(Settings()))  # noqa: T201 - a command speaks on its terminal
            return 0
        case [program, *arguments] if program.startswith("pg_"):
            command = postgres_program(program)
            return subprocess.run([str(command), *arguments], check=False).returncode  # noqa: S603 - our own binary
    print(__doc__, file=sys.stderr)  # noqa: T201
    return 2


def start(settings: Settings) -> int:
    """Start what is missing, migrate, run the Procfile, and end everything in order."""
    os.umask(0o077)  # files of ours, logs among them, are for their owner only
    servers = Servers(settings.var)
    try:
        _refuse_unsafe(settings)
        _see_that_port_is_free(settings.port)
        found = servers.start(database=not settings.database_url, queue=not settings.redis_url)
        environment = {**os.environ, **found, "PORT": str(settings.port), "ROWCALL_VAR": str(servers.var)}
        environment.setdefault("SECRET_KEY", secret_key(servers.var))
        _make_tables(environment["DATABASE_URL"], settings)
        _say_where(environment)
        return _run_procfile(environment)
    except (CannotStart, Misconfigured) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        servers.stop()


def _refuse_unsafe(settings: Settings) -> None:
    """What the environment names is looked at before anything starts. A key that it leaves out is made."""
    if "SECRET_KEY" in os.environ:
        refuse_short_key(settings)
    refuse_open_queue(settings)
    refuse_bad_mail(settings)


def secret_key(var: Path) -> str:
    """The key that signs cookies and links, made once and kept for this installation."""
    file = var / "secret_key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text().strip()


def shell_lines(settings: Settings) -> str:
    """`export` lines for what the environment does not name itself."""
    servers = Servers(settings.var)
    named = {name: value for name, value in servers.addresses().items() if name not in os.environ}
    if "SECRET_KEY" not in os.environ:
        named["SECRET_KEY"] = secret_key(servers.var)
    return "\n".join(f"export {name}='{value}'" for name, value in named.items())


def _see_that_port_is_free(port: int) -> None:
    """What is left of a killed start may take a moment to end; another program keeps the port."""
    until = time.monotonic() + PORT_SECONDS
    while not _is_free(port):
        if time.monotonic() > until:
            raise CannotStart(f"Port {port} is taken. Set PORT to another one, as in: PORT=8001 make run")
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _make_tables(url: str, settings: Settings) -> None:
    try:
        migrate(url)
        take_over(url, settings)
    except OperationalError as problem:
        raise CannotStart(f"The database of DATABASE_URL cannot be used: {problem.orig}") from None


def _say_where(environment: dict[str, str]) -> None:
    flask = [sys.executable, "-m", "flask", "--app", "webapp.app", "setup-link"]
    link = subprocess.run(flask, env=environment, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    address = environment.get("PUBLIC_URL") or f"http://127.0.0.1:{environment['PORT']}"
    print(f"Rowcall is at {address}", flush=True)  # noqa: T201
    if link:
        print(f"Create the first account: {link}", flush=True)  # noqa: T201


def _run_procfile(environment: dict[str, str]) -> int:
    honcho = [sys.executable, "-m", "honcho", "start"]
    child = subprocess.Popen(honcho, env=environment, preexec_fn=die_with_parent)  # noqa: S603, PLW1509
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal sends it to honcho too, which ends its children.
    status = child.wait()
    return 0 if status in STOPPED else status


if __name__ == "__main__":
    sys.exit(main())
