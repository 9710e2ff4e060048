"""PostgreSQL and Valkey restarted, lost, emptied, frozen and full in the middle of an import."""

import gc
import io
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from tests.faults.test_pressing import mine
from tests.harness import servers as common
from tests.harness.gates import Gate
from tests.harness.house import rows
from tests.harness.imports import table
from tests.harness.invariants import check_invariants
from tests.harness.proxy import Proxy
from webapp import jobs
from webapp.imports import import_commands
from webapp.web import receiving

FIFTH_BATCH = "NEW.external_id = '420'"


def under_way(house, count: int = 1000, **options) -> tuple:
    """An import whose fifth batch is held; its id, the gate and the holder's token."""
    import_id = house.ready(rows(count))
    gate = Gate(house, when=FIFTH_BATCH)
    house.worker(**options)
    house.execute(import_id)
    return import_id, gate, gate.held(import_id)


def finish(house, import_id) -> dict:
    house.wait(import_id, "completed")
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"]) == (found["total"], 0)
    return found


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["immediate", "fast"])
def test_database_restarted(house, how):
    import_id, gate, token = under_way(house)
    house.machine.stop_database(how)
    house.highest.clear()  # A crash may take back the last moments; whole batches, and the checkpoint with them.
    house.machine.start_database()
    gate.held(import_id, after=token)
    gate.open()
    assert finish(house, import_id)["deaths"] == 0, "an outage is no death of the worker"


def test_machine_restarted(house):
    """Worker, database and queue are gone at once, with another import waiting; all come up
    again.
    """
    import_id = house.ready(rows(1000))
    waiting = house.ready(rows(10, first=5001))
    gate = Gate(house, when=FIFTH_BATCH)
    worker = house.worker()
    house.execute(import_id)
    gate.held(import_id)
    house.execute(waiting)
    worker.end()
    house.machine.stop_database(signal.SIGQUIT)
    house.machine.stop_queue()
    house.highest.clear()  # A crash may take back the last moments; whole batches, and the checkpoint with them.
    house.machine.start_database()
    house.machine.start_queue()
    assert house.facts(import_id)["state"] == "running"
    gate.open()
    house.worker()
    assert finish(house, import_id)["created"] == 1000
    finish(house, waiting)


def undo_under_way(house) -> tuple:
    """An undo of 2,500 created contacts whose second batch is held; its id, the gate and the
    holder's token.
    """
    import_id = house.execute(house.ready(rows(2500)))
    jobs.work(str(import_id))
    gate = Gate(house, when="OLD.external_id = '700'", events="DELETE")
    house.worker()
    house.ask(import_commands.roll_back, import_id)
    return import_id, gate, gate.held(import_id)


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT], ids=["immediate", "fast"])
def test_database_restarted_during_an_undo(house, how):
    import_id, gate, token = undo_under_way(house)
    assert house.facts(import_id)["rollback"], "no batch of the undo was committed yet"
    house.machine.stop_database(how)
    house.machine.start_database()
    gate.held(import_id, after=token)
    gate.open()
    found = house.wait(import_id, "rolled_back")
    assert (found["rollback"]["removed"], found["rollback"]["kept"], found["deaths"]) == (
        2500,
        0,
        0,
    )
    assert not house.query("SELECT FROM contacts")


def test_session_ended_by_an_administrator(house):
    import_id, gate, token = under_way(house)
    house.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    )
    gate.held(import_id, after=token)
    gate.open()
    finish(house, import_id)


def test_database_away(house, owner):
    """Pages say so and stay alive; when the database is back everything goes on by itself."""
    import_id, gate, _token = under_way(house)
    gate.open()
    house.machine.stop_database()
    for path in ("/imports", f"/imports/{import_id}/progress/fragment", "/contacts"):
        assert "database cannot be reached" in owner.get(path, 503).text
    assert owner.client.get("/api/imports").status_code == 503
    assert owner.client.get("/readyz").json["database"] == "out of reach"
    owner.get("/healthz")
    house.machine.start_database()
    house.highest.clear()
    finish(house, import_id)
    assert owner.client.get("/imports").status_code == 200


@pytest.fixture
def proxy(house):
    """Between a worker and PostgreSQL, for a worker that has `through(house, proxy)` in its
    environment.
    """
    with tempfile.TemporaryDirectory(prefix="rp") as folder:
        between = Proxy(Path(folder), house.machine.folder.sockets)
        Path(folder).chmod(
            0o755
        )  # The worker runs as another account where root runs the tests.
        yield between
        between.close()


def through(house, proxy) -> dict[str, str]:
    address = urlsplit(house.settings.database_url)
    return {"DATABASE_URL": f"postgresql://{address.netloc}{address.path}?host={proxy.folder}"}


def test_lost_answer_to_committed_batches(house, proxy):
    """Which batches were committed is read from the checkpoint; none is done twice."""
    import_id, gate, token = under_way(house, environment=through(house, proxy))
    proxy.lose_next_answer = True
    gate.open()
    house.until(lambda: proxy.lost, what="no answer came by")
    assert finish(house, import_id)["token"] > token


