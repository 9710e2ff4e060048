"""Who can write to the queue decides nothing but which import is looked at: no code, no
address, no end of a worker.
"""

import os
import pickle
import signal
import socket
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from rq import Callback, Queue, Webhook, command, suspension
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys

from tests.faults.test_servers import finish, under_way
from tests.harness.house import rows
from tests.harness.planted import Pickled
from tests.harness.processes import alive

MARK = "tests.harness.planted.mark"
WORK = "webapp.jobs.work"


@pytest.fixture
def marks():
    """Where planted code would leave its mark; every account may write there."""
    with tempfile.TemporaryDirectory(prefix="rq") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
def store(house):
    return redis.Redis.from_url(house.settings.redis_url)


def import_goes_on(house, marks) -> None:
    """The worker passes by what was planted, and then does what it is there for."""
    import_id = house.ready(rows(10))
    house.worker(environment={"MARKS": str(marks)})
    house.execute(import_id)
    finish(house, import_id)
    assert list(marks.iterdir()) == []


def by_name(queue: Queue) -> None:
    queue.enqueue(MARK)


def with_arguments(queue: Queue) -> None:
    queue.enqueue(MARK, str(uuid4()))


def as_success(queue: Queue) -> None:
    queue.enqueue(WORK, str(uuid4()), on_success=Callback(MARK))


def as_failure(queue: Queue) -> None:
    queue.enqueue(WORK, "no number", on_failure=Callback(MARK))


def as_method(queue: Queue) -> None:
    job = queue.enqueue(WORK, str(uuid4()))
    data = ["__class__.__base__.__subclasses__", "text", [], {}]
    queue.connection.hset(job.key, "data", JSONSerializer.dumps(data))


def with_too_many_arguments(queue: Queue) -> None:
    queue.enqueue("webapp.jobs.renew_keys", {"__class__": MARK}, on_success=Callback(MARK))


def pickled(queue: Queue) -> None:
    job = queue.enqueue(WORK, str(uuid4()))
    for field in ("data", "meta", "result"):
        queue.connection.hset(job.key, field, pickle.dumps(Pickled()))


def abandoned(queue: Queue) -> None:
    """A job that seems to have lost its worker: its callback runs in the worker itself, when
    it tidies up.
    """
    job = queue.enqueue(WORK, str(uuid4()), on_failure=Callback(MARK))
    queue.remove(job)
    queue.connection.hset(job.key, "status", "started")
    queue.connection.zadd(queue.started_job_registry.key, {f"{job.id}:{uuid4()}": 1})


def unreadable(queue: Queue) -> None:
    job = queue.enqueue(WORK, str(uuid4()))
    queue.connection.hset(
        job.key, mapping={"created_at": "never", "timeout": "ever", "status": "?"}
    )


def half_moved(queue: Queue) -> None:
    """A record that no worker can read, where a killed worker would have left it."""
    unreadable(queue)
    queue.connection.lmove(queue.key, queue.intermediate_queue_key)


PLANTED = [
    by_name,
    with_arguments,
    as_success,
    as_failure,
    as_method,
    with_too_many_arguments,
    pickled,
    abandoned,
    unreadable,
    half_moved,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_no_code_comes_in_by_the_queue(house, store, marks, plant):
    plant(Queue("imports", connection=store, serializer=JSONSerializer))
    import_goes_on(house, marks)


def test_no_address_is_asked_for_a_job(house, store, marks):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        queue = Queue("imports", connection=store, serializer=JSONSerializer)
        queue.enqueue(
            WORK, str(uuid4()), webhooks=[Webhook(url, "finished"), Webhook(url, "failed")]
        )
        import_goes_on(house, marks)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_commands_in_the_queue_end_no_worker(house, store):
    import_id, gate, token = under_way(house)
    (worker,) = house.processes
    horse = house.horse(import_id)
    suspension.suspend(store)
    for key in get_keys(connection=store):
        name = (
            key.decode().rpartition(":")[2]
            if isinstance(key, bytes)
            else key.rpartition(":")[2]
        )
        command.send_kill_horse_command(store, name)
        command.send_shutdown_command(store, name)
    time.sleep(1)
    assert alive(horse)
    gate.open()
    found = finish(house, import_id)
    assert (found["token"], worker.process.poll()) == (token, None)

    another = house.ready(rows(10, first=5001))
    house.execute(another)
    finish(house, another)


@pytest.mark.parametrize("at_work", [False, True], ids=["idle", "at work"])
def test_a_worker_told_to_stop_while_the_queue_is_away_stops(house, store, at_work):
    if at_work:
        import_id, gate, _ = under_way(house)
    else:
        house.worker()
        house.until(lambda: get_keys(connection=store), what="it never came up")
        # Only one that waits for a job finds out by its own connection that the queue is away.
        house.until(
            lambda: store.info("clients")["blocked_clients"], what="it never waited for a job"
        )
    (worker,) = house.processes
    house.machine.stop_queue()
    time.sleep(1)
    os.kill(worker.pid, signal.SIGTERM)
    if at_work:
        time.sleep(1)
        gate.open()
    house.until(lambda: worker.process.poll() is not None, what="the signal was lost")
    house.machine.start_queue()
    if at_work:
        assert house.facts(import_id)["deaths"] == 0
        house.worker()
        finish(house, import_id)
