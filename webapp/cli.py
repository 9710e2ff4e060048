"""The commands about accounts and tokens, for `rowcall` and for `flask --app webapp.app`."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask, url_for
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from webapp.admin.commands import doctor
from webapp.models import ApiToken, User
from webapp.vocabulary.refusals import Refusal
from webapp.web import accounts
from webapp.web.access import settings
from webapp.web.extensions import db

GENERATED_BYTES = 18  # of randomness in a password that is made up
user = AppGroup("user", help="Accounts.")
token = AppGroup("token", help="API tokens.")


def register(app: Flask) -> None:
    """Add the commands to `flask --app webapp.app`."""
    for command in (user, token, setup_link, doctor):
        app.cli.add_command(command)


@user.command("list")
def list_users() -> None:
    """Print every account: e-mail, role, whether it works, name."""
    for found in db.session.scalars(select(User).order_by(User.email_key)):
        works = "works" if found.active else "switched off"
        click.echo(f"{found.email}\t{found.role}\t{works}\t{found.name}")


GENERATE = click.option("--generate", is_flag=True, help="Make a password up and print it.")


@user.command("create")
@click.argument("email")
@click.option(
    "--role", type=click.Choice(list(accounts.ROLES)), default="importer", show_default=True
)
@click.option("--name", default="")
@GENERATE
def create_user(email: str, role: str, name: str, generate: bool) -> None:
    """Add an account. The password is asked for, or read from standard input."""
    with _told():
        accounts.add_user(email, _password(generate=generate), role, name)


@user.command("password")
@click.argument("email")
@GENERATE
def set_password(email: str, generate: bool) -> None:
    """Give an account a new password and sign its browsers out. Its API tokens stay.

    The password is asked for, or read from standard input.
    """
    user_id = _user_id(email)
    with _told():
        accounts.set_password(user_id, _password(generate=generate))
    click.echo(f"{email} has a new password. Browsers that were signed in are signed out.")


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(list(accounts.ROLES)))
def set_role(email: str, role: str) -> None:
    """Give an account another role."""
    with _told():
        accounts.change_account(_user_id(email), role=role)


@user.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Switch an account off: its browsers and tokens open nothing from now on."""
    with _told():
        accounts.change_account(_user_id(email), active=False)


@user.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Switch an account on again."""
    with _told():
        accounts.change_account(_user_id(email), active=True)


def _password(*, generate: bool) -> str:
    """A new password: made up and printed, typed twice without showing, or a line of standard
    input.
    """
    if generate:
        password = secrets.token_urlsafe(GENERATED_BYTES)
        click.echo(f"Password: {password}")
        return password

    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))

    return sys.stdin.readline().rstrip("\r\n")


@contextmanager
def _told() -> Iterator[None]:
    """What an account's rules refuse, as the command's own error."""
    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(refusal.sentence) from None


@token.command("create")
@click.argument("email")
@click.option("--name", default="command line")
def create_token(email: str, name: str) -> None:
    """Make an API token for an account and print it."""
    with _told():
        click.echo(accounts.add_token(_user_id(email), name))


@token.command("list")
@click.argument("email")
def list_tokens(email: str) -> None:
    """Print the names of an account's living tokens, and when each was last used."""
    for found in accounts.living_tokens(_user_id(email)):
        used = (
            f"last used {found.last_used_at:%Y-%m-%d}" if found.last_used_at else "never used"
        )
        click.echo(f"{found.name}\tmade {found.created_at:%Y-%m-%d}\t{used}")


@token.command("revoke")
@click.argument("email")
@click.argument("name")
def revoke_token(email: str, name: str) -> None:
    """Revoke an account's tokens of that name: from now on they open nothing."""
    revoked = accounts.revoke(_user_id(email), ApiToken.name == name)
    if not revoked:
        raise click.ClickException(
            f"{email} has no living token named {name}. See them with: token list {email}"
        )

    click.echo(f"Revoked {revoked}.")


def _user_id(email: str) -> int:
    found = accounts.user_by_email(email)
    if found is None:
        raise click.ClickException(
            f"There is no account {email}. See them with: rowcall user list"
        )
    return found.id


@click.command("setup-link")
@with_appcontext
def setup_link() -> None:
    """Print a link that creates the first account, as long as there is none."""
    made = accounts.setup_token()
    if not made:
        click.echo(
            "There is an account already. For a lost password: rowcall user password EMAIL",
            err=True,
        )
    else:
        base = settings().site_url
        with _request_context():
            click.echo(base + url_for("account.setup", token=made))


def _request_context() -> Any:
    from flask import current_app  # noqa: PLC0415 - only the link needs a request's URL rules

    return current_app.test_request_context()
