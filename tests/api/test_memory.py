"""What the web process holds does not grow with the file, nor by much with several at once; and it stays small."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import people_table
from tests.harness.processes import highest_mb, web_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
FEW, MANY = 500, 30_000
MOST_MB = 100  # what every process of ours stays under
MOST_GROWTH_MB = 4
AT_ONCE = 8
MOST_GROWTH_AT_ONCE_MB = 16


def all_the_way(program, rows: int) -> None:
    """A file over the API, from the upload to its report."""
    import_id = program.ready(people_table(rows))
    program.start(import_id)
    program.wait(import_id, "completed")
    report(program, import_id)


def report(program, import_id: str) -> bytes:
    with program.open("GET", f"/imports/{import_id}/report.csv") as answer:
        assert answer.status == 200
        return answer.read()


@pytest.mark.slow
def test_the_web_process_stays_small(wire):
    program = wire("owner")
    (worker,) = web_workers()
    peaks = []
    for rows in (FEW, MANY):
        all_the_way(program, rows)
        peaks.append(highest_mb(worker))
    few, many = peaks
    assert many - few < MOST_GROWTH_MB, peaks
    assert many < MOST_MB, peaks


def test_several_uploads_at_once(wire):
    program = wire("owner")
    (worker,) = web_workers()
    program.upload(people_table(FEW))
    before = highest_mb(worker)
    file = people_table(5 * MANY)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: program.upload(file), range(AT_ONCE)))
    assert highest_mb(worker) - before < MOST_GROWTH_AT_ONCE_MB
