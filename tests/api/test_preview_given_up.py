"""Previews that ended three work-horses: a program is told to stop asking, and asks again once
a row was corrected.
"""

from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.api.conftest import table
from webapp import jobs
from webapp.deciding import preview
from webapp.models import ContactImport, ImportPreview
from webapp.staging import corrections


@pytest.fixture
def broken(owner_program, session):
    """A checked import whose previews nobody computes any more."""
    import_id = owner_program.ready(table("1,a@example.com,Ada,,,,", "2,no address,Bob,,,,"))
    session.execute(text("UPDATE contact_import_leases SET deaths = 3"))
    session.commit()
    return import_id


def test_a_program_is_told_that_there_will_be_no_preview(owner_program, broken):
    refused = owner_program.ask(
        "GET", f"/imports/{broken}/preview?duplicate_strategy=update", 409
    ).json
    assert (refused["code"], refused["state"]) == ("preview_given_up", "ready")
    assert "run it all the same" in refused["detail"]
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
    described = owner_program.ask("GET", "/openapi.json").json["paths"][
        "/api/imports/{import_id}/preview"
    ]["get"]
    assert "preview_given_up" in described["description"]
    assert "409" in described["responses"]


@pytest.mark.parametrize("correct", ["correct", "leave_out", "correct_alike"])
def test_a_corrected_row_is_a_new_start_for_the_previews(
    owner_program, broken, session, correct
):
    asked = {
        "correct": lambda: corrections.correct(session, UUID(broken), 3, {1: "b@example.com"}),
        "leave_out": lambda: corrections.leave_out(session, UUID(broken), 3, out=True),
        "correct_alike": lambda: corrections.correct_alike(
            session, UUID(broken), 3, 1, "b@example.com"
        ),
    }
    asked[correct]()
    session.commit()
    assert not preview.given_up(session, session.get_one(ContactImport, UUID(broken)))
    session.commit()
    path = f"/imports/{broken}/preview?duplicate_strategy=update"
    owner_program.ask("GET", path, 202)
    jobs.work(broken)
    assert owner_program.ask("GET", path).json["outcomes"]["created"] == (
        1 if correct == "leave_out" else 2
    )
    assert len(session.scalars(select(ImportPreview)).all()) == 3
