"""The database ends the session in the middle of a request: 503 in our words, and the
connection is thrown away.
"""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from sqlalchemy import text

from tests.harness.browser import _free_port, _wait_for
from tests.harness.processes import web_process
from tests.harness.web import Page
from tests.web.test_pages import PEOPLE, bring, check
from webapp.web.accounts import add_token
from webapp.web.extensions import db

UPLOAD = (
    '--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--x\r\n'
    'Content-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    + PEOPLE.decode()
    + "\r\n--x--\r\n"
)
MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
# What is asked, and the table at which it is held: in one mode or the other it is read, or written.
READ, WRITTEN = "ACCESS EXCLUSIVE", "SHARE"
ASKED = (
    ("GET", "/imports", "", "", "contact_imports", READ),
    ("GET", "/contacts", "", "", "contacts", READ),
    ("GET", "/imports/{id}/columns", "", "", "contact_import_corrections", READ),
    ("GET", "/imports/{id}/problems", "", "", "contact_import_rows", READ),
    ("POST", "/imports/new", UPLOAD, MULTIPART, "contact_import_files", WRITTEN),
    (
        "POST",
        "/imports/{id}/problems/3",
        "cell-1=x%40example.com",
        URLENCODED,
        "contact_import_rows",
        WRITTEN,
    ),
    (
        "POST",
        "/imports/{id}/execute",
        "duplicate_strategy=skip",
        URLENCODED,
        "contact_imports",
        WRITTEN,
    ),
    ("GET", "/api/imports", "", "", "contact_imports", READ),
    ("POST", "/api/imports", UPLOAD, MULTIPART, "contact_import_files", WRITTEN),
    (
        "PUT",
        "/api/imports/{id}/mapping",
        '{"mapping": [null, "email", null, null]}',
        JSON,
        "contact_imports",
        WRITTEN,
    ),
)
WAIT = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""


@pytest.fixture
def web(settings):
    """The address of gunicorn as the Procfile starts it, with no worker beside it."""
    port = _free_port()
    process = web_process(port)
    _wait_for(f"http://127.0.0.1:{port}/healthz")
    yield f"http://127.0.0.1:{port}"
    process.end()


@pytest.fixture
def send(app, web, owner, people):
    """`send(method, path, body, media type)` → status, media type and text of the real
    process's answer.
    """
    with app.app_context():
        program = add_token(people["owner"], "test")
    token = Page(owner.get("/account").text).tokens[0]
    cookie = owner.client.get_cookie("rowcall")
    where = urlsplit(web)

    def ask(method: str, path: str, body: str = "", kind: str = "") -> tuple[int, str, str]:
        headers = {"Content-Type": kind} if kind else {}
        if path.startswith("/api"):
            headers["Authorization"] = f"Bearer {program}"
            body = body.replace(
                '--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n',
                "",
            )
        else:
            headers["Cookie"] = f"{cookie.key}={cookie.value}"
            body = body.replace("{token}", token)
            body = f"{body}&{urlencode({'csrf_token': token})}" if kind == URLENCODED else body
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        connection.request(method, path, body.encode() or None, headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers.get_content_type(), answer.read().decode()
        connection.close()
        return found

    return ask


def test_the_database_ends_the_session_in_the_middle_of_a_request(
    send, owner, importer, database_url
):
    import_id = bring(owner)
    check(owner, importer, import_id)
    importer.session.commit()  # It holds no lock of its own.
    for method, path, body, kind, table, mode in ASKED:
        address = path.format(id=import_id)
        with (
            psycopg.connect(database_url) as holder,
            psycopg.connect(database_url, autocommit=True) as other,
            ThreadPoolExecutor(1) as pool,
        ):
            holder.execute(f"LOCK TABLE {table} IN {mode} MODE")
            asked = pool.submit(send, method, address, body, kind)
            while not asked.done():
                for (pid,) in other.execute(WAIT).fetchall():
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
                wait([asked], timeout=0.05)
            status, media_type, words = asked.result()
            holder.rollback()
        assert status == 503, (method, path, status, words[:500])
        if path.startswith("/api"):
            assert (media_type, json.loads(words)["code"]) == (
                "application/problem+json",
                "unavailable",
            ), path
        else:
            assert media_type == "text/html"
            assert "The database cannot be reached" in words, path
        assert send("GET", "/imports")[0] == 200, "a lost connection was kept"
    importer.session.expire_all()
    assert len(importer.session.execute(text("SELECT id FROM contact_imports")).all()) == 1


def test_a_session_that_ends_once_the_answer_is_ready_changes_nothing_of_it(
    app, owner, session
):
    """The roll-back at the end of the request fails, where no handler of errors would see it."""

    def end_session(response):
        pid = db.session.scalar(text("SELECT pg_backend_pid()"))
        session.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        session.rollback()
        return response

    app.after_request_funcs.setdefault(None, []).append(end_session)
    for path in ("/imports", "/contacts", "/account", "/nowhere", "/api/imports"):
        assert owner.client.get(path).status_code in {200, 404}, path


def test_a_transaction_that_idles_too_long_is_an_outage_and_no_failure(
    app, owner, session, monkeypatch
):
    """PostgreSQL counts this among its internal errors."""
    from webapp.web.pages import runs  # noqa: PLC0415

    def slow(**asked):
        db.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 100"))
        session.execute(text("SELECT pg_sleep(1)"))
        return original(**asked)

    original = runs._matching
    monkeypatch.setattr(runs, "_matching", slow)
    answer = owner.client.get("/imports")
    assert (answer.status_code, 'href="/imports">Try again' in answer.text) == (503, True)
    monkeypatch.undo()
    assert owner.client.get("/imports").status_code == 200
