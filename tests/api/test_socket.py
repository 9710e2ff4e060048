"""The socket at its door and under those who misuse it."""

import http.client
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import psycopg
import pytest
from simple_websocket import Client, ConnectionClosed
from sqlalchemy import event

from tests.api.conftest import people_table
from tests.harness.processes import web_workers
from webapp.models import User
from webapp.web import identity
from webapp.web.extensions import db
from webapp.web.hub import bound_sends
from webapp.web.live import websocket


@pytest.fixture
def connect(live_server, cookie_of):
    """`connect(import_id, "owner")` → a socket such as a page opens."""
    host = urlsplit(live_server).hostname  # The client names the host without its port.

    @contextmanager
    def open_socket(import_id: str, name: str = "owner", language: str = "en"):
        address = f"{live_server.replace('http', 'ws')}/imports/{import_id}/live"
        headers = {"Origin": f"http://{host}", "Cookie": cookie_of(name)}
        client = Client(address, headers={**headers, "Accept-Language": language})
        try:
            yield client
        finally:
            if client.connected:
                client.close()
            client.thread.join(5)

    return open_socket


@pytest.fixture
def knock(live_server):
    """`knock(import_id, Origin=…, Cookie=…)` → the status with which the handshake is answered."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    parts = urlsplit(live_server)

    def ask(import_id: str, **headers) -> int:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        sent = {"Origin": live_server, **headers, **upgrade}
        connection.request(
            "GET",
            f"/imports/{import_id}/live",
            headers={name: value for name, value in sent.items() if value},
        )
        answer = connection.getresponse()
        connection.close()
        answer.close()
        return answer.status

    return ask


def messages(client: Client):
    """The fragments until the socket closes, and then its code."""
    while True:
        try:
            yield client.receive(timeout=20)
        except ConnectionClosed as closed:
            yield closed.reason
            return


@pytest.fixture
def running(wire, slow_batches):
    def start(seconds: float) -> str:
        program = wire()
        import_id = program.ready(people_table(2000))
        slow_batches(seconds / 20)
        program.start(import_id)
        return import_id

    return start


def test_pushes_end_with_a_fragment_that_leads_on_and_code_1000(connect, running):
    with connect(running(4)) as client:
        *fragments, last, code = messages(client)
    assert fragments
    assert all('hx-trigger="htmx:ws:close from:#live"' in one for one in fragments)
    assert 'hx-trigger="load"' in last
    assert code == 1000


def test_pushes_speak_the_reader_s_language(connect, running):
    import_id = running(8)
    with (
        connect(import_id, language="de-DE,de;q=0.9") as german,
        connect(import_id) as english,
    ):
        for _ in range(2):
            assert " Zeilen" in german.receive(timeout=10)
            assert " rows" in english.receive(timeout=10)


def test_pushes_come_at_least_every_second_and_at_most_four_times(connect, running):
    with connect(running(20)) as client:
        client.receive(timeout=10)
        began, times = time.monotonic(), []
        while time.monotonic() - began < 5:
            assert client.receive(timeout=5)
            times.append(time.monotonic() - began)
    assert 4 <= len(times) <= 5 * 4 + 1


def test_who_may_not_is_refused_before_the_handshake(knock, cookie_of, wire):
    import_id = wire().upload(people_table(1))["import_id"]
    owner = {"Cookie": cookie_of("owner")}
    answers = {
        "its owner": (owner, 101),
        "who reads": ({"Cookie": cookie_of("viewer")}, 101),
        "a stranger": ({}, 401),
        "a cookie of nobody": ({"Cookie": "rowcall=nonsense"}, 401),
        "another person": ({"Cookie": cookie_of("outsider")}, 404),
        "another site's page": ({**owner, "Origin": "https://elsewhere.example"}, 403),
        "a page of no site": ({**owner, "Origin": "null"}, 403),
        "no page": ({**owner, "Origin": ""}, 403),
    }
    found = {who: knock(import_id, **headers) for who, (headers, _) in answers.items()}
    assert found == {who: status for who, (_, status) in answers.items()}


@pytest.fixture
def two_streams(monkeypatch):
    monkeypatch.setenv("STREAMS_PER_USER", "2")


def test_sockets_and_streams_of_a_person_are_capped(
    two_streams, connect, knock, cookie_of, wire, running
):
    import_id, program = running(20), wire("viewer")
    with (
        connect(import_id, "viewer") as first,
        program.open("GET", f"/imports/{import_id}/events") as second,
    ):
        assert first.receive(timeout=10)
        next(second.events())
        assert knock(import_id, Cookie=cookie_of("viewer")) == 429
        assert program.ask("GET", f"/imports/{import_id}/events")[0] == 429
        with connect(import_id, "admin") as other:
            assert other.receive(timeout=10)
    for _ in range(100):  # The places are given back once the server has seen the end.
        if (status := knock(import_id, Cookie=cookie_of("viewer"))) == 101:
            break
        time.sleep(0.1)
    assert status == 101


def test_who_talks_is_sent_away(connect, running):
    with connect(running(20)) as client:
        client.receive(timeout=10)
        client.send("hello")
        *_, code = messages(client)
    assert code == 1008


@pytest.fixture
def short_streams(monkeypatch):
    monkeypatch.setenv("STREAM_SECONDS", "2")


def test_socket_ends_when_its_time_is_up_with_a_code_to_come_back_on(
    short_streams, connect, running
):
    with connect(running(20)) as client:
        *_, code = messages(client)
    assert code == 1001


def test_no_database_session_is_held_while_watching(connect, running, database_url):
    import_id = running(20)
    with ExitStack() as stack, psycopg.connect(database_url, autocommit=True) as conn:
        sockets = [
            stack.enter_context(connect(import_id, name))
            for name in ("owner", "viewer", "admin")
            for _ in range(4)
        ]
        for client in sockets:
            assert client.receive(timeout=10)
        busy = [
            conn.execute(
                """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND application_name NOT LIKE 'rowcall-%' AND pid <> pg_backend_pid()
                   AND (state LIKE 'idle in transaction%' OR backend_type <> 'client backend')"""
            ).fetchone()[0]
            for _ in range(20)
            if not time.sleep(0.05)
        ]
        connections = conn.execute(
            """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
               AND application_name NOT LIKE 'rowcall-%' AND pid <> pg_backend_pid()"""
        ).fetchone()[0]
    assert sorted(busy)[len(busy) // 2] == 0, "no session stays open between two looks"
    assert connections < len(sockets), "the watchers share"


def test_readers_who_never_read_and_half_open_sockets_leave_the_import_alone(
    live_server, wire, slow_batches, cookie_of
):
    program = wire()
    import_id = program.ready(people_table(4000))
    address = urlsplit(live_server)
    watcher = cookie_of("viewer")
    upgrade = (
        f"GET /imports/{import_id}/live HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {live_server}\r\n"
        f"Cookie: {watcher}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    beginnings = [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", upgrade.encode()]
    slow_batches(0.05)
    program.start(import_id)
    with ExitStack() as stack:
        for number in range(200):
            half = stack.enter_context(
                socket.create_connection((address.hostname, address.port))
            )
            half.sendall(beginnings[number % 10 == 0 or 2 * (number % 10 == 1)])
        program.wait(import_id, "completed")
        status, result = program.ask("GET", f"/imports/{import_id}/result")
    assert (status, result["successfully_imported"]) == (200, 4000)


def test_send_to_who_never_reads_is_given_up(monkeypatch):
    monkeypatch.setattr(websocket.hub, "STREAM_SEND_SECONDS", 1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        bound_sends({"gunicorn.socket": ours})
        with pytest.raises(BlockingIOError):
            ours.sendall(b"x" * 40_000_000)


def test_the_web_process_outlives_sockets_that_it_closes(live_server, wire, cookie_of):
    program = wire()
    import_id = program.ready(people_table(1))
    address = urlsplit(live_server)
    (before,) = web_workers()
    handshake = (
        f"GET /imports/{import_id}/live HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {live_server}\r\n"
        f"Cookie: {cookie_of('owner')}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(10):
            watcher = stack.enter_context(
                socket.create_connection((address.hostname, address.port), 20)
            )
            watcher.sendall(handshake.encode())
            while watcher.recv(
                65536
            ):  # The import is checked: the server ends the socket at once.
                pass
            watcher.sendall(b"\x88\x80\x00\x00\x00\x00")  # a client's own goodbye, late
            assert program.ask("GET", f"/imports/{import_id}/progress")[0] == 200
    assert web_workers() == [before]


ENDINGS = {
    "signed out": "DELETE FROM sessions WHERE user_id = {owner}",
    "switched off": "UPDATE users SET active = false WHERE id = {owner}",
    "no role for it": "UPDATE users SET role = 'importer' WHERE id = {admin}",
}
SOON = 30  # seconds on a busy machine; a socket that nobody ends lasts ten minutes


@pytest.mark.parametrize("how", list(ENDINGS))
def test_a_socket_ends_soon_after_its_person_may_not_watch_any_more(
    how, connect, running, people, database_url
):
    import_id = running(120)
    with connect(import_id, "admin" if "role" in how else "owner") as client:
        client.receive(timeout=20)
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(ENDINGS[how].format(**people))
        until = time.monotonic() + SOON
        while client.connected:
            assert time.monotonic() < until, "the socket went on"
            with suppress(ConnectionClosed):
                client.receive(timeout=5)


def test_one_query_asks_for_all_who_watch(app, people):
    with app.app_context(), ExitStack() as open_streams:
        hub = websocket.hub.current()
        for number in range(12):
            person = identity.Identity(
                User(id=number, email="x", name="", role="importer"), bytes([number]) * 32
            )
            open_streams.enter_context(hub.stream(person))
        asked = []
        event.listen(db.engine, "before_cursor_execute", lambda *found: asked.append(found[2]))
        hub._end_revoked(list(hub.places))
        assert all(place.ended for place in hub.places)
        assert (
            len([statement for statement in asked if "api_tokens" in statement])
            == len(asked)
            == 1
        )
