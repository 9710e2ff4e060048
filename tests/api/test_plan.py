"""The plan: what would happen row by row, its digest, and how the run came out against it."""

import csv
import io
import subprocess
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.api.conftest import table
from webapp import jobs
from webapp.deciding import plan
from webapp.models import Contact
from webapp.staging import corrections
from webapp.vocabulary.strategies import Strategy, Variant
from webapp.web import downloads

THERE = table("1,ann@example.com,Ann,,Acme,,", "2,ben@example.com,Ben,,,,")
FILE = table(
    "1,ann@example.com,Anna,,,a|b,40",
    "7,new@example.com,New,,,,",
    "7,,,Newer,,,",
    "1,ben@example.com,Two,,,,",
    "9,no address,,,,,",
    "2,,Ben,,,,",
)
HEADER = "row,outcome,contact_id,code,joins_row,changed"


@pytest.fixture
def ready(owner_program):
    owner_program.run(THERE)
    import_id = owner_program.ready(FILE)
    jobs.work(import_id)
    return import_id


@pytest.fixture
def ids(session):
    def look():
        session.rollback()
        return {one.external_id: one.id for one in session.query(Contact)}

    return look


def plan_csv(program, import_id, status=200, strategy="update", headers=None, **variant):
    query = "".join(f"&{name}={value}" for name, value in variant.items())
    path = f"/imports/{import_id}/plan.csv?duplicate_strategy={strategy}{query}"
    return program.ask("GET", path, status, headers=headers or {})


def test_each_row_is_told_before_anything_is_written(owner_program, ready, ids):
    answer = plan_csv(owner_program, ready)
    assert answer.mimetype == "text/csv"
    head, *lines = answer.data.decode("utf-8-sig").splitlines()
    assert head == (
        f"{HEADER},duplicate_strategy=update,create_new=true,hold_other_names=false,"
        "match_keys=external_id|email"
    )
    known = ids()
    assert lines == [
        f"2,updated,{known['1']},,,first_name|tags|custom:Shoe size",
        "3,created,,,,",
        "4,updated,,joins_row,3,last_name",
        "5,conflict,,two_contacts,,",
        "6,invalid,,email_no_at,,",
        f"7,unchanged,{known['2']},,,",
    ]


