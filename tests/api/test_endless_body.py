"""A body without a length and without an end, sent to the real web process."""

import http.client
import select
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import people_table
from tests.harness.processes import highest_mb, web_workers
from webapp.limits import MEBIBYTE
from webapp.models import ContactImport

LIMIT_MB = 48  # far more than the web process may grow by
MOST_GROWTH_MB = 20
OPENING = b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\nEmail\r\n'
PIECE = b"ann@example.com\r\n" * 4000


@pytest.fixture
def settings(settings, monkeypatch):
    """Read by the web process that `live_server` starts."""
    monkeypatch.setenv("MAX_UPLOAD_MB", str(LIMIT_MB))
    return settings


def send_chunked(address: str, token: str) -> tuple[int, bytes, int]:
    """Send chunks until there is an answer: its status, its text, and how many bytes went out."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest("POST", "/api/imports")
    for name, value in (
        ("Authorization", f"Bearer {token}"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Transfer-Encoding", "chunked"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    sent, part = 0, OPENING
    with suppress(
        BrokenPipeError, ConnectionResetError
    ):  # The answer came while a chunk was on its way.
        while (
            not select.select([connection.sock], [], [], 0)[0]
            and sent < 2 * LIMIT_MB * MEBIBYTE
        ):
            connection.send(b"%x\r\n%b\r\n" % (len(part), part))
            sent, part = sent + len(part), PIECE
    with connection.getresponse() as answer:
        found = answer.status, answer.read(), sent
    connection.close()
    return found


def test_a_chunked_body_past_the_limit(wire, token_of, session):
    program = wire("owner")
    program.upload(people_table(10))  # What every upload loads is loaded.
    (worker,) = web_workers()
    before = highest_mb(worker)
    status, text, sent = send_chunked(program.address, token_of("owner"))
    assert status == 413, text
    assert b"too_large" in text
    assert sent >= LIMIT_MB * MEBIBYTE
    assert highest_mb(worker) - before < MOST_GROWTH_MB
    assert session.query(ContactImport).count() == 1
