"""Imports and undos under seeded random kills, with everything that must hold checked after each.

    make soak [KILLS=200] [SEED=7] [LEASE=2]

Work-horses, workers, the web process, the queue and the database are killed, frozen and restarted
while two workers take files all the way: upload, check, execution through the web, undo. Prints
what was done and what was lost; the exit code is 0 only when nothing was. From a hundred kills on,
the database and the queue also stay away for two minutes.
"""

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psycopg

from tests.api.conftest import Wire
from tests.harness.browser import _free_port, _wait_for
from tests.harness.house import PATIENCE, House
from tests.harness.imports import table
from tests.harness.invariants import check_invariants, rows_doubled, rows_lost
from tests.harness.processes import Family, Machine, alive
from webapp import jobs
from webapp.app import create_app
from webapp.config import Settings
from webapp.imports import import_commands
from webapp.migrate import migrate
from webapp.vocabulary.refusals import Refusal
from webapp.web.accounts import add_token, add_user

LONG_FROM, LONG_SECONDS = 100, 120
PROMISED = 30  # seconds within which somebody goes on, once a worker is there
ENDED = ("completed", "cancelled", "failed")
IN_LANES = """SELECT EXISTS (SELECT FROM pg_stat_activity
                             WHERE application_name LIKE 'rowcall-lane %') AS are"""
SLOWLY = """
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NULL; END $$;
    CREATE TRIGGER slowly AFTER INSERT OR UPDATE OR DELETE ON contacts FOR EACH STATEMENT EXECUTE FUNCTION slowly();
    CREATE TRIGGER slowly AFTER INSERT ON contact_import_rows FOR EACH STATEMENT EXECUTE FUNCTION slowly();
    CREATE TRIGGER slowly AFTER INSERT ON contact_import_logs FOR EACH STATEMENT EXECUTE FUNCTION slowly()"""


