"""A worker whose clock is wrong by hours: leases are measured by the database's clock alone."""

import shutil
from datetime import timedelta

import pytest

from tests.harness.gates import Gate
from tests.harness.house import rows
from tests.harness.invariants import check_invariants


@pytest.fixture
def faketime(ci):
    if shutil.which("faketime") is None:
        assert not ci, "libfaketime is missing, and CI must run this"
        pytest.skip("libfaketime is not installed: apt-get install faketime")


@pytest.mark.parametrize("wrong", ["+2h", "-2h"])
def test_wrong_clock(faketime, house, wrong):
    """It works as any other; a right one takes nothing from it while it lives, and everything
    once it is dead.
    """
    import_id = house.ready(rows(1000))
    gate = Gate(house, when="NEW.external_id = '420'")
    astray = house.worker(
        under=("faketime", "-f", wrong), environment={"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    )
    house.execute(import_id)
    token = gate.held(import_id)
    house.worker()
    past_the_lease = house.facts(import_id)["heartbeat_at"] + timedelta(
        seconds=house.settings.lease_seconds
    )
    house.until(lambda: house.facts(import_id)["heartbeat_at"] > past_the_lease)
    assert house.facts(import_id)["token"] == token, "it was taken from a living worker"
    astray.end()
    gate.held(import_id, after=token)
    gate.open()
    house.wait(import_id, "completed")
    assert check_invariants(house, import_id)["created"] == 1000
