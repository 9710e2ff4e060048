"""Tokens: made on the account page and on the command line, shown once, kept as hashes, dead
once revoked.
"""

import re

import pytest
from sqlalchemy import text

from tests.api.conftest import Program


@pytest.fixture
def command(app, people):
    """`command("create", "owner@example.com")` → the result of a `flask token` command."""
    return lambda *words: app.test_cli_runner().invoke(args=["token", *words])


def stored(session) -> str:
    session.rollback()
    return repr(session.execute(text("SELECT * FROM api_tokens")).all())


def status(app, token: str) -> int:
    return Program(app.test_client(), token).ask("GET", "/imports", None).status_code


def test_account_page_shows_a_token_once_and_revokes_it(app, owner, outsider, session):
    answer = owner.post("/account/tokens", {"name": "Shop sync"}, at="/account", status=200)
    (token,) = set(re.findall(r"rowcall_[\w-]{43}", answer.text))
    assert status(app, token) == 200
    assert token not in stored(session)
    again = owner.get("/account").text
    assert "Shop sync" in again
    assert token not in again

    (revoke,) = re.findall(r"/account/tokens/\d+/revoke", again)
    outsider.post(revoke, {}, at="/account")
    assert status(app, token) == 200, "somebody else's token"
    owner.post(revoke, {}, at="/account")
    assert status(app, token) == 401
    assert "Shop sync" not in owner.get("/account").text


def test_command_line_makes_lists_and_revokes(app, command, session):
    made = command("create", "Owner@example.com", "--name", "script")
    token = made.stdout.strip()
    assert re.fullmatch(r"rowcall_[\w-]{43}", token), "the token alone is printed"
    assert token not in stored(session)
    assert "script" in command("list", "owner@example.com").stdout
    assert "never used" in command("list", "owner@example.com").stdout
    assert status(app, token) == 200
    assert "last used" in command("list", "owner@example.com").stdout

    assert command("revoke", "owner@example.com", "script").stdout == "Revoked 1.\n"
    assert status(app, token) == 401
    assert command("list", "owner@example.com").stdout == ""
    assert command("revoke", "owner@example.com", "script").exit_code == 1


@pytest.mark.parametrize("words", [["create"], ["list"], ["revoke", "x"]])
def test_unknown_account_is_told_of(command, words):
    name, *more = words
    refused = command(name, "nobody@example.com", *more)
    assert refused.exit_code == 1
    assert "There is no account nobody@example.com" in refused.output