def test_network_cut(house, proxy):
    """The worker hears nothing more and is not told so; another goes on, and nothing of the
    first one counts.
    """
    import_id, gate, token = under_way(house, environment=through(house, proxy))
    proxy.cut = True
    house.worker()
    assert gate.held(import_id, after=token) > token
    gate.open()
    finish(house, import_id)
    proxy.cut = False
    time.sleep(1)
    check_invariants(house, import_id)


def test_queue_emptied(house):
    import_id, gate, _token = under_way(house)
    waiting = house.execute(house.ready(rows(10, first=5001)))
    redis.Redis.from_url(house.settings.redis_url).flushall()
    gate.open()
    finish(house, import_id)
    finish(house, waiting)


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_queue_away(house, how):
    """What runs goes on from the database; what is asked for meanwhile waits, says so, and
    begins by itself.
    """
    waiting = house.ready(rows(10, first=5001))
    import_id, gate, _token = under_way(house)
    if how == "stopped":
        house.machine.stop_queue()
    else:
        house.machine.signal_queue(signal.SIGSTOP)
    house.execute(waiting)
    assert house.waiting_for(waiting) == "queue"
    gate.open()
    finish(house, import_id)
    assert house.facts(waiting)["state"] == "queued"
    if how == "stopped":
        house.machine.start_queue()
    else:
        house.machine.signal_queue(signal.SIGCONT)
    finish(house, waiting)
    assert house.waiting_for(waiting) is None


def test_queue_full(house, owner):
    """It takes no more; the button still works, the page says what is waited for, and the
    import begins later.
    """
    import_id = house.ready(rows(10))
    mine(house)
    store = redis.Redis.from_url(house.settings.redis_url)
    assert store.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    jobs.queue(
        house.settings.redis_url
    ).empty()  # The check has enqueued its previews; that job would count as ours.
    house.worker()
    house.until(lambda: jobs.workers(house.settings))
    store.config_set("maxmemory", 1)
    try:
        at = f"/imports/{import_id}/review"
        owner.post(
            f"/imports/{import_id}/execute",
            {"duplicate_strategy": "skip", "batch_size": "100"},
            at=at,
        )
        assert "Waiting for the queue" in owner.get(f"/imports/{import_id}/progress").text
        assert house.facts(import_id)["state"] == "queued"
    finally:
        store.config_set("maxmemory", 0)
    finish(house, import_id)


@pytest.fixture
def small_folder(machine, ci):
    """A folder on a disk of 256 kB, PostgreSQL's own."""
    folder = Path(tempfile.mkdtemp(prefix="rd"))
    mounted = subprocess.run(
        [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size=256k,mode=0700,uid={machine.folder.owner}",
            "none",
            folder,
        ],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        folder.rmdir()
        assert not (ci and os.geteuid() == 0 and Path("/.dockerenv").exists() is False), (
            mounted.stderr
        )
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


@pytest.fixture
def small_disk(machine, small_folder):
    """A tablespace on a small disk; calling it makes the disk larger."""
    found = common.addresses(machine)
    common._admin(found, f"CREATE TABLESPACE small LOCATION '{small_folder}'")
    common._admin(found, "GRANT CREATE ON TABLESPACE small TO rowcall")
    yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", small_folder], check=True)
    common._admin(found, "DROP TABLESPACE small")


# Werkzeug leaves the temporary file of a form that it could not read to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_disk_full_under_an_upload(small_folder, house, owner, monkeypatch):
    """An upload beyond those that go straight into the database waits in a temporary file, and
    there is no room.
    """

    def none_is_free(*, blocking: bool) -> bool:
        assert not blocking
        monkeypatch.setattr(
            tempfile, "tempdir", str(small_folder)
        )  # Only now: the test's own client uses one too.
        return False

    monkeypatch.setattr(receiving._slots, "acquire", none_is_free)
    file = (io.BytesIO(rows(20_000).encode()), "people.csv")
    answer = owner.post("/imports/new", {"file": file}, at="/imports/new", status=507)
    assert "The disk is full" in answer.text
    gc.collect()
    assert list(small_folder.iterdir()) == []
    for stored in ("contact_imports", "contact_import_files"):
        assert house.query(f"SELECT count(*) AS n FROM {stored}") == [{"n": 0}]


def test_disk_full(small_disk, house, owner):
    """The import waits with what it has, and goes on once there is room."""
    people = [f"{n},p{n}@example.com,P{n},Q{n},{'x' * 200},," for n in range(1, 2001)]
    import_id = house.ready(table(*people))
    mine(house)
    house.query("ALTER TABLE contacts SET TABLESPACE small")
    house.worker()
    house.execute(import_id)
    said = "Waiting for the database. The import continues by itself."
    house.until(
        lambda: said in owner.get(f"/imports/{import_id}/progress").text,
        what="nothing was said",
    )
    found = check_invariants(house, import_id, complete=False)
    assert (found["state"], found["failed"]) == ("running", 0)
    assert 0 < found["created"] < 2000
    small_disk()
    finish(house, import_id)
