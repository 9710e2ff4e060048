"""One test's house: its settings, its workers, what it asks of the engine and what it asks of
the database.
"""

import hashlib
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from tests.harness.imports import table
from tests.harness.processes import Family, Machine, web_process, worker_process
from webapp import db, jobs
from webapp.config import Settings
from webapp.contacts import journal
from webapp.imports import import_commands, uploads
from webapp.imports.progress import ProgressTracker
from webapp.models import Contact
from webapp.vocabulary.outcomes import STORED_OUTCOMES

# Seconds that a test waits on a busy machine before it gives up; what is promised the soak
# measures.
PATIENCE = 60
STARTING = 30  # seconds that a process may take to come up on a busy machine


def rows(count: int, first: int = 1, company: str = "Acme") -> str:
    """A file of so many people."""
    return table(
        *[f"{n},p{n}@example.com,P{n},Q{n},{company},," for n in range(first, first + count)]
    )


class House:
    """Settings, a session, workers, and questions to the database, for one test or one soak."""

    def __init__(self, settings: Settings, user_id: int, machine: Machine) -> None:
        self.settings, self.user_id, self.machine = settings, user_id, machine
        self.processes: list[Family] = []
        self.highest: Counter[UUID] = Counter()

    # Doing

    def worker(self, **options) -> Family:
        self.processes.append(worker_process(**options))
        return self.processes[-1]

    def web(self, port: int) -> Family:
        self.processes.append(web_process(port))
        return self.processes[-1]

    def end(self) -> None:
        for process in self.processes:
            process.end()

    @contextmanager
    def working(self, import_id: UUID) -> Iterator[None]:
        """The import's work in a thread of this process, while the block meddles with it;
        ended at the block's end.
        """
        thread = threading.Thread(target=jobs.work, args=(str(import_id),), daemon=True)
        thread.start()
        yield
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the work never came to an end"

    @contextmanager
    def session(self) -> Iterator[Session]:
        with Session(db._engine(self.settings.database_url), expire_on_commit=False) as opened:
            yield opened

    def upload(self, text: str) -> UUID:
        """Store a file and ask for its check; nothing is enqueued."""
        with self.session() as session:
            found = uploads.create(
                session, self.user_id, "p.csv", io.BytesIO(text.encode()), self.settings
            )
            import_commands.map_columns(session, found.id, found.suggested_mapping)
            session.commit()
            return found.id

    def ready(self, text: str) -> UUID:
        """A checked import with its previews, ready to be executed."""
        import_id = self.upload(text)
        jobs.work(str(import_id))
        jobs.work(str(import_id))
        return import_id

    def ask(self, what: Callable[..., object], import_id: UUID, **options) -> object:
        """Ask the engine, commit, enqueue, as a page does."""
        with self.session() as session:
            answer = what(session, import_id, **options)
            session.commit()
        jobs.wake(import_id, self.settings)
        return answer

    def execute(self, import_id: UUID, strategy: str = "skip", **options) -> UUID:
        self.ask(import_commands.execute, import_id, strategy=strategy, **options)
        return import_id

    # Asking

    def edit(self, contact_id: int, **values: str) -> None:
        """A change by hand, committed. Raises what the page answers with."""
        with self.session() as session:
            version = session.get_one(Contact, contact_id).version
            session.rollback()
            journal.edit_contact(session, contact_id, version, values, self.user_id)
            session.commit()

    def contact(self, external_id: object) -> dict:
        return self.query("SELECT * FROM contacts WHERE external_id = %s", str(external_id))[0]

    def retried(self, import_id: UUID) -> list[str]:
        """What the log says of the attempts that were tried again."""
        question = "SELECT message FROM contact_import_logs WHERE import_id = %s AND result = 'retried' ORDER BY id"
        return [entry["message"] for entry in self.query(question, import_id)]

    def query(self, question: str, *parameters) -> list[dict]:
        with psycopg.connect(
            self.settings.database_url, autocommit=True, row_factory=dict_row
        ) as conn:
            found = conn.execute(question, parameters or None)
            return found.fetchall() if found.description else []

    def facts(self, import_id: UUID) -> dict:
        return self.query(
            """SELECT i.*, l.worker, l.token, l.deaths, l.heartbeat_at, l.heartbeat_at > 'epoch' AS held, l.waiting_for
               FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id WHERE i.id = %s""",
            import_id,
        )[0]

    def waiting_for(self, import_id: UUID) -> str | None:
        with self.session() as session:
            return ProgressTracker(session, import_id).progress().waiting_for

    def percent(self, import_id: UUID) -> float:
        with self.session() as session:
            return ProgressTracker(session, import_id).progress().progress

    def horse(self, import_id: UUID) -> int:
        """The process that holds the import."""
        return int(self.facts(import_id)["worker"].rpartition(":")[2])

    def until(
        self, true: Callable[[], object], seconds: float = PATIENCE, what: str = ""
    ) -> object:
        """What `true` says, as soon as it is true; a database that is away is asked again."""
        end = time.monotonic() + seconds
        while True:
            with suppress(psycopg.OperationalError):
                if found := true():
                    return found
            assert time.monotonic() < end, what or true
            time.sleep(0.05)

    def wait(self, import_id: UUID, *states: str, seconds: float = PATIENCE) -> dict:
        """The import's facts as soon as it is in one of the states; its counters never run
        backwards (I6).
        """

        def reached() -> dict | None:
            found = self.facts(import_id)
            self.look(found)
            return found if found["state"] in states else None

        return self.until(reached, seconds, f"{import_id} never reached {states}")  # type: ignore[return-value]

    def look(self, found: dict) -> None:
        processed = sum(found[outcome.value] for outcome in STORED_OUTCOMES)
        assert processed >= self.highest[found["id"]], "progress ran backwards"
        assert processed <= (found["total"] or 0), "more than all"
        self.highest[found["id"]] = processed

    def batches(self, import_id: UUID) -> list[dict]:
        """The batches that were settled, in the order of their commits."""
        return self.query(
            """SELECT * FROM contact_import_logs WHERE import_id = %s AND event = 'batch' AND result <> 'retried'
               ORDER BY id""",
            import_id,
        )

    def book(self) -> str:
        """A digest of the contacts, every column but what each change moves."""
        found = self.query(
            "SELECT to_jsonb(c) - 'version' - 'updated_at' AS contact FROM contacts c ORDER BY id"
        )
        return hashlib.sha256(repr(found).encode()).hexdigest()
