"""What the promises cost: the loop over batches beside a bare one that decides, counts and
commits, and no more.

python bench/cost.py [--rows 60000] [--rounds 3]

Within one import, runs of batches of 100 rows are taken in turn by the engine and by the bare
loop, on one connection, so that what slows the machine slows both alike. The engine adds the
lease's token, the question whether to stop and the log; and once an import the claim, the
check of sums and the rest of the digest, which are timed by themselves and laid upon all its
rows. Most of the digest is read beside the batches, on another core, which slows them. Printed
is the ratio of the times for a row; the aim is 1.05.
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
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "samples")]

import generate  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from webapp import db, jobs  # noqa: E402
from webapp.config import Settings  # noqa: E402
from webapp.db import Connection  # noqa: E402
from webapp.deciding import ledger_digest  # noqa: E402
from webapp.embedded import Servers  # noqa: E402
from webapp.executing import batch_loop, execution  # noqa: E402
from webapp.executing.batches import BatchProcessor, Turn  # noqa: E402
from webapp.imports import import_commands, leases, uploads  # noqa: E402
from webapp.migrate import migrate  # noqa: E402
from webapp.models import User  # noqa: E402
from webapp.vocabulary.outcomes import STORED_OUTCOMES  # noqa: E402
from webapp.vocabulary.strategies import Strategy  # noqa: E402

T = TypeVar("T")
BATCH = 100
RUN_SECONDS = 0.03  # short, so that two neighbours meet the same machine
COUNTED = ", ".join(
    f"{outcome} = {outcome} + found.counts[{at}]"
    for at, outcome in enumerate(STORED_OUTCOMES, 1)
)
BARE = f"""
    CREATE OR REPLACE PROCEDURE pg_temp.bare(p_id uuid, INOUT p_after bigint, INOUT batches bigint) LANGUAGE plpgsql
    AS $procedure$
    DECLARE
      began timestamptz;
      until timestamptz := clock_timestamp() + make_interval(secs => {RUN_SECONDS});
      found record;
    BEGIN
      LOOP
        began := clock_timestamp();
        SELECT * INTO found FROM pg_temp.decide(p_id, p_after, {BATCH});
        EXIT WHEN found.rows = 0;
        UPDATE contact_imports SET {COUNTED}, last_row = found.last_row, batches_done = batches_done + 1,
          busy_seconds = busy_seconds + extract(epoch FROM clock_timestamp() - began) WHERE id = p_id;
        COMMIT;
        batches := batches + 1;
        p_after := found.last_row;
        EXIT WHEN clock_timestamp() >= until;
      END LOOP;
    END $procedure$"""
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
        found = uploads.create(
            session, user.id, "people.csv", io.BytesIO(text.getvalue().encode()), settings
        )
        import_commands.map_columns(session, found.id, found.suggested_mapping)
        session.commit()
        while found.state == "checking":
            jobs.work(str(found.id))
            session.refresh(found)
        import_commands.execute(session, found.id, strategy=Strategy.SKIP, batch_size=BATCH)
        session.commit()
    return found.id


class Round:
    """One import, executed half by the engine and half by the bare loop; seconds and batches
    of each run.
    """

    def __init__(self, conn: Connection, import_id: UUID, settings: Settings) -> None:
        self.conn, self.import_id, self.settings = conn, import_id, settings
        self.engine: list[tuple[float, int]] = []
        self.bare: list[tuple[float, int]] = []
        self.ends: list[float] = []  # claim, proof and release of the engine
        self.bare_ends: list[float] = []
        self.unread = 0  # the last row whose entry the engine, had it written all of them, would have read by now
        self.conn.execute(EMPTY)
        self.conn.execute(FROM_THE_TOP)
        self.conn.execute(BARE)
        self.conn.commit()

    def timed(self, kept: list[float], what: Callable[..., T], *arguments: object) -> T:
        started = time.perf_counter()
        found = what(*arguments)
        kept.append(time.perf_counter() - started)
        return found

    def run(self) -> Self:
        lease = self.timed(
            self.ends, leases.claim, self.conn, self.import_id, self.settings.lease_seconds
        )
        assert lease
        self.timed(self.ends, execution.mark_running, self.conn, lease)
        ledger, connect = (
            ledger_digest.Ledger(self.import_id),
            partial(db.connect_job, self.settings.database_url),
        )
        with leases.heartbeat(
            self.settings.database_url, lease, self.settings.heartbeat_seconds
        ):
            with ledger_digest.ReadBehind(ledger, connect, goes_on=False) as committed:
                turn = self.in_turn(
                    lease, BatchProcessor(self.conn, lease).run.last_row, committed
                )
            ledger.read(self.conn, self.unread)
            self.timed(self.ends, execution.finish, self.conn, lease, turn, ledger)
        self.timed(self.ends, leases.release, self.conn, lease)
        self.timed(self.bare_ends, self.bare_end)
        return self

    def in_turn(
        self, lease: leases.Lease, after: int, committed: Callable[[int], object]
    ) -> Turn:
        """Beside each run of the engine as many entries are read as it writes itself; the
        rest, untimed, later.
        """
        readable = after
        while (done := self.engine_run(lease, after)).turn == "go on":
            readable += done.last_row - after
            after = self.bare_run(done.last_row)
            committed(readable)
        self.unread = after
        return Turn(done.turn)

    def engine_run(self, lease: leases.Lease, after: int) -> batch_loop.LoopRun:
        started = time.perf_counter()
        done = batch_loop.run(
            self.conn, lease, after, BATCH, RUN_SECONDS, stop_at_failure=False
        )
        self.engine.append((time.perf_counter() - started, done.batches))
        return done

    def bare_run(self, after: int) -> int:
        """Decide, write, count and commit; the last row."""
        self.conn.autocommit = True
        started = time.perf_counter()
        done: Any = self.conn.execute(
            "CALL pg_temp.bare(%s, %s, 0)", (self.import_id, after), prepare=True
        ).fetchone()
        self.bare.append((time.perf_counter() - started, done["batches"]))
        self.conn.autocommit = False
        return int(done["p_after"])

    def bare_end(self) -> None:
        self.conn.execute("SET LOCAL synchronous_commit = on")
        self.conn.execute(
            "UPDATE contact_imports SET state = 'completed' WHERE id = %s", (self.import_id,)
        )
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


def ratio(rows: int, rounds: int) -> float:
    """The engine's time for a row beside the bare loop's, median of the rounds."""
    return statistics.median(each["ratio"] for each in measure(rows, rounds))


def per_row(run: Round, rows: int) -> dict[str, float]:
    """Microseconds a row: medians of the runs and of the differences of neighbours; bad
    moments fall out.
    """
    engine, bare = (
        [seconds / batches for seconds, batches in found if batches]
        for found in (run.engine, run.bare)
    )
    pairs = list(zip(engine, bare, strict=False))[1:]  # The first run makes the plans.
    alone = statistics.median(each for _, each in pairs) / BATCH * 1e6
    more = statistics.median(with_all - each for with_all, each in pairs) / BATCH * 1e6
    ends = (sum(run.ends) - sum(run.bare_ends)) / rows * 1e6
    return {"bare": alone, "more": more, "ends": ends, "ratio": 1 + (more + ends) / alone}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = measure(options.rows, options.rounds)
    for number, each in enumerate(found, 1):
        print(
            f"round {number}: bare {each['bare']:.2f} µs a row, engine {each['more']:+.2f} in each batch",
            end=" ",
        )
        print(f"and {each['ends']:+.2f} for claim and proof: ratio {each['ratio']:.3f}")
    print(
        f"ratio, median of the rounds: {statistics.median(each['ratio'] for each in found):.3f}"
    )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
