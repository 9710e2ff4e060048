"""Buttons pressed many times, at the wrong moment, and while the web process dies."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.api.conftest import Wire, people_table
from tests.harness.browser import _free_port, _wait_for
from tests.harness.gates import Gate
from tests.harness.house import PATIENCE, rows
from tests.harness.invariants import check_invariants
from tests.harness.web import Page
from webapp import jobs
from webapp.imports import import_commands
from webapp.retention import discarding
from webapp.vocabulary.refusals import Refusal
from webapp.web.accounts import add_token


def mine(house) -> None:
    house.query(
        "UPDATE contact_imports SET created_by = (SELECT id FROM users WHERE email = 'owner@example.com')"
    )


def press(app, browser, path: str, times: int, **form: str) -> list[str]:
    """The same button pressed so often at once, by one person in as many tabs; where each was
    led.
    """
    token = Page(browser.get("/imports").text).tokens[0]
    led: list[str] = []
    together = threading.Barrier(times)

    def tab() -> None:
        client = app.test_client()
        client._cookies.update(browser.client._cookies)
        together.wait()
        answer = client.post(path, data={**form, "csrf_token": token})
        led.append(f"{answer.status_code} {answer.location}")

    tabs = [threading.Thread(target=tab) for _ in range(times)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join()
    return led


def events(house, import_id, *names: str) -> list[str]:
    question = "SELECT event FROM contact_import_logs WHERE import_id = %s AND event = ANY(%s) ORDER BY id"
    return [entry["event"] for entry in house.query(question, import_id, list(names))]


def test_execute_and_undo_pressed_twenty_times(house, app, owner):
    import_id = house.ready(rows(300))
    mine(house)
    led = press(
        app,
        owner,
        f"/imports/{import_id}/execute",
        20,
        duplicate_strategy="skip",
        batch_size="100",
    )
    assert led == [f"302 /imports/{import_id}/progress"] * 20
    assert events(house, import_id, "queued") == ["queued"]
    standing = jobs.queue(house.settings.redis_url).job_ids
    assert len([name for name in standing if name.startswith(f"import-{import_id}")]) == 1
    house.worker()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 300
    led = press(app, owner, f"/imports/{import_id}/rollback", 20)
    assert set(led) <= {
        f"302 /imports/{import_id}/progress",
        f"302 /imports/{import_id}/report",
    }
    house.wait(import_id, "rolled_back")
    assert events(house, import_id, "started", "rollback_started", "rolled_back") == [
        "started",
        "rollback_started",
        "rolled_back",
    ]
    assert not house.query("SELECT 1 FROM contacts")


def test_cancel_while_queued_and_after_the_end(house):
    import_id = house.execute(house.ready(rows(300)))
    house.ask(import_commands.cancel, import_id)
    found = check_invariants(house, import_id, complete=False)
    assert (found["state"], found["created"]) == ("cancelled", 0)
    house.worker()
    done = house.execute(house.ready(rows(10)))
    house.wait(done, "completed")
    with pytest.raises(Refusal, match="wrong_state"):
        house.ask(import_commands.cancel, done)
    assert house.facts(import_id)["state"] == "cancelled"
    assert house.percent(import_id) == 0


def test_cancel_while_the_batch_commits(house):
    """The batch whose COMMIT is under way counts; the one after it does not come."""
    import_id = house.ready(rows(1000))
    gate = Gate(house, "contact_import_results", when="NEW.row = 421", in_commit=True)
    house.worker()
    house.execute(import_id)
    gate.held(import_id)
    house.ask(import_commands.cancel, import_id)  # It does not wait for the batch.
    gate.open()
    house.wait(import_id, "cancelled")
    found = check_invariants(house, import_id, complete=False)
    assert 500 <= found["created"] <= 600, "more than one batch late"
    assert house.percent(import_id) == found["created"] / 10


def test_cancel_while_no_worker_is_there(house):
    """It is noted; the database may finish the batch that it was at, and the next worker ends
    the import.
    """
    import_id = house.ready(rows(1000))
    gate = Gate(house, when="NEW.external_id = '420'")
    worker = house.worker()
    house.execute(import_id)
    gate.held(import_id)
    worker.end()
    house.ask(import_commands.cancel, import_id)
    assert house.facts(import_id)["state"] == "cancelling"
    gate.open()
    house.worker()
    house.wait(import_id, "cancelled")
    assert check_invariants(house, import_id, complete=False)["created"] in {400, 500}


def test_web_killed_during_an_upload(house, app, people, tmp_path, monkeypatch):
    """Half a file leaves nothing behind, neither in the database nor on the disk."""
    monkeypatch.setenv("TMPDIR", str(spool := tmp_path / "spool"))
    spool.mkdir()
    web = house.web(port := _free_port())
    _wait_for(f"http://127.0.0.1:{port}/healthz")
    with half_an_upload(port, token_of(app, people)):
        house.until(lambda: house.query(HALF_IN), what="no byte of it came to the database")
        web.end()
    assert not house.query(
        "SELECT 1 FROM contact_imports UNION ALL SELECT 1 FROM contact_import_files"
    )
    assert not list(spool.iterdir()), "a temporary file stayed"


# A session that has written some of a file and waits for the rest.
HALF_IN = """SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid()
    AND query LIKE '%contact_import_files%' AND state LIKE 'idle in tr%'"""


def token_of(app, people) -> str:
    with app.app_context():
        return add_token(people["owner"], "test")


@contextmanager
def half_an_upload(port: int, token: str) -> Iterator[None]:
    """The first megabyte of a file of ten is sent, and then the sender falls silent."""
    head = f"POST /api/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 10000000\r\n"
    kind = "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall((head + kind + part).encode() + people_table(30_000)[:1_000_000])
        yield


def test_web_killed_while_it_takes_an_execution(house, app, people):
    """What was not answered was asked for once or not at all; pressing again is safe."""
    web = house.web(port := _free_port())
    _wait_for(f"http://127.0.0.1:{port}/healthz")
    wire = Wire(f"http://127.0.0.1:{port}", token_of(app, people))
    import_id = house.ready(rows(300))
    mine(house)
    gate = Gate(house, "contact_import_logs", when="NEW.event = 'queued'")
    asked = threading.Thread(target=lost_request, args=(wire, import_id))
    asked.start()
    at_gate = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    house.until(lambda: house.query(at_gate))
    web.end()
    asked.join()
    gate.open()
    house.until(lambda: not house.query(at_gate))
    assert house.facts(import_id)["state"] == "ready"
    house.web(port)
    _wait_for(f"http://127.0.0.1:{port}/healthz")
    wire.start(str(import_id))
    house.worker()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 300
    assert events(house, import_id, "queued") == ["queued"]


def lost_request(wire: Wire, import_id) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - however the connection broke
        wire.start(str(import_id))


@pytest.mark.parametrize("state", ["checking", "ready"])
def test_discarded_while_a_worker_is_at_it(house, state):
    """The check or the preview at work stops and leaves nothing."""
    import_id = house.upload(rows(1200))
    if state == "ready":
        jobs.work(str(import_id))
        gate = Gate(house, "contact_import_previews")
    else:
        gate = Gate(house, "contact_import_rows", when="NEW.row > 1100")
    with house.working(import_id):
        gate.held(import_id)
        asking = threading.Thread(
            target=house.ask, args=(discarding.discard, import_id), daemon=True
        )
        asking.start()
        time.sleep(0.5)
        gate.open()
        asking.join(PATIENCE)
    for table in ("contact_imports", "contact_import_rows", "contact_import_files", "contact_import_previews",
                  "contact_import_problems", "contact_import_leases", "contact_import_logs"):  # fmt: skip
        assert house.query(f"SELECT count(*) AS n FROM {table}")[0]["n"] == 0, table
