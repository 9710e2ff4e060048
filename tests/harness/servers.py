"""PostgreSQL and Valkey from their wheels, and a fresh database for each test."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest

from tests.harness.databases import TEMPLATE, Databases
from webapp import db
from webapp.config import Settings
from webapp.embedded import Servers, programs
from webapp.migrate import migrate

POOLS: dict[str, Databases] = {}  # of each server, by its superuser's address
_numbers = itertools.count()
SECRET = "a key for tests only, long enough to be refused nowhere"


@pytest.fixture(scope="session")
def servers(ci):
    """Both servers in a folder of their own, one pair for each xdist worker; a template
    database is migrated once.

    With ROWCALL_TEST_LOCALE, such as tr-TR, the databases are of that language, by ICU.
    """
    with started(os.environ.get("ROWCALL_TEST_LOCALE"), ci=ci) as found:
        yield found


@contextmanager
def started(locale: str | None, *, ci: bool) -> Iterator[dict[str, str]]:
    """Both servers while the block runs.

    The wheel's PostgreSQL has no ICU: for a locale it takes the system's.
    """
    with tempfile.TemporaryDirectory(prefix="rc", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        running = Servers(Path(folder) / "v")
        program = system_program(ci=ci) if locale else programs.postgres_program
        with patch.object(
            programs, "postgres_program", program
        ):  # Other servers of this process keep the wheel's.
            running.start()
        found = addresses(running)
        # A test outlives its processes, never its machine: what they committed need not reach the
        # disk.
        _admin(found, "ALTER SYSTEM SET fsync = off")
        _admin(found, "SELECT pg_reload_conf()")
        of_locale = (
            f"template0 LOCALE_PROVIDER icu ICU_LOCALE '{locale}'" if locale else "template1"
        )
        _create(found, TEMPLATE, of_locale)
        migrate(_named(found["DATABASE_URL"], TEMPLATE))
        yield found
        running.stop()


def system_program(*, ci: bool) -> Callable[[str], Path]:
    """Where a program of the system's newest PostgreSQL is, which has ICU; Debian's is meant."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name)
    )
    if not folders:
        assert not ci, (
            "PostgreSQL with ICU is missing, and CI must run the tests in a Turkish database"
        )
        pytest.skip("PostgreSQL with ICU is not installed: apt-get install postgresql")
    return lambda name: folders[-1] / name


def addresses(running: Servers) -> dict[str, str]:
    """What points at both servers, and the superuser's address beside it, which the program
    never knows.
    """
    return {**running.addresses(), "ADMINISTRATOR_URL": running.postgres.administrator_url()}


def _named(url: str, name: str) -> str:
    return url.replace("/rowcall?", f"/{name}?")


def _admin(found: dict[str, str], statement: str) -> None:
    """As PostgreSQL's superuser."""
    with psycopg.connect(found["ADMINISTRATOR_URL"], autocommit=True) as conn:
        conn.execute(statement)


def _create(found: dict[str, str], name: str, template: str = "template1") -> None:
    _databases(found).create(name, template)


def _databases(found: dict[str, str]) -> Databases:
    url = found["ADMINISTRATOR_URL"]
    return POOLS.setdefault(url, Databases(url))


@pytest.fixture
def database_url(servers):
    databases = _databases(servers)
    name = databases.take()
    yield _named(servers["DATABASE_URL"], name)
    databases.give_back(name)


@pytest.fixture
def settings(servers, database_url, monkeypatch, tmp_path):
    """Settings for this test, in the environment too, so that jobs and child processes see the
    same.
    """
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": f"{servers['REDIS_URL']}?db={next(_numbers) % 16}",
        "SECRET_KEY": SECRET,
        "LEASE_SECONDS": "2",
        "ROWCALL_VAR": str(tmp_path),
    }
    for name in ("PUBLIC_URL", "SMTP_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    import redis  # noqa: PLC0415

    redis.Redis.from_url(environment["REDIS_URL"]).flushdb()
    return Settings()


@pytest.fixture
def conn(database_url):
    with db.connect_job(database_url) as opened:
        yield opened


@pytest.fixture
def session(database_url):
    from sqlalchemy.orm import Session  # noqa: PLC0415

    with Session(db._engine(database_url), expire_on_commit=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def ci() -> bool:
    return os.environ.get("CI") == "true"
