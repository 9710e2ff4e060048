"""Imports that only change people who are there: rows that match nobody are skipped and counted."""

from uuid import UUID

import pytest
from sqlalchemy import text

from tests.api.conftest import table
from webapp import jobs
from webapp.staging import corrections

THERE = table("1,ann@example.com,Ann,,,,", "2,ben@example.com,Ben,,,,")
FILE = table(
    "1,ann@example.com,Anna,,,,",
    "7,new@example.com,New,,,,",
    "8,new@example.com,New again,,,,",
    "1,ben@example.com,Two,,,,",
    "9,no address,,,,,",
    "2,,Ben,,,,",
)
NONE = dict.fromkeys(
    [
        *("created", "updated", "merged", "unchanged", "duplicate_skipped", "new_skipped"),
        *("left_out", "invalid", "conflict", "failed", "not_processed"),
    ],
    0,
)
DONE = {**NONE, "updated": 1, "new_skipped": 2, "conflict": 1, "invalid": 1, "unchanged": 1}


@pytest.fixture
def ready(owner_program):
    owner_program.run(THERE)
    import_id = owner_program.ready(FILE)
    jobs.work(import_id)
    return import_id


def preview(program, import_id: str, status: int = 200, **variant):
    query = "&".join(f"{name}={value}" for name, value in variant.items())
    return program.ask("GET", f"/imports/{import_id}/preview?{query}", status).json


ONLY_UPDATE = {"duplicate_strategy": "update", "create_new": "false"}


def test_a_row_that_matches_nobody_is_skipped_and_told(owner_program, ready):
    owner_program.execute(ready, "update", create_new=False)
    jobs.work(ready)

    found = owner_program.ask("GET", f"/imports/{ready}").json
    assert found["outcomes"] == DONE
    assert found["options"]["create_new"] is False
    progress = owner_program.ask("GET", f"/imports/{ready}/progress").json
    sums = [progress[name] for name in ("success", "failed", "skipped", "duplicates")]
    assert sums == [2, 1, 3, 2]
    assert progress["progress"] == 100

    rows = owner_program.ask("GET", f"/imports/{ready}/rows?outcome=new_skipped").json["items"]
    assert [(row["row"], row["contact_id"], row["code"]) for row in rows] == [
        (3, None, None),
        (4, None, None),
    ]
    assert len(owner_program.ask("GET", "/contacts").json["items"]) == 2
    report = owner_program.ask("GET", f"/imports/{ready}/report.csv").text
    assert "3,new_skipped," in report
    assert (
        "new@example.com"
        not in owner_program.ask("GET", f"/imports/{ready}/rejected.csv").text
    )


def test_the_preview_is_computed_when_it_is_asked_for_and_says_what_is_done(
    owner_program, ready, session
):
    usual = preview(owner_program, ready, duplicate_strategy="update")["outcomes"]
    assert (usual["created"], usual["new_skipped"]) == (1, 0)

    assert preview(owner_program, ready, 202, **ONLY_UPDATE)["outcomes"] is None
    preview(owner_program, ready, 202, **ONLY_UPDATE)
    jobs.work(ready)
    assert preview(owner_program, ready, **ONLY_UPDATE)["outcomes"] == DONE

    owner_program.execute(ready, "update", create_new=False)
    jobs.work(ready)
    assert owner_program.ask("GET", f"/imports/{ready}").json["outcomes"] == DONE
    assert preview(owner_program, ready, **ONLY_UPDATE)["outcomes"] == DONE
    assert preview(owner_program, ready, 409, **ONLY_UPDATE | {"duplicate_strategy": "merge"})


def test_a_preview_that_was_asked_for_comes_again_after_a_correction(
    owner_program, ready, session
):
    preview(owner_program, ready, 202, **ONLY_UPDATE)
    jobs.work(ready)
    corrections.correct(session, UUID(ready), 6, {1: "nina@example.com"})
    session.commit()
    preview(owner_program, ready, 202, **ONLY_UPDATE)
    jobs.work(ready)
    again = preview(owner_program, ready, **ONLY_UPDATE)["outcomes"]
    assert (again["invalid"], again["new_skipped"]) == (0, 3)


@pytest.mark.parametrize("hold", [True, False])
def test_skipping_everyone_is_refused(owner_program, ready, hold):
    asked = owner_program.execute(ready, "skip", 422, create_new=False, hold_other_names=hold)
    assert asked.json["code"] == "nothing_to_write"
    assert asked.json["errors"][0]["pointer"] == "/create_new"
    refused = preview(owner_program, ready, 422, duplicate_strategy="skip", create_new="false")
    assert (refused["code"], refused["errors"][0]["pointer"]) == (
        "nothing_to_write",
        "create_new",
    )
    assert owner_program.ask("GET", f"/imports/{ready}").json["state"] == "ready"


@pytest.mark.parametrize("value", ["no", "0", "False", "falsee"])
def test_a_flag_in_the_address_is_true_or_false(owner_program, ready, value):
    asked = {"duplicate_strategy": "update", "create_new": value}
    assert preview(owner_program, ready, 422, **asked)["errors"][0]["pointer"] == "create_new"


@pytest.mark.parametrize("value", ["false", 0, None])
def test_a_flag_in_the_body_is_true_or_false(owner_program, ready, value):
    asked = owner_program.execute(ready, "update", 422, create_new=value)
    assert asked.json["errors"][0]["pointer"] == "/create_new"


def test_differences_are_told_against_the_variant_that_was_run(owner_program, ready, session):
    """Row 3 was new when it was previewed, and its contact is there by now."""
    preview(owner_program, ready, 202, **ONLY_UPDATE)
    jobs.work(ready)
    owner_program.run(table("7,,Seven,,,,"))
    owner_program.execute(ready, "update", create_new=False)
    jobs.work(ready)

    done = owner_program.ask("GET", f"/imports/{ready}").json["outcomes"]
    assert (done["updated"], done["new_skipped"]) == (2, 0)
    assert (done["conflict"]) == 2
    listed = session.execute(
        text(
            "SELECT row, split_part(planned, ',', 2) FROM contact_import_differences ORDER BY row"
        )
    ).all()
    assert [tuple(row) for row in listed] == [(3, "new_skipped"), (4, "new_skipped")]
