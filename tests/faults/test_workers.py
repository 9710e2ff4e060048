"""Workers, work-horses and sweepers killed, frozen and stopped, at the worst moments."""

import os
import signal
import time

import pytest

from tests.faults.test_pressing import mine
from tests.harness.gates import Gate, refuse
from tests.harness.house import rows
from tests.harness.invariants import check_invariants
from tests.harness.processes import alive
from webapp import jobs
from webapp.imports import import_commands, leases

FIFTH_BATCH = "NEW.external_id = '420'"


def test_work_horse_killed_while_checking(house):
    import_id = house.upload(rows(3000))
    gate = Gate(house, "contact_import_rows", when="NEW.row = 1500")
    house.worker()
    jobs.wake(import_id, house.settings)
    gate.held(import_id)
    os.kill(house.horse(import_id), signal.SIGKILL)
    gate.open()
    found = house.wait(import_id, "ready")
    assert found["total"] == 3000
    assert house.query("SELECT count(*) AS n FROM contact_import_rows")[0]["n"] == 3000


@pytest.mark.parametrize("in_commit", [False, True], ids=["in the batch", "in the commit"])
def test_work_horse_killed(house, in_commit):
    import_id = house.ready(rows(1000))
    place = (
        ("contact_import_results", "NEW.row = 421") if in_commit else ("contacts", FIFTH_BATCH)
    )
    gate = Gate(house, place[0], when=place[1], in_commit=in_commit)
    worker = house.worker()
    house.execute(import_id)
    token = gate.held(import_id)
    os.kill(house.horse(import_id), signal.SIGKILL)
    gate.held(import_id, after=token)
    gate.open()
    house.wait(import_id, "completed")
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"]) == (1000, 0)
    assert worker.process.poll() is None
    resumed = house.query(
        "SELECT * FROM contact_import_logs WHERE import_id = %s AND event = 'resumed'",
        import_id,
    )
    assert len(resumed) == 1


def test_worker_killed_takes_its_work_horse_along(house):
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    worker = house.worker()
    house.execute(import_id)
    token, horse = gate.held(import_id), house.horse(import_id)
    family = worker.family()
    worker.kill()
    house.until(lambda: not any(alive(pid) for pid in family), 5, "an orphan stayed")
    assert horse in family
    house.worker()
    gate.held(import_id, after=token)
    gate.open()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000


def test_no_worker_left_is_said_and_healed(house):
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    worker = house.worker()
    house.execute(import_id)
    gate.held(import_id)
    worker.end()
    assert house.waiting_for(import_id) is None  # It may be back in a moment.
    house.query(
        "UPDATE contact_import_leases SET heartbeat_at = heartbeat_at - interval '10 seconds'"
    )
    house.until(lambda: house.waiting_for(import_id) == "worker")
    gate.open()
    house.worker()
    house.wait(import_id, "completed")
    assert house.waiting_for(import_id) is None
    assert check_invariants(house, import_id)["created"] == 1000


def test_queued_without_a_worker(house, owner):
    import_id = house.execute(house.ready(rows(10)))
    mine(house)
    watching = f"/imports/{import_id}/progress"
    assert house.waiting_for(import_id) is None
    assert "Waiting for" not in owner.get(watching).text
    house.query(
        "UPDATE contact_import_leases SET enqueued_at = enqueued_at - interval '5 seconds'"
    )
    house.until(lambda: house.waiting_for(import_id) == "worker")
    page = owner.get(watching).text
    assert "Waiting for a worker." in page
    # The command is shown to administrators alone.
    assert 'class="of-administrator"' in page
    assert 'class="administrator"' not in page
    house.worker()
    house.wait(import_id, "completed")
    check_invariants(house, import_id)


