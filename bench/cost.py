"""What the promises cost: the batch engine beside a bare loop that decides, counts and commits, and no more.

    python bench/cost.py [--rows 60000] [--rounds 3]

Within one import, batches of 100 rows are taken in turn by the engine and by the bare loop, on one connection, so that
what slows the machine slows both alike. The engine adds the lease's token, the question whether to stop, the log and
its readiness for another attempt; and once an import the claim, the check of sums and the digest, which are timed by
themselves and laid upon all its rows. Printed is the ratio of the times for a row; the aim is 1.05.
"""

import argparse
import io
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import generate  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from webapp import db, jobs  # noqa: E402
from webapp.config import Settings  # noqa: E402
from webapp.embedded import Servers  # noqa: E402
from webapp.engine import execution, leases, sessions, uploads  # noqa: E402
from webapp.engine.batches import BatchProcessor, Turn  # noqa: E402
from webapp.engine.duplicates import Connection, DuplicateHandler  # noqa: E402
from webapp.engine.states import STORED_OUTCOMES, Strategy  # noqa: E402
from webapp.migrate import migrate  # noqa: E402
from webapp.models import User  # noqa: E402

BATCH = 100
COUNTED = ", ".join(f"{outcome} = {outcome} + %({outcome})s" for outcome in STORED_OUTCOMES)
COUNT = f"""
    UPDATE contact_imports SET {COUNTED}, last_row = %(last_row)s, batches_done = batches_done + 1,
      busy_seconds = busy_seconds + %(seconds)s
    WHERE id = %(id)s"""
EMPTY = "TRUNCATE contacts, contact_changes, contact_import_results, contact_import_logs"
FROM_THE_TOP = f"""
    UPDATE contact_imports SET state = 'queued', last_row = 0, batches_done = 0, busy_seconds = 0, ledger_digest = NULL,
      completed_at = NULL, {", ".join(f"{outcome} = 0" for outcome in STORED_OUTCOMES)}"""


def staged(settings: Settings, rows: int) -> UUID:
    """An import of generated people, checked and asked to be executed; its id."""
    text = io.StringIO(newline="")
    generate.write_csv(text, rows)
    with Session(db._engine(settings.database_url), expire_on_commit=False) as session:  # noqa: SLF001 - a bench
        user = User(email="bench@example.com", password_hash="none", role="admin")  # noqa: S106 - nobody signs in
        session.add(user)
        session.flush()
        found = uploads.create(session, user.id, "people.csv", io.BytesIO(text.getvalue().encode()), settings)
        sessions.map_columns(session, found.id, found.suggested_mapping)
        session.commit()
        while found.state == "checking":
            jobs.work(str(found.id))
            session.refresh(found)
        sessions.execute(session, found.id, strategy=Strategy.SKIP, batch_size=BATCH)
        session.commit()
    return found.id


class Round:
    """One import, executed half by the engine and half by the bare loop; seconds of each batch, and of the ends."""

    def __init__(self, conn: Connection, import_id: UUID, settings: Settings) -> None:
        self.conn, self.import_id, self.settings = conn, import_id, settings
        self.seconds: dict[str, list[float]] = {"engine": [], "bare": [], "ends": [], "bare ends": []}
        self.empty()

    def empty(self) -> None:
        self.conn.execute(EMPTY)
        self.conn.execute(FROM_THE_TOP)
        self.conn.commit()

    def timed(self, name: str, what: Callable[..., Any], *arguments: object) -> Any:
        started = time.perf_counter()
        found = what(*arguments)
        self.seconds[name].append(time.perf_counter() - started)
        return found

    def run(self) -> dict[str, list[float]]:
        lease = self.timed("ends", leases.claim, self.conn, self.import_id, self.settings.lease_seconds)
        with leases.heartbeat(self.settings.database_url, lease, self.settings.heartbeat_seconds):
            processor = BatchProcessor(self.conn, lease)
            handler = DuplicateHandler(self.conn, self.import_id, processor.run.rules)
            turn = Turn.GO_ON
            while turn is Turn.GO_ON:
                turn = self.timed("engine", processor.one_batch)
                processor.go_on_after(self.timed("bare", self.bare_batch, handler, processor.run.last_row))
            self.timed("ends", execution.finish, self.conn, lease, turn)
        self.timed("ends", leases.release, self.conn, lease)
        self.timed("bare ends", self.bare_end)
        return self.seconds

    def bare_batch(self, handler: DuplicateHandler, after: int) -> int:
        """Decide, write, count and commit; the last row."""
        started = time.monotonic()
        decided = handler.take(after, BATCH)
        counts = {outcome.value: count for outcome, count in decided.counts.items()}
        last_row = decided.last_row or after
        parameters = {"id": self.import_id, "last_row": last_row, "seconds": time.monotonic() - started, **counts}
        self.conn.execute(COUNT, parameters, prepare=True)
        self.conn.commit()
        return last_row

    def bare_end(self) -> None:
        self.conn.execute("SET LOCAL synchronous_commit = on")
        self.conn.execute("UPDATE contact_imports SET state = 'completed' WHERE id = %s", (self.import_id,))
        self.conn.commit()


def measure(rows: int, rounds: int) -> list[dict[str, float]]:
    """For each round the microseconds a row of both, and what the ends add to the engine's."""
    found = []
    with tempfile.TemporaryDirectory(prefix="rc", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        servers = Servers(Path(folder) / "v")
        os.environ.update(servers.start(), SECRET_KEY=secrets.token_hex(32))
        try:
            settings = Settings()
            migrate(settings.database_url)
            import_id = staged(settings, rows)
            for _ in range(rounds):
                with db.connect_job(settings.database_url) as conn:
                    found.append(per_row(Round(conn, import_id, settings).run(), rows))
        finally:
            servers.stop()
    return found


def per_row(seconds: dict[str, list[float]], rows: int) -> dict[str, float]:
    """Microseconds a row: medians of the batches and of the differences of neighbours, so that bad moments fall out."""
    pairs = list(zip(seconds["engine"], seconds["bare"], strict=True))[1:-1]
    bare = statistics.median(alone for _, alone in pairs) / BATCH * 1e6
    more = statistics.median(with_all - alone for with_all, alone in pairs) / BATCH * 1e6
    ends = (sum(seconds["ends"]) - sum(seconds["bare ends"])) / rows * 1e6
    return {"bare": bare, "more": more, "ends": ends, "ratio": 1 + (more + ends) / bare}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.rows, options.rounds)
    for number, each in enumerate(found, 1):
        print(f"round {number}: bare {each['bare']:.2f} µs a row, engine {each['more']:+.2f} in each batch", end=" ")
        print(f"and {each['ends']:+.2f} for claim and proof: ratio {each['ratio']:.3f}")
    print(f"ratio, median of the rounds: {statistics.median(each['ratio'] for each in found):.3f}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
