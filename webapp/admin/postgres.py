"""PostgreSQL's own programs, of a version that fits, and connections for administrative statements.

The wheel brings programs of one version. A server of one's own may be newer, and pg_dump refuses
such a server, so newer programs that the machine has are found too.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import conninfo
from psycopg.rows import dict_row

from webapp import db
from webapp.admin import AdminError
from webapp.embedded import postgres_program

CONNECT_SECONDS = 5
DEBIAN = Path("/usr/lib/postgresql")  # where Debian keeps the programs of each version
Administrative = psycopg.Connection[dict[str, Any]]


def connect(url: str) -> Administrative:
    """A connection in autocommit; rows come as dicts. Raises AdminError when it cannot be had."""
    try:
        return psycopg.connect(
            db.libpq_url(url),
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
        )
    except psycopg.OperationalError as problem:
        said = str(problem).splitlines()[0]
        raise AdminError(
            f"The database is out of reach ({said}). Nothing was changed."
        ) from None


def major(conn: Administrative) -> int:
    """The server's major version."""
    return conn.info.server_version // 10_000


def on_database(url: str, name: str) -> str:
    """The URL of another database of the same server, for the same role."""
    parts = urlsplit(db.libpq_url(url))
    return f"postgresql://{parts.netloc}/{quote(name)}?{parts.query}"


def run(program: Path, *arguments: str, url: str = "") -> str:
    """Run one of PostgreSQL's programs, against the database at `url` if given; its output.

    Raises AdminError with the first error that it prints, without the data that may follow.
    """
    environment, target = dict(os.environ), []
    if url:
        # The password must not stand on the command line, which every user of the machine can read.
        named = conninfo.conninfo_to_dict(db.libpq_url(url))
        environment["PGPASSWORD"] = str(
            named.pop("password", environment.get("PGPASSWORD", ""))
        )
        target = ["--dbname", conninfo.make_conninfo("", **named)]

    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [str(program), *target, *arguments], env=environment, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip

    if done.returncode:
        lines = done.stderr.splitlines() or [f"exit status {done.returncode}"]
        raise AdminError(next((line for line in lines if "error:" in line), lines[0])[:300])

    return done.stdout


def dump_program(server: int) -> Path:
    """The oldest pg_dump on this machine that is not older than the server (its major version).

    Raises AdminError with a way to get one.
    """
    found = {version(program): program for program in reversed(list(_programs("pg_dump")))}
    fitting = [number for number in found if number >= server]

    if not fitting:
        newest = max(found, default=0)
        raise AdminError(
            f"The server is PostgreSQL {server}, and pg_dump here is of version {newest}, which "
            f"refuses newer servers. Install PostgreSQL {server}'s client programs "
            f"(Debian and Ubuntu: apt-get install postgresql-client-{server}) and run this again, or "
            f"run pg_dump -Fc on the server itself. Nothing was written."
        )

    return found[min(fitting)]


def restore_programs() -> list[Path]:
    """Every pg_restore on this machine, that of the wheel first, then by version."""
    own, *others = _programs("pg_restore")
    return [own, *sorted(others, key=version)]


def version(program: Path) -> int:
    """The major version of one of PostgreSQL's programs; 0 where it does not tell."""
    try:
        told = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [str(program), "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0

    number = re.search(r"\) (\d+)", told)

    return int(number[1]) if number else 0


def _programs(name: str) -> Iterator[Path]:
    yield postgres_program(name)
    yield from sorted(DEBIAN.glob(f"*/bin/{name}"))
    if on_path := shutil.which(name):
        yield Path(on_path)
