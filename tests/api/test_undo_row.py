"""The undo of single rows by program: what comes back, what stays and why, and what is refused."""

import csv
import io

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp import jobs
from webapp.imports import import_commands

BOOK = table("1,ann@example.com,Ann,,Old,,", "2,ben@example.com,Ben,,,vip,")
FILE = table(
    "1,ann@example.com,Anna,,New,fair,41",
    "3,cid@example.com,Cid,,,,",
    "4,not an address,,,,,",
    "3,cid@example.com,Cid,Later,,,",
    "2,ben@example.com,Ben,,,vip,",
)


@pytest.fixture
def import_id(owner_program):
    """Row 2 updates, 3 creates, 4 is invalid, 5 updates what row 3 created, 6 changes nothing."""
    owner_program.run(BOOK.encode(), "update")
    return owner_program.run(FILE.encode(), "update")


def undo(program, import_id, row, status=200):
    return program.ask("POST", f"/imports/{import_id}/rows/{row}/undo", status).json


def contact(program, email):
    found = program.ask("GET", f"/contacts?q={email}").json["items"]
    return found[0] if found else None


def rows(program, import_id):
    return {
        row["row"]: row
        for row in program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    }


def take_back(program, import_id):
    program.ask("DELETE", f"/imports/{import_id}/rollback", None)
    jobs.work(import_id)
    return program.ask("DELETE", f"/imports/{import_id}/rollback").json


def test_changed_fields_come_back_and_the_rest_goes_with_the_import(owner_program, import_id):
    before = contact(owner_program, "ann@example.com")
    assert (before["first_name"], before["company"], before["tags"]) == (
        "Anna",
        "New",
        ["fair"],
    )
    done = undo(owner_program, import_id, 2)
    assert sorted(done["fields_restored"]) == [
        "company",
        "custom:Shoe size",
        "first_name",
        "tags",
    ]
    assert (done["contact_id"], done["contact_removed"], done["conflicts"]) == (
        before["id"], False, [],
    )  # fmt: skip
    now = contact(owner_program, "ann@example.com")
    assert (now["first_name"], now["company"], now["tags"], now["custom"]) == (
        "Ann",
        "Old",
        [],
        {},
    )
    assert undo(owner_program, import_id, 2, 409)["code"] == "row_undone"

    told = rows(owner_program, import_id)
    assert told[2]["outcome"] == "updated"
    assert told[2]["undone_at"]
    assert told[3]["undone_at"] is None
    assert owner_program.ask("GET", f"/imports/{import_id}").json["rows_undone"] == 1
    report = owner_program.ask("GET", f"/imports/{import_id}/report.csv").data.decode(
        "utf-8-sig"
    )
    reasons = {row[0]: row[4] for row in csv.reader(io.StringIO(report))}
    assert "Undone: 20" in reasons["2"]
    assert "Undone" not in reasons["3"]

    would = owner_program.ask("GET", f"/imports/{import_id}/rollback").json
    taken = take_back(owner_program, import_id)
    for said in (would, taken):
        assert (said["contacts_removed"], said["contacts_restored"], said["contacts_kept"]) == (
            1, 0, 0,
        )  # fmt: skip
    assert contact(owner_program, "ann@example.com")["version"] == now["version"]
    assert contact(owner_program, "cid@example.com") is None
    assert undo(owner_program, import_id, 3, 409)["code"] == "wrong_state"


def test_a_created_contact_stays_until_the_last_row_about_it_is_undone(
    owner_program, import_id
):
    (kept,) = undo(owner_program, import_id, 3)["conflicts"]
    assert (kept["field"], kept["code"]) == (None, "changed_by_later_row")
    assert kept["changed_by_import"] == import_id
    assert contact(owner_program, "cid@example.com")["last_name"] == "Later"
    done = undo(owner_program, import_id, 5)
    assert (done["contact_removed"], done["conflicts"]) == (False, [])
    assert contact(owner_program, "cid@example.com") is None
    taken = take_back(owner_program, import_id)
    assert (taken["contacts_removed"], taken["contacts_restored"]) == (0, 1)


def test_the_other_way_round_it_goes_with_its_own_row(owner_program, import_id):
    assert undo(owner_program, import_id, 5)["fields_restored"] == ["last_name"]
    assert contact(owner_program, "cid@example.com")["last_name"] is None
    assert undo(owner_program, import_id, 3)["contact_removed"] is True
    assert contact(owner_program, "cid@example.com") is None


def test_what_was_edited_since_stays_and_is_listed(owner_program, import_id):
    ann = contact(owner_program, "ann@example.com")
    cid = contact(owner_program, "cid@example.com")
    for one, values in ((ann, {"company": "By hand"}), (cid, {"phone": "+49 30 1234567"})):
        owner_program.ask("PATCH", f"/contacts/{one['id']}", json=values)

    (kept,) = undo(owner_program, import_id, 2)["conflicts"]
    assert (kept["field"], kept["code"], kept["wanted"], kept["now"]) == (
        "company", "edited_since", "Old", "By hand",
    )  # fmt: skip
    assert contact(owner_program, "ann@example.com")["first_name"] == "Ann"
    undo(owner_program, import_id, 5)
    (kept,) = undo(owner_program, import_id, 3)["conflicts"]
    assert (kept["field"], kept["code"]) == (None, "edited_since")
    # The import lists it again: the contact is one that it created.
    would = owner_program.ask("GET", f"/imports/{import_id}/rollback").json
    assert [one["code"] for one in would["conflicts"]] == ["edited_since"]
    assert take_back(owner_program, import_id)["contacts_kept"] == 1


@pytest.mark.parametrize(
    ("row", "status", "code"),
    [(4, 409, "row_changed_nothing"), (6, 409, "row_changed_nothing"),
     (99, 404, "row_unknown"), (10**25, 404, "not_found")],
)  # fmt: skip
def test_rows_without_anything_to_undo_say_so(owner_program, import_id, row, status, code):
    assert undo(owner_program, import_id, row, status)["code"] == code


def test_it_waits_until_the_import_is_at_rest(owner_program, import_id, session):
    """Neither while it runs or runs again, nor while any import is being undone, nor too late."""

    def in_state(state, **more):
        columns = ", ".join(f"{name} = {value}" for name, value in more.items())
        session.execute(
            text(f"UPDATE contact_imports SET state = '{state}' {columns and ',' + columns}")
        )
        session.commit()

    owner_program.ask(
        "PATCH", f"/imports/{import_id}/rows/4", json={"values": {"email": "d@example.com"}}
    )
    owner_program.ask("POST", f"/imports/{import_id}/retry", 202, json={"rows": "corrected"})
    assert undo(owner_program, import_id, 2, 409)["code"] == "row_undo_while_running"
    jobs.work(import_id)
    other = owner_program.run(table("9,zoe@example.com,Zoe,,,,").encode())
    import_commands.roll_back(session, other)
    session.commit()
    assert undo(owner_program, import_id, 2, 409)["code"] == "undo_under_way"
    jobs.work(other)
    in_state("completed", expired_at="now()")
    answer = undo(owner_program, import_id, 2, 409)
    assert (answer["code"], answer["state"]) == ("undo_expired", "completed")
    in_state("completed", expired_at="NULL")
    undo(owner_program, import_id, 2)


def test_who_may(program, owner_program, import_id):
    assert undo(program("outsider"), import_id, 2, 404)
    assert undo(program("viewer"), import_id, 2, 403)
    assert rows(owner_program, import_id)[2]["undone_at"] is None