@pytest.mark.parametrize("told", ["the worker", "all of its processes"])
def test_stop_comes_at_the_batchs_end(house, told):
    """A stop by make or systemd comes to all of a worker's processes at once."""
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    worker = house.worker()
    house.execute(import_id)
    gate.held(import_id)
    if told == "the worker":
        worker.process.terminate()
    else:
        worker.signal_family(signal.SIGTERM)
    time.sleep(0.3)
    assert worker.process.poll() is None, "it did not wait for its batch"
    gate.open()
    assert worker.process.wait(20) == 0
    found = check_invariants(house, import_id, complete=False)
    assert (found["state"], found["last_row"], found["held"], found["deaths"]) == (
        "running",
        501,
        None,
        0,
    )
    house.worker()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000


def test_an_idle_worker_stops_at_once(house):
    worker = house.worker()
    house.until(lambda: jobs.workers(house.settings))
    family = worker.family()
    worker.process.terminate()
    assert worker.process.wait(20) == 0
    house.until(lambda: not any(alive(pid) for pid in family), 10, "something stayed")


def test_a_worker_thought_dead_is_fenced(house):
    """The whole worker stands still, as a paused virtual machine does; another takes over;
    then it wakes up.
    """
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    frozen = house.worker()
    house.execute(import_id)
    token, horse = gate.held(import_id), house.horse(import_id)
    frozen.signal_family(signal.SIGSTOP)
    house.worker()
    gate.held(import_id, after=token)
    gate.open()
    frozen.signal_family(signal.SIGCONT)
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000
    house.until(lambda: not alive(horse), 10, "the stale work-horse went on")
    assert frozen.process.poll() is None


def test_a_frozen_work_horse_does_not_keep_its_worker(house):
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    house.worker()
    house.execute(import_id)
    token, horse = gate.held(import_id), house.horse(import_id)
    os.kill(horse, signal.SIGSTOP)
    gate.held(import_id, after=token)
    assert not alive(horse)
    gate.open()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000


def test_delivered_twice(house):
    import_id = house.ready(rows(1000))
    gate = Gate(house, when=FIFTH_BATCH)
    house.worker()
    house.execute(import_id)
    token = gate.held(import_id)
    queue = jobs.queue(house.settings.redis_url)
    house.worker()
    for n in range(3):
        queue.enqueue(
            "webapp.jobs.work",
            str(import_id),
            job_id=f"again-{n}",
            job_timeout=-1,
            result_ttl=0,
        )
    house.until(lambda: not queue.job_ids, 20, "nobody took the second delivery")
    time.sleep(0.5)
    assert house.facts(import_id)["token"] == token
    gate.open()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000


def test_poison_in_a_batch(house):
    """A batch that ends three work-horses is given up; the worker lives, and the rest is
    imported.
    """
    import_id = house.ready(rows(500))
    gate = Gate(house, when="NEW.external_id = '150'")
    worker = house.worker()
    house.execute(import_id)
    token = 0
    for _ in range(leases.GIVE_UP_AFTER):
        token = gate.held(import_id, after=token)
        os.kill(house.horse(import_id), signal.SIGKILL)
    house.wait(import_id, "completed")
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"]) == (400, 100)
    assert worker.process.poll() is None
    settled = house.batches(import_id)[1]
    assert (settled["result"], settled["category"]) == ("failed", "system")
    assert (settled["first_row"], settled["rows"]) == (102, 100)
    codes = "SELECT DISTINCT code FROM contact_import_results WHERE outcome = 'failed'"
    assert [entry["code"] for entry in house.query(codes)] == ["workers_lost"]
    gate.open()
    house.ask(import_commands.retry, import_id)
    house.until(lambda: house.facts(import_id)["created"] == 500)
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["failed"] == 0


def test_poison_at_the_very_end(house):
    """Lost three times after the last batch, before the end was written: no row is touched
    again.
    """
    import_id = house.ready(rows(200))
    gate = Gate(house, "contact_import_logs", when="NEW.event = 'completed'")
    house.worker()
    house.execute(import_id)
    token = 0
    for _ in range(leases.GIVE_UP_AFTER):
        token = gate.held(import_id, after=token)
        os.kill(house.horse(import_id), signal.SIGKILL)
    gate.held(import_id, after=token)
    gate.open()
    house.wait(import_id, "completed")
    found = check_invariants(house, import_id)
    assert (found["created"], found["failed"], found["batches_done"]) == (200, 0, 2)


