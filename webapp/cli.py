"""The commands about accounts and tokens, for `rowcall` and for `flask --app webapp.app`."""

import sys
from typing import Any

import click
from flask import Flask, url_for
from flask.cli import AppGroup, with_appcontext

from webapp.admin.commands import doctor
from webapp.models import ApiToken
from webapp.web import account
from webapp.web.access import settings

user = AppGroup("user", help="Accounts.")
token = AppGroup("token", help="API tokens.")


def register(app: Flask) -> None:
    """Add the commands to `flask --app webapp.app`."""
    for command in (user, token, setup_link, doctor):
        app.cli.add_command(command)


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


@click.command("setup-link")
@with_appcontext
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