class Soak:
    """The processes, who kills them, and the tally."""

    def __init__(self, machine: Machine, kills: int, seed: int) -> None:
        self.chance, self.kills = random.Random(seed), kills  # noqa: S311 - the same chances for the same seed
        self.settings = Settings()
        app = create_app(self.settings)
        with app.app_context():
            user_id = add_user("soak@example.com", secrets.token_hex(), "admin", "Soak")
            self.token = add_token(user_id, "soak")
        self.house, self.machine = House(self.settings, user_id, machine), machine
        self.house.query(SLOWLY)
        self.port = _free_port()
        self.wire = Wire(f"http://127.0.0.1:{self.port}", self.token)
        self.workers = [self.house.worker(), self.house.worker()]
        self.web = self.house.web(self.port)
        _wait_for(f"{self.wire.address}/healthz")
        self.done: Counter[str] = Counter()
        self.people: set[int] = set()  # who must stand in the book
        self.longest = 0.0
        self.long = {"database", "queue"} if kills >= LONG_FROM else set()

    @property
    def struck(self) -> int:
        return sum(number for name, number in self.done.items() if name.startswith("kill: "))

    def run(self) -> None:
        while self.struck < self.kills:
            self.one_import()

    # One import

    def one_import(self) -> None:
        first, count = self.chance.randrange(1, 20_000), self.chance.randrange(300, 2500)
        before = self.settled(self.house.book)
        import_id = self.ready(first, count)
        strategy = self.chance.choice(["skip", "update", "merge"])
        size = self.chance.choice([10, 50, 100, 1000, "auto"])
        if self.chance.random() < 0.7:  # Without a plan there are no lanes.
            self.previewed(import_id)
        self.press(import_id, duplicate_strategy=strategy, batch_size=size)
        if self.chance.random() < 0.15:
            self.ask(import_commands.cancel, import_id)
        found = self.through(import_id, *ENDED)
        self.count(import_id, found)
        if found["state"] == "completed" and found["failed"]:
            self.ask(import_commands.retry, import_id)
            found = self.through(import_id, "completed")
        check_invariants(self.house, import_id, complete=found["state"] == "completed")
        if found["state"] == "completed" and self.chance.random() < 0.7:
            assert found["failed"] == 0, "rows failed that nothing is wrong with"
            self.people |= set(range(first, first + count))
            self.check_book()
        else:
            self.undo(import_id, before)

    def ready(self, first: int, count: int) -> UUID:
        """A file uploaded and checked; a check that was killed three times at one place is
        asked for again.
        """
        company = self.chance.choice(["Acme", "Other", ""])
        lines = [
            f"{n},p{n}@example.com,P{n},Q{n},{company},," for n in range(first, first + count)
        ]
        import_id = self.settled(lambda: self.house.upload(table(*lines)))
        jobs.wake(import_id, self.settings)
        while (found := self.through(import_id, "ready", "refused"))["state"] == "refused":
            self.ask(
                import_commands.map_columns, import_id, targets=found["suggested_mapping"]
            )
        return import_id

    def previewed(self, import_id: UUID) -> None:
        """Its previews are there, or were broken off too often."""
        jobs.wake(import_id, self.settings)
        there = """SELECT count(*) = 3 OR bool_or(l.deaths > 2) AS there FROM contact_import_leases l
                   LEFT JOIN contact_import_previews USING (import_id) WHERE l.import_id = %s"""
        self.house.until(lambda: self.house.query(there, import_id)[0]["there"], PATIENCE)

    def undo(self, import_id: UUID, before: str) -> None:
        """Taken back, under kills as well: the book is as it was."""
        self.ask(import_commands.roll_back, import_id)
        self.through(import_id, "rolled_back")
        assert self.settled(self.house.book) == before, "the undo left something behind"
        self.done["undone"] += 1

    def count(self, import_id: UUID, found: dict) -> None:
        self.done["imports"] += 1
        self.done["rows"] += found["total"]
        self.done[found["state"]] += 1
        if found["state"] == "completed":
            self.done["rows lost"] += rows_lost(self.house, import_id)
        self.done["rows doubled"] += rows_doubled(self.house, import_id)

    def check_book(self) -> None:
        found = {
            int(row["external_id"])
            for row in self.house.query("SELECT external_id FROM contacts")
        }
        self.done["rows lost"] += len(self.people - found)
        self.done["rows doubled"] += len(found - self.people)
        assert found == self.people

    # Asking while things die

    def settled(self, ask: Callable[[], object]) -> object:
        """The answer, once the database gives one."""
        return self.house.until(lambda: ask() or True, PATIENCE)

    def ask(self, what: Callable[..., object], import_id: UUID, **options: object) -> None:
        with suppress(Refusal):  # It had ended already.
            self.settled(lambda: self.house.ask(what, import_id, **options))

    def press(self, import_id: UUID, **options: object) -> None:
        """Execute, through the web, as often as it takes to get an answer; it is one import
        all the same.
        """
        body = {"import_id": str(import_id), **options}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):
                status, _ = self.wire.ask(
                    "POST", f"/imports/{import_id}/execute", body, Accept="application/json"
                )
                if status in {200, 202, 409}:
                    return
            time.sleep(0.2)
        raise AssertionError("the web never answered")

    def through(self, import_id: UUID, *ends: str) -> dict:
        """Kill now and then until the import has come to one of these states; its facts."""
        while True:
            with suppress(AssertionError):
                return self.house.wait(import_id, *ends, seconds=self.chance.uniform(0.1, 1.5))
            if self.struck >= self.kills:
                return self.house.wait(import_id, *ends, seconds=4 * PATIENCE)
            before = self.house.facts(import_id)["lease_token"]
            self.strike()
            self.longest = max(self.longest, self.resumed_within(import_id, ends))
            self.done["resumes"] += self.house.facts(import_id)["lease_token"] > before

    def resumed_within(self, import_id: UUID, ends: tuple[str, ...]) -> float:
        """Seconds until somebody alive has the import again, or it has ended."""
        started = time.monotonic()

        def goes_on() -> bool:
            found = self.house.facts(import_id)
            holder = found["held"] and found["worker"]
            return found["state"] in ends or bool(
                holder and alive(int(holder.rpartition(":")[2]))
            )

        self.house.until(goes_on, PROMISED, "nobody went on in time")
        return time.monotonic() - started

    # Killing

    def strike(self) -> None:
        blow = self.chance.choices(list(BLOWS), [weight for weight, _ in BLOWS.values()])[0]
        with suppress(psycopg.OperationalError, ProcessLookupError):
            in_lanes = self.house.query(IN_LANES)[0]["are"]
            BLOWS[blow][1](self)
            self.done[f"kill: {blow}"] += 1
            self.done["in lanes"] += in_lanes

    def kill_horse(self) -> None:
        held = self.house.query(
            "SELECT worker FROM contact_import_leases WHERE worker IS NOT NULL"
        )
        if not held:
            raise ProcessLookupError
        os.kill(int(held[0]["worker"].rpartition(":")[2]), signal.SIGKILL)

    def kill_worker(self) -> None:
        self.replace(self.chance.randrange(2), Family.kill)

    def kill_family(self) -> None:
        self.replace(self.chance.randrange(2), Family.end)

    def kill_all_workers(self) -> None:
        for number in range(2):
            self.replace(number, Family.end)

    def replace(self, number: int, how: Callable[[Family], None]) -> None:
        how(self.workers[number])
        self.workers[number] = self.house.worker()

    def freeze_worker(self) -> None:
        frozen = self.workers[self.chance.randrange(2)]
        frozen.signal_family(signal.SIGSTOP)
        time.sleep(self.settings.lease_seconds * 1.7)
        frozen.signal_family(signal.SIGCONT)

    def kill_web(self) -> None:
        self.web.end()
        self.web = self.house.web(self.port)

    def end_session(self) -> None:
        self.house.query(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name ~ '^rowcall-(job$|lane )' ORDER BY random() LIMIT 1"""
        )

    def restart_queue(self) -> None:
        self.machine.stop_queue()
        self.stay_away("queue")
        self.machine.start_queue()

    def restart_database(self) -> None:
        self.machine.stop_database(self.chance.choice([signal.SIGINT, signal.SIGQUIT]))
        self.stay_away("database")
        self.house.highest.clear()  # Its last moments may be taken back: whole batches, with their checkpoint.
        self.machine.start_database()

    def stay_away(self, what: str) -> None:
        time.sleep(LONG_SECONDS if what in self.long else self.chance.uniform(0, 2))
        self.long.discard(what)


BLOWS: dict[str, tuple[int, Callable[[Soak], None]]] = {
    "work-horse": (6, Soak.kill_horse),
    "worker": (4, Soak.kill_worker),
    "worker and work-horse": (3, Soak.kill_family),
    "all workers": (1, Soak.kill_all_workers),
    "worker frozen": (1, Soak.freeze_worker),
    "web": (3, Soak.kill_web),
    "database session": (3, Soak.end_session),
    "queue": (2, Soak.restart_queue),
    "database": (2, Soak.restart_database),
}


def tell(soak: Soak, seed: int, seconds: float) -> None:
    done = soak.done
    blows = ", ".join(
        f"{name[6:]} {number}"
        for name, number in sorted(done.items())
        if name.startswith("kill: ")
    )
    print(
        f"seed {seed}, {seconds:.0f} s: {done['imports']} imports of {done['rows']:,} rows, {done['undone']} undone"
    )
    print(f"kills {soak.struck} ({blows}), {done['in lanes']} of them while lanes worked")
    print(
        f"resumes {done['resumes']}, longest wait until somebody went on {soak.longest:.1f} s"
    )
    print(f"rows lost {done['rows lost']}, rows doubled {done['rows doubled']}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--lease", default="2", help="seconds; 15 in real life")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="rs", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder) / "v")
        var = Path(folder) / "web"
        var.mkdir()
        os.environ.update(
            machine.start(),
            SECRET_KEY=secrets.token_hex(32),
            LEASE_SECONDS=options.lease,
            ROWCALL_VAR=str(var),
        )
        migrate(os.environ["DATABASE_URL"])
        soak, started = Soak(machine, options.kills, options.seed), time.monotonic()
        try:
            soak.run()
        finally:
            tell(soak, options.seed, time.monotonic() - started)
            soak.house.end()
            machine.heal()
            machine.stop()
    return 1 if soak.done["rows lost"] or soak.done["rows doubled"] else 0


if __name__ == "__main__":
    sys.exit(main())
