"""A check by two processes, stopped, and with one of them killed, at random moments."""

import os
import signal
import time
from random import Random

import pytest

from tests.harness.house import rows
from tests.harness.processes import alive, children
from webapp import jobs
from webapp.staging import second_process

ROWS = 30_000  # more than a megabyte
# Long enough to be met on the way.
SLOWLY = """CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_sleep(0.01); RETURN NEW; END $$;
    CREATE TRIGGER slowly BEFORE INSERT ON contact_import_rows FOR EACH ROW
      WHEN (NEW.row % 50 = 0) EXECUTE FUNCTION slowly()"""
STAGED = """SELECT count(*) AS rows, max(row) AS last,
      md5(string_agg((to_jsonb(r) - 'import_id')::text, ',' ORDER BY row)) AS digest
    FROM contact_import_rows r WHERE import_id = %s"""


@pytest.mark.skipif(second_process.cores() < 2, reason="takes two cores")
def test_stopped_and_killed_it_stages_every_row_once(house, monkeypatch):
    random = Random(os.environ.get("SEED", "1"))  # noqa: S311
    text = rows(ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(second_process, "cores", lambda: 1)
        alone = house.upload(text)
        jobs.work(str(alone))
    expected = house.query(STAGED, alone)
    house.query("UPDATE contact_imports SET state = 'refused' WHERE id = %s", alone)
    house.query(SLOWLY)
    import_id = house.upload(text)
    jobs.wake(import_id, house.settings)

    def both(worker) -> tuple[int, int]:
        """The work-horse and the second process, once they are at work."""

        def found() -> tuple[int, int] | None:
            held = house.facts(import_id)["worker"]
            horse = int(held.rpartition(":")[2]) if held else 0
            seconds = children(horse) if horse in children(worker.process.pid) else []
            return (horse, seconds[0]) if seconds else None

        pair = house.until(found)
        time.sleep(random.random() / 2)
        return pair

    # Told to stop: what both had in hand is kept.
    worker = house.worker()
    pair = both(worker)
    worker.signal_family(signal.SIGTERM)
    assert worker.process.wait(20) == 0
    assert not any(map(alive, pair))
    found = house.facts(import_id)
    reached = found["read_position"]
    staged = house.query(STAGED, import_id)[0]
    assert (staged["rows"], staged["last"]) == (reached["rows"], reached["position"]["row"])
    assert (found["state"], found["held"], found["deaths"]) == ("checking", None, 0)

    # The first one killed: the second one ends with it.
    worker = house.worker()
    for _ in range(2):
        horse, second = both(worker)
        os.kill(horse, signal.SIGKILL)
        house.until(lambda pids=(horse, second): not any(map(alive, pids)), 5)

    # The second one killed: the first one goes on alone.
    horse, second = both(worker)
    os.kill(second, signal.SIGKILL)
    house.wait(import_id, "ready")
    assert house.facts(import_id)["total"] == ROWS
    assert house.query(STAGED, import_id) == expected
    resumed = "SELECT count(*) AS n FROM contact_import_logs WHERE import_id = %s AND event = 'resumed'"
    assert house.query(resumed, import_id) == [{"n": 2}]
