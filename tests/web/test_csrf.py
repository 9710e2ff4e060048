"""Only a page of the person's own session writes with its cookie."""

import pytest
from itsdangerous import URLSafeTimedSerializer

from tests.harness.web import Page

SECURE = {"base_url": "https://localhost"}


def token_in(client, **more) -> str:
    return Page(client.get("/account", **more).text).tokens[0]


def is_refused(client, token: str | None, status: int = 400, **more) -> bool:
    data = {} if token is None else {"csrf_token": token}
    return client.post("/sign-out", data=data, **more).status_code == status


def test_neither_no_token_nor_a_strange_one_is_taken(owner, outsider, settings):
    own = token_in(owner.client)
    with owner.client.session_transaction() as kept:
        raw = kept["csrf_token"]
    forged = URLSafeTimedSerializer("another key", salt="wtf-csrf-token").dumps(raw)
    unsalted = URLSafeTimedSerializer(settings.secret_key, salt="elsewhere").dumps(raw)
    for strange in (
        None,
        "",
        raw,
        forged,
        unsalted,
        own[:-1],
        token_in(outsider.client),
        "é",
    ):
        assert is_refused(owner.client, strange), strange
    assert not is_refused(owner.client, own)


@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": "b"}])
def test_a_token_signed_by_us_that_holds_something_else(owner, settings, value):
    odd = URLSafeTimedSerializer(settings.secret_key, salt="wtf-csrf-token").dumps(value)
    assert is_refused(owner.client, odd)


def test_a_session_without_a_token_takes_none(app, settings):
    empty = URLSafeTimedSerializer(settings.secret_key, salt="wtf-csrf-token").dumps("")
    assert app.test_client().post("/sign-in", data={"csrf_token": empty}).status_code == 400


@pytest.mark.parametrize("header", ["X-CSRFToken", "X-CSRF-Token"])
def test_a_script_may_send_it_as_a_header(owner, header):
    headers = {header: token_in(owner.client)}
    assert not is_refused(owner.client, None, headers=headers)


PLACES = {
    "https://localhost/account": False,
    "https://localhost:8/": True,
    "http://localhost/": True,
    "https://evil.example/": True,
    "https://[": True,
    "": True,
}


@pytest.mark.parametrize("place", PLACES)
def test_over_tls_the_form_comes_from_this_site(app, place):
    """The token is right each time."""
    client = app.test_client()
    token = Page(client.get("/sign-in", **SECURE).text).tokens[0]
    headers = {"Referer": place} if place else {}
    data = {"csrf_token": token, "email": "nobody@example.com", "password": "wrong"}
    answer = client.post("/sign-in", data=data, headers=headers, **SECURE)
    assert (answer.status_code == 400) == PLACES[place]
