"""The command line: first use, scripts, and a look at every part."""

import sys
from typing import Any

import click
from flask import Flask, url_for
from flask.cli import AppGroup
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.models import ApiToken
from webapp.web import account, health
from webapp.web.access import settings
from webapp.web.extensions import db

user = AppGroup("user", help="Accounts.")
token = AppGroup("token", help="API tokens.")


def register(app: Flask) -> None:
    """Add the commands to `flask --app webapp.app`."""
    for command in (user, token):
        app.cli.add_command(command)
    for plain in (setup_link, doctor):
        app.cli.command()(plain)


@user.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(list(account.ROLES)), default="importer", show_default=True)
@click.option("--name", default="")
def create_user(email: str, role: str, name: str) -> None:
    """Add an account; the password is read from standard input."""
    asked = sys.stdin.isatty()
    password = click.prompt("Password", hide_input=True) if asked else sys.stdin.readline().rstrip("\n")
    try:
        account.add_user(email, password, role, name)
    except account.AccountError as problem:
        raise click.ClickException(str(problem)) from None


@token.command("create")
@click.argument("email")
@click.option("--name", default="command line")
def create_token(email: str, name: str) -> None:
    """Make an API token for an account and print it."""
    click.echo(account.add_token(_user_id(email), name))


@token.command("list")
@click.argument("email")
def list_tokens(email: str) -> None:
    """Print the names of an account's living tokens, and when each was last used."""
    for found in account.living_tokens(_user_id(email)):
        used = f"last used {found.last_used_at:%Y-%m-%d}" if found.last_used_at else "never used"
        click.echo(f"{found.name}\tmade {found.created_at:%Y-%m-%d}\t{used}")


@token.command("revoke")
@click.argument("email")
@click.argument("name")
def revoke_token(email: str, name: str) -> None:
    """Revoke an account's tokens of that name: from now on they open nothing."""
    revoked = account.revoke(_user_id(email), ApiToken.name == name)
    if not revoked:
        raise click.ClickException(f"{email} has no living token named {name}. See them with: token list {email}")
    click.echo(f"Revoked {revoked}.")


def _user_id(email: str) -> int:
    found = account.user_by_email(email)
    if found is None:
        raise click.ClickException(f"There is no account {email}. Make it with: flask --app webapp.app user create")
    return found.id


def setup_link() -> None:
    """Print a link that creates the first account, as long as there is none."""
    made = account.setup_token()
    if made:
        base = settings().site_url
        with _request_context():
            click.echo(base + url_for("account.setup", token=made))


def _request_context() -> Any:
    from flask import current_app  # noqa: PLC0415 - only the link needs a request's URL rules

    return current_app.test_request_context()


def doctor() -> None:
    """Look at every part and say how to mend what is missing."""
    found = [_tables(), *_queue_and_worker(), _pdf(), _mail()]
    for name, well, advice in found:
        click.echo(f"{'ok  ' if well else 'MEND'} {name}{'' if well else f': {advice}'}")
    if not all(well for name, well, _ in found if name not in {"pdf", "mail"}):
        sys.exit(1)


def _tables() -> tuple[str, bool, str]:
    try:
        db.session.execute(text("SELECT count(*) FROM alembic_version"))
        temporary = db.session.scalar(text("SELECT has_database_privilege(current_database(), 'TEMP')"))
    except SQLAlchemyError:
        return "database", False, "set DATABASE_URL to a reachable PostgreSQL 15 or later; make run makes its tables"
    return "database", bool(temporary), "GRANT TEMP ON DATABASE to Rowcall's user: previews and batches need it"


def _queue_and_worker() -> list[tuple[str, bool, str]]:
    parts = health.queue_and_worker()
    return [
        ("queue", parts["queue"] == "ok", "set REDIS_URL to a reachable Redis or Valkey; imports wait until then"),
        ("worker", parts["worker"] == "ok", "start one with python worker.py; imports wait until then"),
    ]


def _pdf() -> tuple[str, bool, str]:
    try:
        import weasyprint  # noqa: F401, PLC0415 - only to see whether its libraries are there
    except OSError:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core"
        return "pdf", False, f"apt-get install {packages}; only PDF reports are off"
    return "pdf", True, ""


def _mail() -> tuple[str, bool, str]:
    return "mail", bool(settings().smtp_url), "set SMTP_URL (smtp://user:password@host:port); only notices are off"
