"""Previews that ended three work-horses: a program is told to stop asking."""

import pytest
from sqlalchemy import text

from tests.api.conftest import table
from webapp import jobs


@pytest.fixture
def broken(owner_program, session):
    """A checked import whose previews nobody computes any more."""
    import_id = owner_program.ready(table("1,a@example.com,Ada,,,,", "2,no address,Bob,,,,"))
    session.execute(text("UPDATE contact_import_leases SET deaths = 3"))
    session.commit()
    return import_id


def test_a_program_is_told_that_there_will_be_no_preview(owner_program, broken):
    refused = owner_program.ask("GET", f"/imports/{broken}/preview?duplicate_strategy=update", 409).json
    assert (refused["code"], refused["state"]) == ("preview_given_up", "ready")
    assert "Run it all the same" in refused["detail"]
    assert owner_program.execute(broken).json["state"] == "queued"


def test_a_preview_that_was_ready_before_is_still_given(owner_program, broken, session):
    session.execute(text("UPDATE contact_import_leases SET deaths = 0"))
    session.commit()
    jobs.work(broken)
    session.execute(text("UPDATE contact_import_leases SET deaths = 3"))
    session.execute(text("DELETE FROM contact_import_previews WHERE strategy = 'merge'"))
    session.commit()
    owner_program.ask("GET", f"/imports/{broken}/preview?duplicate_strategy=skip")
    owner_program.ask("GET", f"/imports/{broken}/preview?duplicate_strategy=merge", 409)


def test_the_contract_names_the_code(owner_program):
    described = owner_program.ask("GET", "/openapi.json").json["paths"]["/api/imports/{import_id}/preview"]["get"]
    assert "preview_given_up" in described["description"]
    assert "409" in described["responses"]
