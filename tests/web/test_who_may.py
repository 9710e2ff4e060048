"""Who gets in, and where to: redirects after signing in, the first account, the last
administrator, guesses.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, text, update

from tests.harness.web import HASHED, PASSWORD, Browser, Page
from webapp.models import Session, User
from webapp.vocabulary.refusals import Refusal
from webapp.web import accounts, passwords

EVIL = (
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: a=b",
    "/\0",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "/.//evil.example",
    "http://evil.example/imports",
    "https:evil.example",
    "javascript:alert(1)",
    "http://[",
    "//[",
    "/nowhere",
    "/sign-out",  # takes no GET
    "/imports/",
    "/imports//evil.example",
    "imports",
    "\u2028/imports",
    "/imports\u202e",
    "x" * 5000,
)
OWN = ("/imports", "/contacts?q=x&after=3", "/contacts?q=%0A", "/imports/new", "/api/docs")


def enter(app, target: str, **more):
    client = app.test_client()
    token = Page(client.get("/sign-in", **more).text).tokens[0]
    form = {"email": "owner@example.com", "password": PASSWORD, "csrf_token": token}
    return client.post("/sign-in", data=form, query_string={"next": target}, **more)


@pytest.mark.usefixtures("people")
def test_a_sign_in_leads_to_a_page_of_ours_and_nowhere_else(app):
    for target in EVIL:
        answer = enter(app, target)
        # What no address can hold is refused before anything else.
        assert answer.status_code in {302, 422}, repr(target)
        assert answer.headers.get("Location", "/imports") == "/imports", repr(target)
    for target in OWN:
        assert enter(app, target).location == target


@pytest.mark.usefixtures("people")
def test_a_page_below_a_prefix_is_gone_on_to_below_it(app):
    client = app.test_client()
    sent = client.get("/contacts?q=x", environ_overrides={"SCRIPT_NAME": "/rowcall"})
    assert sent.location == "/rowcall/sign-in?next=/contacts?q%3Dx"
    answer = enter(app, "/contacts?q=x", environ_overrides={"SCRIPT_NAME": "/rowcall"})
    assert answer.location == "/rowcall/contacts?q=x"


def at_once(count: int, act) -> list:
    """`act(number)` in so many threads, begun at the same moment."""
    begin = threading.Barrier(count)

    def run(number: int):
        begin.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_the_first_account_is_made_once(app, session):
    with app.test_request_context():
        link = f"/setup/{accounts.setup_token()}"
    browsers = [Browser(app.test_client()) for _ in range(6)]
    tokens = [Page(browser.client.get(link).text).tokens[0] for browser in browsers]

    def post(number: int):
        form = {
            "email": f"a{number}@example.com",
            "password": PASSWORD,
            "csrf_token": tokens[number],
        }
        return browsers[number].client.post(link, data=form)

    answers = at_once(6, post)
    assert sorted(answer.location for answer in answers) == ["/imports"] + ["/sign-in"] * 5
    assert session.scalars(select(User.role)).all() == ["admin"]
    assert session.query(Session).count() == 1


@pytest.fixture
def second_admin(session, people):
    found = User(email="second@example.com", name="Second", role="admin", password_hash=HASHED)
    session.add(found)
    session.commit()
    return found.id


def waiting(session) -> int:
    """How many requests wait for a lock of this database."""
    session.rollback()
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return session.scalar(text(question))


@pytest.mark.parametrize("change", [{"role": "viewer", "active": "on"}, {"role": "admin"}])
def test_two_administrators_who_demote_each_other_leave_one(
    change, app, people, sign_in, second_admin, session, conn
):
    ids = [people["admin"], second_admin]
    admins = [sign_in("admin"), sign_in("second")]
    tokens = [Page(admin.get("/account").text).tokens[0] for admin in admins]
    conn.execute(
        "SELECT FROM users WHERE id = ANY(%s) FOR UPDATE", (ids,)
    )  # Both look before either writes.

    def demote(number: int) -> int:
        form = {**change, "csrf_token": tokens[number]}
        return (
            admins[number]
            .client.post(f"/account/users/{ids[1 - number]}", data=form)
            .status_code
        )

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(demote, number) for number in range(2)]
        while waiting(session) < 2:
            assert not any(one.done() for one in asked)
        conn.rollback()
        answers = sorted(one.result() for one in asked)
    assert answers == [302, 403]
    session.rollback()
    assert session.scalar(select(User.id).where(User.role == "admin", User.active)) in ids


@pytest.mark.parametrize("change", [{"role": "importer"}, {"active": False}])
def test_the_last_administrator_stays(change, app, people, session):
    """As the command line asks, which stands behind no account."""
    with app.app_context():
        with pytest.raises(Refusal, match="last_administrator"):
            accounts.change_account(people["admin"], **change)
        accounts.change_account(people["owner"], role="admin")
        accounts.change_account(people["admin"], **change)
        with pytest.raises(Refusal, match="last_administrator"):
            accounts.change_account(people["owner"], **change)
    assert session.scalars(select(User.id).where(User.role == "admin", User.active)).all() == [
        people["owner"]
    ]


def test_an_account_that_was_switched_off_is_switched_on_without_its_old_sessions(
    app, people, owner, session
):
    with app.app_context():
        accounts.change_account(people["owner"], active=False)
        accounts.change_account(people["owner"], active=True)
    owner.get("/imports", status=302)


def test_a_password_that_changes_while_it_is_looked_at_opens_nothing(
    app, people, session, monkeypatch
):
    """The old one was right when it was held against the hash, and is not by the time of the
    session.
    """
    matches = passwords.matches

    def changed_meanwhile(kept: str, password: str) -> bool:
        right = matches(kept, password)
        session.execute(update(User).values(password_hash="another"))
        session.execute(delete(Session))
        session.commit()
        return right

    monkeypatch.setattr(passwords, "matches", changed_meanwhile)
    browser = Browser(app.test_client())
    form = {"email": "owner@example.com", "password": PASSWORD}
    browser.post("/sign-in", form, at="/sign-in", status=401)
    assert session.query(Session).count() == 0


class Guesser:
    """Somebody at an address who tries passwords."""

    def __init__(self, app, address: str) -> None:
        self.client, self.address = app.test_client(), {"REMOTE_ADDR": address}
        self.token = Page(self.client.get("/sign-in").text).tokens[0]

    def guess(self, name: str, password: str | None = None) -> int:
        form = {
            "email": f"{name}@example.com",
            "password": password or "not this one",
            "csrf_token": self.token,
        }
        return self.client.post(
            "/sign-in", data=form, environ_overrides=self.address
        ).status_code


def test_failures_are_counted_by_account_from_wherever_they_come(app, people):
    spread = [
        Guesser(app, f"10.0.0.{n}").guess("owner" if n % 2 else "OWNER") for n in range(12)
    ]
    assert spread == [401] * 10 + [429] * 2
    assert Guesser(app, "10.0.1.1").guess("owner", PASSWORD) == 429
    assert Guesser(app, "10.0.1.2").guess("admin", PASSWORD) == 302


def test_failures_are_counted_by_address_whatever_the_account(app, people):
    one = Guesser(app, "10.0.0.1")
    assert [one.guess(f"unknown{n}") for n in range(12)] == [401] * 10 + [429] * 2
    assert one.guess("admin", PASSWORD) == 429
    assert Guesser(app, "10.0.0.2").guess("admin", PASSWORD) == 302


def test_those_who_sign_in_are_not_counted(app, people):
    """An office behind one address, all of whom know their passwords."""
    answers = [Guesser(app, "10.0.0.1").guess("owner", PASSWORD) for _ in range(15)]
    assert answers == [302] * 15


def test_guesses_at_the_same_moment_are_counted_one_by_one(app, people):
    guessers = [Guesser(app, f"10.0.0.{n}") for n in range(16)]
    answers = at_once(16, lambda number: guessers[number].guess("owner"))
    assert sorted(answers) == [401] * 10 + [429] * 6


def test_guessing_the_present_password_is_counted_as_well(owner):
    form = {"present": "guessed", "password": "a new one, long enough"}
    token = Page(owner.get("/account").text).tokens[0]
    answers = [
        owner.client.post("/account/password", data={**form, "csrf_token": token})
        for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


def test_guesses_are_counted_while_the_queue_is_away(make_app, people, settings):
    away = make_app(redis_url="unix:///nowhere/queue.sock")
    guesser = Guesser(away, "10.9.9.9")
    assert [guesser.guess("viewer") for _ in range(11)] == [401] * 10 + [429]
