"""Servers of their own, which these tests may break, and a house full of processes for each
test.
"""

import tempfile
from pathlib import Path

import pytest

from tests.harness import servers as common
from tests.harness.house import House
from tests.harness.processes import Machine
from webapp.migrate import migrate


@pytest.fixture(scope="session")
def machine():
    with tempfile.TemporaryDirectory(prefix="rf", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        running = Machine(Path(folder) / "v")
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def servers(machine):
    """In place of the pair that all other tests share."""
    found = common.addresses(machine)
    common._admin(
        found, "ALTER SYSTEM SET fsync = off"
    )  # The servers are killed here, the machine is not.
    common._admin(found, "SELECT pg_reload_conf()")
    common._create(found, "template_rowcall")
    migrate(common._named(found["DATABASE_URL"], "template_rowcall"))
    return found


@pytest.fixture
def house(settings, someone, machine):
    built = House(settings, someone, machine)
    yield built
    built.end()
    machine.heal()
