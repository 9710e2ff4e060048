"""Downloads whose readers stop reading: what they hold, who gets one, and who is served
meanwhile.
"""

import time
from contextlib import ExitStack

import pytest

from tests.api.conftest import table
from tests.api.test_slow_clients import connect as connect  # noqa: PLC0414 - a fixture
from tests.api.test_slow_clients import served_meanwhile
from webapp.limits import DOWNLOADS_AT_ONCE_PER_PERSON
from webapp.web.extensions import db

READERS = 16
PATIENCE = 20  # seconds; less than an unread download may take
# Of the web process: a worker's are of another name.
HELD = """SELECT count(*) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND application_name NOT LIKE 'rowcall-%%' AND state LIKE 'idle in transaction%%'"""


def given_back(conn) -> None:
    """Wait until no transaction is held; a request that is just being answered has one as well."""
    until = time.monotonic() + PATIENCE
    while conn.execute(HELD).fetchone()["count"]:
        assert time.monotonic() < until, "a reader who has stopped holds a transaction"
        time.sleep(0.05)


def long_file(rows: int) -> bytes:
    """A report of some megabytes, more than the system's buffers take."""
    return table(
        *[
            f"{n},p{n}@example.com,Ada {n},Example,Acme,{'long ' * 300},{n}"
            for n in range(rows)
        ]
    )


def test_readers_of_a_report_who_stop_reading(live_server, wire, connect, cookie_of, conn):
    program = wire("owner")
    import_id = program.ready(long_file(4000))
    cookie = cookie_of("owner")
    path = f"/imports/{import_id}/report.csv"
    readers = [
        connect(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        for _ in range(READERS)
    ]
    answers = [reader.recv(400) for reader in readers]
    assert sum(b" 200 " in answer[:20] for answer in answers) == DOWNLOADS_AT_ONCE_PER_PERSON
    refused = [answer for answer in answers if b" 429 " in answer[:20]]
    assert len(refused) == READERS - DOWNLOADS_AT_ONCE_PER_PERSON
    assert all(b"Retry-After: " in answer for answer in refused)
    served_meanwhile(live_server, cookie)
    given_back(conn)
    status, refusal = program.ask("GET", path)
    assert (status, refusal["code"]) == (429, "too_many")
    for reader in readers:
        reader.close()


def test_a_place_is_given_back(owner_program, importer):
    """By those who read to the end, and by those who ask for the head alone."""
    import_id = owner_program.run(table("1,a@example.com,A,B,,,"))
    for _ in range(2 * DOWNLOADS_AT_ONCE_PER_PERSON):
        assert (
            owner_program.ask("GET", f"/imports/{import_id}/report.csv").text.count("\n") == 2
        )
        owner_program.ask("HEAD", f"/imports/{import_id}/report.csv")


@pytest.mark.parametrize(
    ("path", "kind"), [("/imports", "text/html"), ("/api/imports", "application/problem+json")]
)
def test_a_full_pool_is_no_error_of_ours(app, owner, path, kind):
    owner.get("/imports")
    with app.app_context(), ExitStack() as stack:
        pool = db.engine.pool
        pool._timeout = 0.1
        for _ in range(pool.size() + pool._max_overflow):
            stack.enter_context(db.engine.connect())
        answer = owner.client.get(path)
    assert (answer.status_code, answer.mimetype) == (503, kind)
    assert answer.headers["Retry-After"] == "5"
