"""Several workers that share nothing but the two URLs, and a queue that is fair to small
imports.
"""

import os
import sys

import pytest

from tests.harness.gates import Gate
from tests.harness.house import STARTING, rows
from tests.harness.invariants import check_invariants
from tests.harness.processes import ROOT, Family
from webapp.imports import import_commands

IMPORTS = 6
LARGE = 200_000


@pytest.fixture
def host(tmp_path, house):
    """`host("a")` starts a worker with a folder and an environment of its own, as on another
    machine.
    """

    def start(name: str) -> Family:
        folder = tmp_path / name
        folder.mkdir()
        shared = {
            key: os.environ[key]
            for key in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PATH", "LEASE_SECONDS")
        }
        environment = {
            **shared,
            "ROWCALL_VAR": str(folder),
            "HOME": str(folder),
            "SLICE_SECONDS": "0.5",
        }
        command = [sys.executable, str(ROOT / "worker.py")]
        found = Family(
            ["env", "-i", "-C", str(folder), *_words(environment), *command], environment
        )
        house.processes.append(found)
        return found

    return start


def _words(environment: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items()]


def test_workers_on_hosts_of_their_own_drain_the_queue(house, host):
    """One of them is held in the first import until all others are done, so another must have
    done them.
    """
    waiting = [house.ready(rows(300, first=1 + 300 * n)) for n in range(IMPORTS)]
    gate = Gate(house, when="NEW.external_id = '150'")
    for name in ("a", "b", "c"):
        host(name)
    for import_id in waiting:
        house.execute(import_id)
    for import_id in waiting[1:]:
        house.wait(import_id, "completed")
    assert house.facts(waiting[0])["state"] == "running"
    gate.open()
    house.wait(waiting[0], "completed")
    for import_id in waiting:
        assert check_invariants(house, import_id)["created"] == 300
    assert house.query("SELECT count(*) AS n FROM contacts")[0]["n"] == 300 * IMPORTS


def test_a_small_import_does_not_wait_behind_a_large_one(house, host):
    """With one worker.

    Each batch of the large one is slowed down, so that its end is out of reach.
    """
    large = house.ready(rows(1))
    house.query(
        """INSERT INTO contact_import_rows (import_id, row, external_id, first_name)
           SELECT %s, n + 2, 'large' || n, 'Ann' FROM generate_series(1, %s) n""",
        large,
        LARGE,
    )
    house.query("UPDATE contact_imports SET total = %s WHERE id = %s", LARGE + 1, large)
    house.query(
        f"""CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
              $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE INSERT ON contact_import_logs FOR EACH ROW
              WHEN (NEW.event = 'batch' AND NEW.import_id = '{large}') EXECUTE FUNCTION slow()"""
    )
    host("only")
    house.execute(large)
    house.until(lambda: house.facts(large)["batches_done"] > 2)
    small = house.upload(rows(100))
    house.wait(small, "ready")
    house.execute(small)
    house.wait(small, "completed")
    found = house.facts(large)
    assert (found["state"], found["last_row"] < LARGE) == ("running", True)
    check_invariants(house, small)
    house.ask(import_commands.cancel, large)
    assert house.wait(large, "cancelled")["created"] >= 200


@pytest.mark.parametrize("killed", ["who works", "who is idle"])
def test_an_idle_worker_stands_for_a_lane_and_either_may_be_killed(house, killed):
    """On machines of one core each."""
    import_id = house.ready(rows(3000))
    gate = Gate(house, when="NEW.external_id = '1500'")
    workers = [house.worker(), house.worker()]
    for worker in workers:
        os.sched_setaffinity(worker.pid, {min(os.sched_getaffinity(0))})
    there = "SELECT count(*) = 2 AS both FROM workers"
    house.until(lambda: house.query(there)[0]["both"], STARTING, "a worker did not come up")
    house.execute(import_id)
    lane = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'rowcall-lane %'"
    house.until(lambda: house.query(lane), STARTING, "no second lane was opened")

    holder = house.horse(import_id)
    (meant,) = [w for w in workers if (holder in w.family()) == (killed == "who works")]
    meant.end()
    gate.open()
    house.wait(import_id, "completed")
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"]) == (3000, 0)
