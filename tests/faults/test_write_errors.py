"""Writes and fsyncs that fail: on the disk of a worker, of the web process, and of PostgreSQL.

strace makes the system calls fail, from outside. Sockets are written to by other calls, so what
fails is files alone.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.harness import servers as common
from tests.harness.gates import Gate
from tests.harness.house import STARTING, rows
from tests.harness.invariants import check_invariants
from webapp import jobs
from webapp.models import ContactImport, ImportDocument
from webapp.reports import documents, exports

FIFTH_BATCH = "NEW.external_id = '420'"
FILES = "write,writev,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync"


class Failing:
    """Calls that fail, with an `error`, for the files at `path` or for all; `under` starts a
    program so.
    """

    def __init__(
        self, record: Path, calls: str, error: str, *, path: Path | None = None, after: int = 0
    ) -> None:
        self.record = record
        narrow = ("-P", str(path)) if path else ()
        inject = f"inject={calls}:error={error}:when={after + 1}+"
        self.under = (
            "strace",
            "-f",
            "-qq",
            "-o",
            str(record),
            "-e",
            f"trace={calls}",
            "-e",
            inject,
            *narrow,
        )

    def happened(self) -> bool:
        return self.record.exists() and "(INJECTED)" in self.record.read_text(errors="replace")

    @contextmanager
    def attached(self, pid: int):
        """To a process that runs, and to those that it forks meanwhile."""
        tracer = subprocess.Popen(
            [*self.under, "-p", str(pid)], stderr=subprocess.PIPE, text=True
        )
        _until_traced(pid, tracer)
        try:
            yield
        finally:
            tracer.terminate()
            tracer.communicate(timeout=STARTING)


def _until_traced(pid: int, tracer: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + STARTING
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        assert tracer.poll() is None, tracer.communicate()[1]
        assert time.monotonic() < end, "strace does not come up"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def strace(ci, tmp_path_factory):
    """Skips where there is none, or where it may not look at other processes: many containers
    forbid ptrace.
    """
    if shutil.which("strace") is None:
        assert not ci, "strace is missing, and CI must run this"
        pytest.skip("strace is not installed: apt-get install strace")
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with Failing(tmp_path_factory.mktemp("strace") / "record", "fsync", "EIO").attached(
            bystander.pid
        ):
            pass
    except AssertionError as refused:
        pytest.skip(f"strace may not attach to other processes here: {refused}")
    finally:
        bystander.kill()
        bystander.communicate()


@pytest.fixture
def failing(strace, tmp_path):
    """`failing(calls, error, path=…, after=…)` → Failing."""
    return lambda calls, error, **options: Failing(
        tmp_path / "strace", calls, error, **options
    )


def finish(house, import_id) -> dict:
    house.wait(import_id, "completed", seconds=120)
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"]) == (found["total"], 0)
    return found


def test_a_worker_that_can_write_no_file(house, failing):
    """Not its log, not a temporary file: the import ends whole, whatever becomes of the PDF."""
    disk = failing(FILES, "ENOSPC")
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    house.worker(under=disk.under)
    house.execute(import_id)
    token = gate.held(import_id)
    os.kill(
        house.horse(import_id), signal.SIGKILL
    )  # Of which the worker wants to tell its log.
    gate.held(import_id, after=token)
    gate.open()
    finish(house, import_id)
    house.until(disk.happened, what="no write failed")
    with house.session() as session:
        assert documents.reserve_pdf(session, session.get_one(ContactImport, import_id))
        session.commit()
        jobs.request_pdf(import_id, house.settings)
        house.until(
            lambda: (
                not house.query(
                    "SELECT 1 FROM contact_import_documents WHERE state = 'rendering'"
                )
            ),
            120,
        )
        kept = session.get_one(ImportDocument, (import_id, "pdf"))
        assert kept.content or kept.code
        assert len(b"".join(exports.report_csv(session, import_id)).splitlines()) == 1001
    finish(house, import_id)


def test_a_report_whose_rows_cannot_be_read(house, failing):
    """The download breaks off and the import is what it was; once the disk reads again the
    report is whole.
    """
    house.worker()
    import_id = house.execute(house.ready(rows(1000)))
    before = finish(house, import_id)
    ledger = house.query("SELECT pg_relation_filepath('contact_import_results') AS path")[0][
        "path"
    ]
    house.machine.stop_database()
    house.machine.start_database()  # Nothing of the table is in its memory now.
    disk = failing(
        "pread64,preadv,preadv2", "EIO", path=house.machine.folder.var / "postgres" / ledger
    )
    with disk.attached(house.machine.postgres.process.pid), house.session() as session:
        with pytest.raises(psycopg.Error):
            b"".join(exports.report_csv(session, import_id))
        assert disk.happened()
    after = finish(house, import_id)
    assert (after["ledger_digest"], after["completed_at"]) == (
        before["ledger_digest"],
        before["completed_at"],
    )


def test_no_room_for_contacts(house, failing):
    """PostgreSQL cannot make the table longer: the import waits with what it has, and goes on
    once there is room.
    """
    data = house.machine.folder.var / "postgres"
    import_id = house.ready(rows(2000))
    contacts = data / house.query("SELECT pg_relation_filepath('contacts') AS path")[0]["path"]
    disk = failing(FILES, "ENOSPC", path=contacts, after=3)
    with disk.attached(house.machine.postgres.process.pid):
        house.worker()
        house.execute(import_id)
        house.until(
            lambda: house.waiting_for(import_id) == "database", what="nothing was said"
        )
        found = check_invariants(house, import_id, complete=False)
        assert (found["state"], found["failed"]) == ("running", 0)
        assert found["created"] < 2000
        assert disk.happened()
    finish(house, import_id)


@pytest.fixture
def durable(servers):
    """PostgreSQL waits for the disk, as it does outside of tests."""
    common._admin(servers, "ALTER SYSTEM SET fsync = on")
    common._admin(servers, "SELECT pg_reload_conf()")
    yield
    common._admin(servers, "ALTER SYSTEM SET fsync = off")
    common._admin(servers, "SELECT pg_reload_conf()")


@pytest.mark.parametrize(
    ("process", "calls", "error"),
    [
        ("walwriter", "fdatasync,fsync", "EIO"),
        ("walwriter", "pwrite64,pwritev", "ENOSPC"),
        ("checkpointer", "fsync,fdatasync", "EIO"),
    ],
)
@pytest.mark.usefixtures("durable")
def test_a_disk_that_fails_the_server(house, failing, process, calls, error):
    """PostgreSQL crashes rather than lose something unsaid, comes up by itself, and the import
    goes on.
    """
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    house.worker()
    house.execute(import_id)
    token = gate.held(import_id)
    started, pid = _server(house, process)
    disk = failing(calls, error)
    with disk.attached(pid):
        with suppress(psycopg.OperationalError):
            house.query(
                "INSERT INTO api_tokens (user_id, token_hash) SELECT id, 'x' FROM users"
            )
            common._admin(common.addresses(house.machine), "CHECKPOINT")
        house.until(
            lambda: _server(house, process) != (started, pid), what="the server did not crash"
        )
    assert disk.happened()
    house.highest.clear()  # A crash may take back the last moments; whole batches, and the checkpoint with them.
    gate.held(import_id, after=token)
    gate.open()
    assert finish(house, import_id)["deaths"] == 0, "an outage is no death of the worker"


def _server(house, process: str) -> tuple:
    """When it was started, and its number; only the superuser sees the server's own processes."""
    question = "SELECT backend_start, pid FROM pg_stat_activity WHERE backend_type = %s"
    with psycopg.connect(house.machine.postgres.administrator_url()) as conn:
        return conn.execute(question, (process,)).fetchone() or (None, 0)
