"""Rowcall as its processes, on servers of its own, with the memory of each watched from outside."""

import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from webapp import db, jobs
from webapp.config import Settings
from webapp.embedded import Servers
from webapp.engine import sessions
from webapp.engine.states import Strategy
from webapp.migrate import migrate
from webapp.models import User

ROOT = Path(__file__).parent.parent


class House:
    """The embedded servers, a worker, and on wish the web process; nothing is shared with other installations."""

    def __init__(self, workers: int = 1) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="rb", ignore_cleanup_errors=True)
        Path(self.folder.name).chmod(0o755)
        self.servers = Servers(Path(self.folder.name) / "v")
        found = self.servers.start()
        os.environ.update(found, SECRET_KEY=secrets.token_hex(32))
        self.settings = Settings()
        migrate(self.settings.database_url)
        self.conn = psycopg.connect(self.settings.database_url, autocommit=True, row_factory=dict_row)
        self.user_id = self._user()
        self.peaks: dict[str, float] = defaultdict(float)
        self.workers = [subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT) for _ in range(workers)]
        self.watching = True
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        self.watching = False
        self.conn.close()
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(30)
        self.servers.stop()
        self.folder.cleanup()

    def _user(self) -> int:
        with db.session(self.settings.database_url) as session:
            user = User(email="bench@example.com", password_hash="none", role="admin")  # noqa: S106 - nobody signs in
            session.add(user)
            session.flush()
            return user.id

    def _watch(self) -> None:
        """Peak resident memory, in MB, of the workers and of the processes that they fork."""
        while self.watching:
            for worker in self.workers:
                self._note("worker", worker.pid)
                for child in _children(worker.pid):
                    self._note("work-horse", child)
            time.sleep(0.02)

    def _note(self, name: str, pid: int) -> None:
        self.peaks[name] = max(self.peaks[name], _peak_megabytes(pid))

    def session(self) -> Session:
        return Session(db._engine(self.settings.database_url), expire_on_commit=False)  # noqa: SLF001 - a bench

    def upload(self, file: Path) -> UUID:
        """Store a file and start the check of its suggested columns."""
        with self.session() as session, file.open("rb") as stream:
            found = sessions.create(session, self.user_id, file.name, stream, self.settings)
            sessions.map_columns(session, found.id, found.suggested_mapping)
            session.commit()
        jobs.wake(found.id, self.settings)
        return found.id

    def execute(self, import_id: UUID, strategy: str, batch_size: int | str = 100) -> None:
        with self.session() as session:
            sessions.execute(session, import_id, strategy=Strategy(strategy), batch_size=batch_size)
            session.commit()
        jobs.wake(import_id, self.settings)

    def roll_back(self, import_id: UUID) -> None:
        with self.session() as session:
            sessions.roll_back(session, import_id)
            session.commit()
        jobs.wake(import_id, self.settings)

    def wait(self, import_id: UUID, *states: str) -> dict[str, object]:
        """The import's row as soon as it is in one of the states."""
        while True:
            row = self.conn.execute("SELECT * FROM contact_imports WHERE id = %s", (import_id,)).fetchone()
            if row["state"] in states:
                return row
            assert row["state"] != "failed", row["failure_reason"]
            time.sleep(0.02)

    def wait_for_previews(self, import_id: UUID) -> None:
        question = "SELECT count(*) AS n FROM contact_import_previews WHERE import_id = %s"
        while self.conn.execute(question, (import_id,)).fetchone()["n"] < len(Strategy):
            time.sleep(0.05)

    def seconds(self, import_id: UUID, first: str, last: str) -> float:
        """The time between two events of an import's log."""
        row = self.conn.execute(
            """SELECT extract(epoch FROM max(at) FILTER (WHERE event = %(last)s)
                 - max(at) FILTER (WHERE event = %(first)s))::float8 AS seconds
               FROM contact_import_logs WHERE import_id = %(id)s""",
            {"id": import_id, "first": first, "last": last},
        ).fetchone()
        return row["seconds"]


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
