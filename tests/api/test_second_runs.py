"""Second runs by program: which rows, corrections after the run, and what is refused."""

import pytest

from tests.harness.imports import table
from webapp import jobs

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben at example.com,Ben,,,,",
    "3,ben at example.com,Cid,,,,",
    "4,dan at example.com,Dan,,,,",
)


@pytest.fixture
def import_id(owner_program):
    return owner_program.run(PEOPLE.encode())


def retry(program, import_id, status=202, **body):
    return program.ask("POST", f"/imports/{import_id}/retry", status, **body).json


def patch(program, import_id, row, status=200, **body):
    return program.ask("PATCH", f"/imports/{import_id}/rows/{row}", status, json=body).json


def test_corrected_rows_are_run_by_program(owner_program, import_id):
    judged = patch(owner_program, import_id, 3, values={"email": "ben@example.com"})
    assert judged == {
        "row": 3, "status": "valid", "problems": [], "runs_again": True, "corrected": 1
    }  # fmt: skip
    judged = patch(owner_program, import_id, 5, values={"column:1": "still at none"})
    assert (judged["status"], judged["runs_again"]) == ("invalid", False)
    assert [
        (p["code"], p["field"], p["column"], p["severity"]) for p in judged["problems"]
    ] == [("email_no_at", "email", 1, "error")]
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert result["runs_again"] == {"failed": 0, "corrected": 1, "remaining": 0}
    answer = retry(owner_program, import_id, json={"rows": "corrected"})
    assert answer["state"] == "queued"
    progress = owner_program.ask("GET", f"/imports/{import_id}/progress").json
    assert progress["work"] == {"progress": 0, "processed": 0, "total": 1}
    jobs.work(import_id)
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert (result["outcomes"]["created"], result["outcomes"]["invalid"]) == (2, 2)
    assert result["runs_again"] == {"failed": 0, "corrected": 0, "remaining": 0}
    nothing = retry(owner_program, import_id, 409, json={"rows": "corrected"})
    assert nothing["code"] == "nothing_corrected"


def test_rows_alike_left_out_and_taken_in(owner_program, import_id):
    judged = patch(owner_program, import_id, 3, values={"email": ""}, alike=True)
    assert (judged["corrected"], judged["runs_again"]) == (2, True)
    owner_program.ask("DELETE", f"/imports/{import_id}/rows/5")
    retry(owner_program, import_id, json={"rows": "corrected"})
    jobs.work(import_id)
    outcomes = owner_program.ask("GET", f"/imports/{import_id}/result").json["outcomes"]
    assert (outcomes["created"], outcomes["left_out"], outcomes["invalid"]) == (3, 1, 0)
    owner_program.ask("POST", f"/imports/{import_id}/rows/5/include")
    patch(owner_program, import_id, 5, values={"email": "dan@example.com"})
    retry(owner_program, import_id, json={"rows": "corrected"})
    jobs.work(import_id)
    outcomes = owner_program.ask("GET", f"/imports/{import_id}/result").json["outcomes"]
    assert (outcomes["created"], outcomes["left_out"]) == (4, 0)


@pytest.mark.parametrize(
    ("row", "body", "status", "code"),
    [
        (3, {"values": {"phone": "1"}}, 422, "no_such_column"),
        (3, {"values": {"column:99": "1"}}, 422, "no_such_column"),
        (3, {"values": {"email": "x", "first_name": "y"}, "alike": True}, 422, "one_value_alike"),
        (2, {"values": {"email": "x@example.com"}}, 409, "row_is_in"),
        (99, {"values": {"email": "x@example.com"}}, 404, "row_unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_corrected_says_why(owner_program, import_id, row, body, status, code):
    answer = patch(owner_program, import_id, row, status, **body)
    assert answer["code"] == code


def test_a_row_that_is_in_stays(owner_program):
    """The check kept its cells, since it has a warning."""
    import_id = owner_program.run(
        table("1,ann@example.com,Ann,,,,", "2,ben@example,,,,,").encode()
    )
    patch(owner_program, import_id, 3, values={"email": "ben@example.com"})
    retry(owner_program, import_id, json={"rows": "corrected"})
    jobs.work(import_id)
    refused = patch(owner_program, import_id, 3, 409, values={"email": "x@example.com"})
    assert (refused["code"], refused["state"]) == ("row_is_in", "completed")
    assert "created" in refused["detail"]
    for method, path in (("DELETE", ""), ("POST", "/include")):
        answer = owner_program.ask(method, f"/imports/{import_id}/rows/3{path}", 409)
        assert answer.json["code"] == "row_is_in"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {"rows": "all"}}, 422),
        ({"json": {"rows": "failed", "row": 1}}, 422),
        ({"json": {"rows": None}}, 422),
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": "rows=corrected", "content_type": "text/plain"}, 415),
    ],
)
def test_the_body_is_strict(owner_program, import_id, body, status):
    patch(owner_program, import_id, 3, values={"email": "ben@example.com"})
    retry(owner_program, import_id, status, **body)


def test_not_for_viewers_nor_strangers_nor_after_an_undo(owner_program, program, import_id):
    patch(owner_program, import_id, 3, values={"email": "ben@example.com"})
    ways = [
        ("POST", "/retry", {"json": {"rows": "corrected"}}),
        ("PATCH", "/rows/3", {"json": {"values": {"email": "b@example.com"}}}),
        ("DELETE", "/rows/3", {}),
        ("POST", "/rows/3/include", {}),
    ]
    for who, status in (("viewer", 403), ("outsider", 404)):
        for method, path, body in ways:
            program(who).ask(method, f"/imports/{import_id}{path}", status, **body)
    owner_program.ask("DELETE", f"/imports/{import_id}/rollback", 202)
    for _ in range(2):  # beside the undo, and after it
        for method, path, body in ways:
            answer = owner_program.ask(method, f"/imports/{import_id}{path}", 409, **body)
            assert answer.json["code"] == "wrong_state"
        jobs.work(import_id)


def test_what_a_second_run_would_do(owner_program, import_id, session):
    """It is computed by a job, changes nothing, and goes with the next correction."""
    path = f"/imports/{import_id}/preview?rows=corrected"
    assert owner_program.ask("GET", path, 409).json["code"] == "nothing_corrected"
    patch(owner_program, import_id, 3, values={"email": "ben@example.com"})
    patch(owner_program, import_id, 4, values={"email": "BEN@example.com"})
    assert owner_program.ask("GET", path, 202).json["outcomes"] is None
    jobs.work(import_id)
    told = owner_program.ask("GET", path).json
    assert (told["outcomes"]["created"], told["outcomes"]["conflict"]) == (1, 1)
    assert (told["contacts_created"], told["other_names"]) == (1, 0)
    assert owner_program.ask("GET", "/contacts").json["items"][0]["first_name"] == "Ann"
    assert len(owner_program.ask("GET", "/contacts").json["items"]) == 1

    patch(owner_program, import_id, 4, values={"email": "cid@example.com"})
    owner_program.ask("GET", path, 202)
    jobs.work(import_id)
    told = owner_program.ask("GET", path).json
    assert told["outcomes"]["created"] == 2
    retry(owner_program, import_id, json={"rows": "corrected"})
    assert owner_program.ask("GET", path, 409).json["code"] == "wrong_state"
    jobs.work(import_id)
    outcomes = owner_program.ask("GET", f"/imports/{import_id}/result").json["outcomes"]
    assert outcomes["created"] == 3
    for query, status in (("?rows=all", 422), ("", 422), ("?rows=failed", 409)):
        owner_program.ask("GET", f"/imports/{import_id}/preview{query}", status)
