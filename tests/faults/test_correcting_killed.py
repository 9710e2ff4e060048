"""A worker is killed in the middle of a correction of many rows: another one goes on where it
was.
"""

import os
import signal

from tests.harness.gates import Gate
from webapp import jobs
from webapp.staging import corrections

ROWS = 4_500
FILE = "ID,Email,First name\n" + "".join(
    f"{n},nobody at example,P{n}\n" for n in range(1, ROWS + 1)
)


def test_a_correction_goes_on_where_it_was(house, monkeypatch):
    monkeypatch.setattr(corrections, "AT_ONCE", 0)
    import_id = house.upload(FILE)
    jobs.work(str(import_id))
    with house.session() as session:
        corrections.correct_alike(session, import_id, 2, 1, "")
        session.commit()
    gate = Gate(house, on="contact_import_corrections", when="NEW.row = 2500")
    house.worker()
    jobs.wake(import_id)
    token = gate.held(import_id)
    assert house.facts(import_id)["correcting"]["rows"] == 2 * corrections.BLOCK_ROWS
    os.kill(house.horse(import_id), signal.SIGKILL)
    gate.held(import_id, after=token)
    gate.open()
    house.until(lambda: house.facts(import_id)["correcting"] is None, what="nobody went on")
    found = house.facts(import_id)
    assert found["check_summary"]["problems"] == []
    assert (
        house.query("SELECT count(*) AS rows FROM contact_import_corrections")[0]["rows"]
        == ROWS
    )
    staged = "SELECT count(*) AS rows, count(*) FILTER (WHERE status = 'valid') AS valid FROM contact_import_rows"
    assert house.query(staged) == [{"rows": ROWS, "valid": ROWS}]
    house.execute(import_id)
    assert house.wait(import_id, "completed")["created"] == ROWS