def test_the_digest_is_that_of_the_downloaded_file(owner_program, ready, tmp_path):
    answer = plan_csv(owner_program, ready)
    (tmp_path / "plan.csv").write_bytes(answer.data)
    summed = subprocess.run(
        ["sha256sum", "plan.csv"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    digest = summed.stdout.split()[0]
    assert answer.headers["ETag"] == f'"{digest}"'
    path = f"/imports/{ready}/plan?duplicate_strategy=update"
    assert owner_program.ask("GET", path).json["digest"] == digest

    again = plan_csv(owner_program, ready, 304, headers={"If-None-Match": f'"{digest}"'})
    assert again.data == b""
    assert again.headers["ETag"] == f'"{digest}"'
    plan_csv(owner_program, ready, 200, headers={"If-None-Match": '"0"'})

    owner_program.execute(ready, "update")
    jobs.work(ready)
    result = owner_program.ask("GET", f"/imports/{ready}/result").json["plan"]
    assert result == {
        "verdict": "as_planned", "digest": digest, "rows_differing": 0, "differences": [],
    }  # fmt: skip
    assert plan_csv(owner_program, ready).data == answer.data


def test_another_variant_is_computed_when_it_is_asked_for(owner_program, ready):
    asked = {"create_new": "false", "hold_other_names": "true"}
    waits = plan_csv(owner_program, ready, 202, "merge", **asked)
    assert waits.headers["Retry-After"]
    assert waits.json["import_id"] == ready
    path = f"/imports/{ready}/plan?duplicate_strategy=merge&create_new=false&hold_other_names=true"
    none_yet = owner_program.ask("GET", path, 202).json
    assert set(none_yet.values()) == {None}

    jobs.work(ready)
    told = plan_csv(owner_program, ready, 200, "merge", **asked).data.decode("utf-8-sig")
    assert "create_new=false,hold_other_names=true" in told
    assert owner_program.ask("GET", path).json["outcomes"]["new_skipped"] == 2
    plan_csv(owner_program, ready, 422, "skip", create_new="false")


def test_pages_and_one_outcome(owner_program, ready, ids):
    path = f"/imports/{ready}/plan?duplicate_strategy=update"
    first = owner_program.ask("GET", f"{path}&limit=2").json
    assert [row["row"] for row in first["items"]] == [2, 3]
    rest = owner_program.ask("GET", f"{path}&limit=1000&after={first['next']}").json
    assert [row["row"] for row in rest["items"]] == [4, 5, 6, 7]
    assert rest["next"] is None
    assert first["contacts_changed"] == 1

    updated = owner_program.ask("GET", f"{path}&outcome=updated").json["items"]
    assert updated == [
        {"row": 2, "outcome": "updated", "contact_id": ids()["1"], "code": None, "joins_row": None,
         "changed": ["first_name", "tags", "custom:Shoe size"]},
        {"row": 4, "outcome": "updated", "contact_id": None, "code": "joins_row", "joins_row": 3,
         "changed": ["last_name"]},
    ]  # fmt: skip
    assert owner_program.ask("GET", f"{path}&outcome=not_processed").json["items"] == []


def test_rows_that_came_out_differently_are_listed_everywhere(
    owner_program, ready, ids, session
):
    digest = plan_csv(owner_program, ready).headers["ETag"].strip('"')
    owner_program.run(table("7,new@example.com,New,,,,"))
    known = ids()
    session.execute(text("UPDATE contacts SET tags = '{a,b}' WHERE external_id = '1'"))
    session.commit()
    owner_program.execute(ready, "update")
    jobs.work(ready)

    result = owner_program.ask("GET", f"/imports/{ready}/result").json["plan"]
    assert (result["verdict"], result["digest"], result["rows_differing"]) == (
        "differs",
        digest,
        3,
    )
    said = [
        [(one[side]["outcome"], one[side]["contact_id"], one[side]["changed"]) for side in one]
        for one in result["differences"]
    ]
    both = ["first_name", "tags", "custom:Shoe size"]
    assert said == [
        [("updated", known["1"], both), ("updated", known["1"], ["first_name", "custom:Shoe size"])],
        [("created", None, []), ("unchanged", known["7"], [])],
        [("updated", None, ["last_name"]), ("updated", known["7"], ["last_name"])],
    ]  # fmt: skip

    rows = owner_program.ask("GET", f"/imports/{ready}/rows?differing=true").json["items"]
    assert [row["row"] for row in rows] == [2, 3, 4]
    assert rows[1]["planned"]["outcome"] == "created"
    assert (
        owner_program.ask("GET", f"/imports/{ready}/rows").json["items"][5]["planned"] is None
    )

    report = owner_program.ask("GET", f"/imports/{ready}/report.csv").data.decode("utf-8-sig")
    reasons = {row[0]: row[4] for row in csv.reader(io.StringIO(report))}
    assert reasons["3"].splitlines()[-1] == "Planned: created"
    assert (
        reasons["2"] == f"Planned: updated, contact {known['1']}: First name, Tags, Shoe size"
    )
    assert "Planned" not in reasons["7"]


def test_what_was_run_otherwise_than_any_preview_is_told(owner_program, ready):
    owner_program.execute(ready, "update", hold_other_names=True)
    jobs.work(ready)
    result = owner_program.ask("GET", f"/imports/{ready}/result").json["plan"]
    assert (result["verdict"], result["digest"]) == ("not_previewed", None)


def test_a_correction_takes_the_plan_away(owner_program, ready, session):
    before = plan_csv(owner_program, ready).headers["ETag"]
    assert session.scalar(text("SELECT count(*) FROM contact_import_plan_blocks")) == 6
    corrections.correct(session, UUID(ready), 6, {1: "nine@example.com"})
    session.commit()
    assert session.scalar(text("SELECT count(*) FROM contact_import_plan_blocks")) == 0
    plan_csv(owner_program, ready, 202)
    session.execute(
        text("UPDATE contact_imports SET mended_at = mended_at - interval '1 hour'")
    )
    session.commit()
    jobs.work(ready)
    after = plan_csv(owner_program, ready)
    assert after.headers["ETag"] != before
    assert "6,created,,,," in after.text.splitlines()


def test_who_may_not_see_the_import_sees_no_plan(program, ready):
    outsider = program("outsider")
    plan_csv(outsider, ready, 404)
    outsider.ask("GET", f"/imports/{ready}/plan?duplicate_strategy=skip", 404)


def test_a_plan_that_goes_while_it_is_read_is_not_whole(ready, session):
    variant = Variant(Strategy.UPDATE)
    digest = plan.digest(session, UUID(ready), variant)
    pieces = downloads.plan_pieces(session, UUID(ready), variant=variant, digest=digest)
    assert next(pieces).decode().startswith("\ufeffrow,outcome")
    session.execute(text("DELETE FROM contact_import_previews"))
    with pytest.raises(downloads.BrokenOff):
        list(pieces)
