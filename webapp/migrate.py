"""Bring a database to the newest version of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from webapp import db

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.set_main_option("sqlalchemy.url", db.sqlalchemy_url(url).replace("%", "%%"))
    return found


def migrate(url: str) -> None:
    """Apply the migrations that the database lacks."""
    command.upgrade(config(url), "head")
