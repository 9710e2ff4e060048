"""The work-horse's memory does not grow with the file: a ratio of two sizes, measured by the
process itself.
"""

import subprocess
import sys
from uuid import UUID

import pytest

from tests.harness.imports import table
from tests.harness.processes import ROOT
from webapp.imports import import_commands
from webapp.models import ContactImport
from webapp.staging import second_process

FEW, MANY = 3_000, 45_000
WORK = """
import re, resource, sys
from webapp import jobs
jobs.work(sys.argv[1])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1],
      resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_kilobytes(import_id: UUID) -> tuple[int, int]:
    """Of a process that does what a work-horse does, once; and of the second process of its check,
    shared pages included, or 0.
    """
    command = [sys.executable, "-c", WORK, str(import_id)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    first, second = map(int, done.stdout.split())
    return first, second


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_file(importer, session):
    peaks: dict[str, list[int]] = {"check": [], "execution": []}
    for count in (FEW, MANY):
        lines = [
            f"{n},p{n}@example.com,Ann {n},Ash,Acme,a|b,{n % 50}" for n in range(1, count + 1)
        ]
        found = importer.upload(table(*lines))
        import_commands.map_columns(session, found.id, found.suggested_mapping)
        session.commit()
        peak, second = peak_kilobytes(found.id)
        peaks["check"].append(peak)
        import_commands.execute(session, found.id, strategy="update")
        session.commit()
        peaks["execution"].append(peak_kilobytes(found.id)[0])
        session.expire_all()
        assert session.get_one(ContactImport, found.id).state == "completed"
    assert (second > 0) == (second_process.cores() >= 2)  # in the check of the many
    assert second < 100 * 1024
    for few, many in peaks.values():
        assert many < few * 1.1, peaks
        assert many < 100 * 1024, peaks
