"""A work-horse is killed in the middle of a second run, and another one goes on: nothing is lost,
and nothing is doubled.
"""

import os
import signal

import pytest

from tests.harness.gates import Gate
from tests.harness.invariants import check_invariants, rows_doubled, rows_lost
from webapp.imports import import_commands
from webapp.staging import corrections
from webapp.vocabulary.reruns import Rerun

ROWS = 800
NOBODY = range(101, 601)  # IDs of people who have no address in the file
FILE = "ID,Email,First name\n" + "".join(
    f"{n},{'nobody' if n in NOBODY else f'p{n}@example.com'},P{n}\n"
    for n in range(1, ROWS + 1)
)


def kill_at(house, import_id, gate: Gate) -> None:
    """Kill the work-horse at the gate, and let the next one through."""
    token = gate.held(import_id)
    os.kill(house.horse(import_id), signal.SIGKILL)
    gate.held(import_id, after=token)
    gate.open()


def test_a_run_over_corrected_rows_is_killed(house):
    import_id = house.ready(FILE)
    house.worker()
    house.execute(import_id)
    found = house.wait(import_id, "completed")
    assert (found["created"], found["invalid"]) == (300, 500)
    with house.session() as session:
        assert corrections.correct_alike(session, import_id, 102, 1, "").rows == 500
        session.commit()
    gate = Gate(house, when="NEW.external_id = '350'")
    house.ask(import_commands.retry, import_id, rerun=Rerun.CORRECTED)
    kill_at(house, import_id, gate)
    house.until(lambda: house.facts(import_id)["created"] == ROWS)
    found = house.wait(import_id, "completed")
    check_invariants(house, import_id)
    assert (found["invalid"], found["rerun"]) == (0, "")
    assert (rows_lost(house, import_id), rows_doubled(house, import_id)) == (0, 0)
    assert house.query("SELECT count(*) AS n FROM contact_import_reopened")[0]["n"] == 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_run_of_what_is_left_is_stopped_and_killed(house, killed):
    import_id = house.ready(FILE)
    house.worker()
    gate = Gate(house, when="NEW.external_id IN ('50', '650')")
    house.execute(import_id)
    gate.held(import_id)
    house.ask(import_commands.cancel, import_id)
    gate.open()
    found = house.wait(import_id, "cancelled")
    check_invariants(house, import_id, complete=False)
    assert found["created"] == 100
    house.query("SELECT setval('gate', 1)")  # shut again
    house.ask(import_commands.retry, import_id, rerun=Rerun.REMAINING)
    if killed:
        kill_at(house, import_id, gate)
    else:
        gate.held(import_id)
        house.ask(import_commands.cancel, import_id)
        gate.open()
        house.wait(import_id, "cancelled")
        check_invariants(house, import_id, complete=False)
        house.ask(import_commands.retry, import_id, rerun=Rerun.REMAINING)
    house.until(lambda: house.facts(import_id)["created"] == 300)
    house.wait(import_id, "completed")
    check_invariants(house, import_id)
    assert (rows_lost(house, import_id), rows_doubled(house, import_id)) == (0, 0)
