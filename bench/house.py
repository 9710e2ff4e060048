"""Rowcall as its processes, on servers of its own, with the memory and the time of each
watched from outside.
"""

import compileall
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from bench.processes import Watch
from bench.wire import Wire
from webapp import db, jobs
from webapp.config import Settings
from webapp.embedded import Servers
from webapp.imports import import_commands, uploads
from webapp.migrate import migrate
from webapp.models import User
from webapp.vocabulary.strategies import Strategy

ROOT = Path(__file__).parent.parent


class House:
    """The embedded servers, workers and the web process; nothing is shared with other
    installations.
    """

    def __init__(self, workers: int = 1, *, web: bool = False) -> None:
        # As an installation has it after its first start; compiling takes memory.
        compileall.compile_dir(ROOT / "webapp", quiet=2, optimize=[2])
        self.folder = tempfile.TemporaryDirectory(prefix="rb", ignore_cleanup_errors=True)
        Path(self.folder.name).chmod(0o755)
        self.servers = Servers(Path(self.folder.name) / "v")
        found = self.servers.start()
        os.environ.update(
            found, ROWCALL_VAR=self.folder.name, SECRET_KEY=secrets.token_urlsafe()
        )
        self.settings = Settings()
        migrate(self.settings.database_url)
        self.administer(
            "GRANT pg_checkpoint TO rowcall",
            "GRANT SET ON PARAMETER track_functions TO rowcall",
        )
        self.conn = psycopg.connect(
            self.settings.database_url, autocommit=True, row_factory=dict_row
        )
        self.user_id = self._user()
        self.workers = [self._spawn("worker.py") for _ in range(workers)]
        self.postgres = self.servers.postgres.process.pid
        watched = {"worker": [worker.pid for worker in self.workers]}
        if web:
            self.port = _free_port()
            served = "webapp.app:create_app()"
            bind = ["--bind", f"127.0.0.1:{self.port}", "--config", "python:webapp.serving"]
            self.web = self._spawn("-m", "gunicorn", *bind, served)
            watched["web"] = [self.web.pid]
            self.wire = Wire(self.port, self._token())
        self.watch = Watch(watched)

    def _spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-OO", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL
        )

    def administer(self, *statements: str) -> None:
        """As PostgreSQL's superuser, which the program is not."""
        with psycopg.connect(
            self.servers.postgres.administrator_url(), autocommit=True
        ) as conn:
            for statement in statements:
                conn.execute(statement)

    def end(self) -> None:
        self.watch.end()
        self.conn.close()
        started = [*self.workers, *([self.web] if hasattr(self, "web") else [])]
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
        self.servers.stop()
        self.folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def _user(self) -> int:
        with db.session(self.settings.database_url) as session:
            user = User(email="bench@example.com", password_hash="none", role="admin")  # noqa: S106 - nobody signs in
            session.add(user)
            session.flush()
            return user.id

    def _token(self) -> str:
        command = [
            sys.executable,
            "-m",
            "flask",
            "--app",
            "webapp.app",
            "token",
            "create",
            "bench@example.com",
        ]
        return subprocess.run(
            command, cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()[-1]

    def session(self) -> Session:
        return Session(db._engine(self.settings.database_url), expire_on_commit=False)  # noqa: SLF001 - a bench

    def upload(self, file: Path) -> UUID:
        """Store a file and start the check of its suggested columns."""
        with self.session() as session, file.open("rb") as stream:
            found = uploads.create(session, self.user_id, file.name, stream, self.settings)
            import_commands.map_columns(session, found.id, found.suggested_mapping)
            session.commit()
        jobs.wake(found.id, self.settings)
        return found.id

    def checked(self, file: Path) -> UUID:
        """Uploaded, checked and previewed."""
        import_id = self.upload(file)
        self.wait(import_id, "ready")
        self.wait_for_previews(import_id)
        self.wait_until_let_go(import_id)
        return import_id

    def preview(self, import_id: UUID, *strategies: str) -> None:
        """Preview these strategies anew, or all, since the book is another than it was."""
        wanted = strategies or tuple(Strategy)
        self.forget_previews(import_id, wanted)
        jobs.wake(import_id, self.settings)
        self.wait_for_previews(import_id, wanted)

    def forget_previews(
        self, import_id: UUID, strategies: Sequence[str] = tuple(Strategy)
    ) -> None:
        """Delete these previews and their plans."""
        self.conn.execute(
            "DELETE FROM contact_import_previews WHERE import_id = %s AND strategy = ANY(%s)",
            (import_id, list(strategies)),
        )

    def wait_for_previews(
        self, import_id: UUID, strategies: Sequence[str] = tuple(Strategy)
    ) -> None:
        """Return once these strategies were previewed."""
        question = """SELECT count(*) AS n FROM contact_import_previews
                      WHERE import_id = %s AND strategy = ANY(%s)"""
        wanted = (import_id, list(strategies))
        while self.conn.execute(question, wanted, prepare=True).fetchone()["n"] < len(
            strategies
        ):
            time.sleep(0.02)

    def wait_until_let_go(self, import_id: UUID) -> None:
        question = "SELECT heartbeat_at FROM contact_import_leases WHERE import_id = %s"
        while self.conn.execute(question, (import_id,)).fetchone()["heartbeat_at"]:
            time.sleep(0.01)

    def execute(self, import_id: UUID, strategy: str, batch_size: int | str = 100) -> None:
        with self.session() as session:
            import_commands.execute(
                session, import_id, strategy=Strategy(strategy), batch_size=batch_size
            )
            session.commit()
        jobs.wake(import_id, self.settings)

    def roll_back(self, import_id: UUID) -> None:
        with self.session() as session:
            import_commands.roll_back(session, import_id)
            session.commit()
        jobs.wake(import_id, self.settings)

    def wait(self, import_id: UUID, state: str) -> None:
        """Return once the import is in this state.

        Asked seldom, since asking takes time from what is measured.
        """
        question = "SELECT state, failure_reason FROM contact_imports WHERE id = %s"
        while (row := self.conn.execute(question, (import_id,), prepare=True).fetchone())[
            "state"
        ] != state:
            assert row["state"] != "refused", row["failure_reason"]
            time.sleep(0.03)

    def seconds(self, import_id: UUID, first: str, last: str) -> float:
        """The time between two events of an import's log."""
        row = self.conn.execute(
            """SELECT extract(epoch FROM max(at) FILTER (WHERE event = %(last)s)
                 - max(at) FILTER (WHERE event = %(first)s))::float8 AS seconds
               FROM contact_import_logs WHERE import_id = %(id)s""",
            {"id": import_id, "first": first, "last": last},
        ).fetchone()
        return row["seconds"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
