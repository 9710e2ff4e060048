"""Bring a database to the newest version of the tables."""

from pathlib import Path
from typing import TYPE_CHECKING

from webapp import db

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def versions() -> list[str]:
    """The versions of the tables that this program knows, oldest first, from the files' names."""
    return sorted(file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/[0-9]*_*.py"))


def newest() -> str:
    """The version of the tables that this program works with."""
    return versions()[-1]


def config(url: str) -> "Config":
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config  # noqa: PLC0415 - the web process needs the versions alone

    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.set_main_option("sqlalchemy.url", db.sqlalchemy_url(url).replace("%", "%%"))
    return found


def migrate(url: str) -> None:
    """Apply the migrations that the database lacks."""
    from alembic import command  # noqa: PLC0415 - the web process needs the versions alone

    command.upgrade(config(url), "head")