def test_poison_in_the_check(house):
    import_id = house.upload(rows(1500))
    gate = Gate(house, "contact_import_rows", when="NEW.row = 1200")
    worker = house.worker()
    jobs.wake(import_id, house.settings)
    token = 0
    for _ in range(leases.GIVE_UP_AFTER):
        token = gate.held(import_id, after=token)
        os.kill(house.horse(import_id), signal.SIGKILL)
    found = house.wait(import_id, "refused")
    assert found["failure_reason"] == "check_broken_off"
    assert worker.process.poll() is None
    gate.open()
    house.ask(import_commands.map_columns, import_id, targets=found["suggested_mapping"])
    assert house.wait(import_id, "ready")["total"] == 1500


def test_a_check_that_breaks_off_three_times_fails_with_a_reason(house):
    import_id = house.upload(rows(50))
    refuse(house, "true", "'no'", on="contact_import_rows")
    house.worker()
    jobs.wake(import_id, house.settings)
    assert house.wait(import_id, "refused")["failure_reason"] == "check_broken_off"
    broken = house.query("SELECT message FROM contact_import_logs WHERE event = 'broken_off'")
    assert [entry["message"] for entry in broken] == ["no"] * leases.GIVE_UP_AFTER


def test_previews_that_break_off_are_given_up(house):
    import_id = house.upload(rows(50))
    refuse(house, "true", "'no'", on="contact_import_previews")
    house.worker()
    jobs.wake(import_id, house.settings)
    house.wait(import_id, "ready")
    broken = "SELECT message FROM contact_import_logs WHERE event = 'broken_off'"
    house.until(lambda: len(house.query(broken)) == leases.GIVE_UP_AFTER)
    house.until(
        lambda: house.facts(import_id)["deaths"] == leases.GIVE_UP_AFTER,
        what="it was not given up",
    )
    token = house.facts(import_id)["token"]
    time.sleep(3 * house.settings.sweep_seconds)
    assert house.facts(import_id)["token"] == token, "it is tried again and again"
    assert [entry["message"] for entry in house.query(broken)] == ["no"] * leases.GIVE_UP_AFTER


def test_the_sweeper_is_started_again(house):
    worker = house.worker()
    house.until(lambda: jobs.workers(house.settings))
    sweeper = worker.family()[1]
    os.kill(sweeper, signal.SIGKILL)
    house.until(
        lambda: len(worker.family()) == 2 and worker.family()[1] != sweeper,
        15,
        "nobody sweeps",
    )
    import_id = house.ready(rows(10))
    with house.session() as session:
        import_commands.execute(session, import_id, strategy="skip")
        session.commit()  # Nothing is enqueued: the sweep must find it.
    house.wait(import_id, "completed")
    check_invariants(house, import_id)


@pytest.mark.parametrize("strategy", ["skip", "update"])
def test_rollback_killed_in_the_middle(house, strategy):
    people = rows(2500)
    first = house.execute(house.ready(people))
    jobs.work(str(first))
    before = house.book()
    target = first
    if strategy == "update":
        target = house.execute(
            house.ready(rows(2500, company="Other")), "update", batch_size=1000
        )
        jobs.work(str(target))
        assert house.facts(target)["updated"] == 2500
    gate = Gate(house, when="OLD.external_id = '700'", events="UPDATE OR DELETE")
    house.worker()
    house.ask(import_commands.roll_back, target)
    token = gate.held(target)
    assert house.facts(target)["rollback"], "no batch of the undo was committed yet"
    os.kill(house.horse(target), signal.SIGKILL)
    gate.held(target, after=token)
    gate.open()
    done = house.wait(target, "rolled_back")["rollback"]
    if strategy == "update":
        assert house.book() == before
        assert (done["restored"], done["kept"]) == (2500, 0)
    else:
        assert house.query("SELECT count(*) AS n FROM contacts")[0]["n"] == 0
        assert (done["removed"], done["kept"]) == (2500, 0)
