"""Signing in and out, passwords, cookies, and accounts that stop working."""

import subprocess
import sys

import pytest
from argon2 import Type, extract_parameters
from sqlalchemy import select, update

from tests.harness.processes import ROOT
from tests.harness.web import PASSWORD, Browser, Page
from webapp.config import Misconfigured, refuse_open_queue
from webapp.models import Session, User
from webapp.vocabulary.refusals import Refusal
from webapp.web import passwords
from webapp.web.accounts import _setup_signer, add_user

WRONG = {"email": "owner@example.com", "password": "not this one at all"}


def cookie(browser: Browser) -> str:
    return browser.client.get_cookie("rowcall").value


def works(app, value: str) -> bool:
    client = app.test_client()
    client.set_cookie("rowcall", value)
    return client.get("/imports").status_code == 200


@pytest.mark.usefixtures("people")
def test_a_session_is_of_one_sign_in(app):
    browser = Browser(app.test_client())
    browser.get("/sign-in")
    before = cookie(browser)
    browser.post(
        "/sign-in", {"email": "OWNER@example.com", "password": PASSWORD}, at="/sign-in"
    )
    inside = cookie(browser)
    assert inside != before
    assert not works(app, before)
    assert works(app, inside)
    browser.post("/sign-out", {}, at="/account")
    assert not works(app, inside)
    assert browser.client.get_cookie("rowcall") is None


def test_a_disabled_account_is_out_at_once(app, owner, session):
    inside = cookie(owner)
    session.execute(update(User).where(User.email == "owner@example.com").values(active=False))
    session.commit()
    assert not works(app, inside)
    owner.client.get("/sign-in")
    answer = owner.post(
        "/sign-in",
        {"email": "owner@example.com", "password": PASSWORD},
        at="/sign-in",
        status=401,
    )
    assert "The e-mail or the password is not right." in answer.text


def test_a_new_password_signs_out_every_other_browser(app, owner, sign_in):
    other = cookie(sign_in("owner"))
    form = {"present": PASSWORD, "password": "eleven char"}
    assert (
        "at least 12" in owner.post("/account/password", form, at="/account", status=422).text
    )
    wrong = {"present": "guessed", "password": "a new one, long enough"}
    assert (
        "Nothing was changed"
        in owner.post("/account/password", wrong, at="/account", status=422).text
    )
    assert works(app, other)
    owner.post("/account/password", {**wrong, "present": PASSWORD}, at="/account", status=200)
    assert not works(app, other)
    assert works(app, cookie(owner))


# Passes and KiB that OWASP's "Password Storage" takes for equally strong, argon2id with one lane.
OWASP = ((1, 47104), (2, 19456), (3, 12288), (4, 9216), (5, 7168))


def test_passwords_have_twelve_characters_and_are_kept_as_argon2_with_a_salt(app, session):
    with app.app_context():
        for short in ("", "eleven char", "x" * 1001):
            with pytest.raises(Refusal):
                add_user("a@example.com", short, "importer")
        for name in ("a", "b"):
            add_user(f"{name}@example.com", "twelve chars", "importer")
    one, other = session.scalars(select(User.password_hash))
    assert one != other
    cost = extract_parameters(one)
    assert cost.type == Type.ID
    assert any(cost.time_cost >= passes and cost.memory_cost >= kib for passes, kib in OWASP)


def test_ten_tries_a_minute(app, people):
    client = app.test_client()
    form = {**WRONG, "csrf_token": Page(client.get("/sign-in").text).tokens[0]}
    answers = [client.post("/sign-in", data=form) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert "Wait a minute" in answers[-1].text


def test_uploads_have_a_rate(make_app, people):
    slow = make_app(uploads_per_minute=2)
    browser = Browser(slow.test_client())
    browser.post(
        "/sign-in", {"email": "owner@example.com", "password": PASSWORD}, at="/sign-in"
    )
    for status in (422, 422, 429):
        answer = browser.post("/imports/new", {}, at="/imports/new", status=status)
    assert int(answer.headers["Retry-After"]) > 0


def test_cookies_over_https(make_app):
    secure = make_app(public_url="https://import.example.com")
    client = secure.test_client()
    setting = client.get("/sign-in", base_url="https://import.example.com").headers[
        "Set-Cookie"
    ]
    assert setting.startswith("__Host-rowcall=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(setting.split("; "))
    assert "Domain" not in setting


def test_cookies_on_the_loopback(app, people):
    setting = app.test_client().get("/sign-in").headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(setting.split("; "))
    assert setting.startswith("rowcall=")
    assert "Secure" not in setting


UNSAFE = [
    {"secret_key": "guessable"},
    {"secret_key": ""},
    {"redis_url": "redis://0.0.0.0:6379/0"},
    {"redis_url": "redis://[::]:6379/0"},
    {"redis_url": "redis://8.8.8.8/0"},
    {"redis_url": ""},
    {"database_url": ""},
]


def test_an_unsafe_start_is_refused(make_app):
    for unsafe in UNSAFE:
        with pytest.raises(Misconfigured):
            make_app(**unsafe)


def test_a_guarded_queue_is_taken(settings):
    for safe in (
        "redis://:secret@8.8.8.8/0",
        "redis://127.0.0.1/0",
        "redis://10.0.0.4/0",
        "redis://queue/0",
    ):
        refuse_open_queue(settings.model_copy(update={"redis_url": safe}))


def test_a_sign_in_goes_on_where_it_was_asked_for_and_nowhere_else(app, people, session):
    targets = {
        "/contacts?q=x": "/contacts?q=x",
        "//evil.example": "/imports",
        "/\\evil.example": "/imports",
    }
    for target, followed in targets.items():
        browser = Browser(app.test_client())
        form = {"email": "owner@example.com", "password": PASSWORD}
        answer = browser.post("/sign-in", form, at="/sign-in", query_string={"next": target})
        assert answer.location == followed
    assert session.query(Session).count() == 3


MANY_SIGN_IN = """
import re
from concurrent.futures import ThreadPoolExecutor
from webapp import serving
from webapp.web import passwords

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

def guess(number):
    return passwords.matches(passwords.UNKNOWN, f"a guess {number}")

serving._keep_small()
guess(0)
before = peak()
with ThreadPoolExecutor(16) as pool:
    assert not any(pool.map(guess, range(32)))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_who_sign_in_at_once_need_the_memory_of_one():
    command = [sys.executable, "-c", MANY_SIGN_IN]
    grown = float(
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    )
    assert grown < 2 * extract_parameters(passwords.UNKNOWN).memory_cost / 1024


def test_a_setup_link_that_opens_nothing_says_why_and_leads_on(app, people):
    with app.test_request_context():
        link = f"/setup/{_setup_signer().dumps('first account')}"
    browser = app.test_client()
    used, unknown = browser.get(link), browser.get("/setup/unknown")
    assert (used.status_code, unknown.status_code) == (200, 404)
    assert "This link has been used." in used.text
    assert "This link does not work any more." in unknown.text
    for page in (used, unknown):
        assert 'href="/sign-in"' in page.text
