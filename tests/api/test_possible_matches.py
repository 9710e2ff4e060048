"""New rows that look like contacts, from a program: listed, and joined or not."""

import pytest

from tests.api.conftest import table
from webapp import jobs

BOOK = table(
    "1,ann@example.com,Ann,Threlkeld,Acme,,",
    "2,bob@example.com,Bob,Oyelaran,Other,,",
)
NEW = table(
    ",ann.threlkeld@example.org,Ann,Threlkeld,Acme,,",
    ",bob@other.example,Bob,Oyelaran,Other,,",
    ",cy@example.com,Cy,Marchetti,,,",
)


@pytest.fixture
def path(owner_program) -> str:
    owner_program.run(BOOK)
    import_id = owner_program.ready(NEW)
    jobs.work(import_id)  # the previews
    return f"/imports/{import_id}"


def test_a_program_says_who_a_row_is(owner_program, path):
    ask = owner_program.ask
    assert ask("GET", f"{path}/possible-matches").json["state"] == "waiting"
    jobs.find_possible_matches()
    whole = ask("GET", f"{path}/possible-matches").json
    assert (whole["state"], whole["total"], whole["rows_compared"]) == ("done", 2, 3)
    assert {one["row"] for one in whole["items"]} == {2, 3}
    one = next(one for one in whole["items"] if one["row"] == 2)
    assert (one["name"], one["contact"]["last_name"]) == ("Ann Threlkeld", "Threlkeld")
    assert one["choice"] is None

    first = ask("GET", f"{path}/possible-matches?limit=1").json
    second = ask("GET", f"{path}/possible-matches?limit=1&after={first['next']}").json
    assert first["items"] + second["items"] == whole["items"]
    assert second["next"] is None
    ask("GET", f"{path}/possible-matches?after=x", 422)

    contact_id = one["contact"]["id"]
    choice = f"{path}/rows/2/choice"
    ask("PUT", choice, 422, json={"contact_id": contact_id + 1})
    ask("PUT", f"{path}/rows/4/choice", 409, json={"contact_id": contact_id})
    ask("PUT", choice, 409, json={"contact_id": contact_id, "alike": True})
    assert ask("PUT", choice, json={"contact_id": contact_id}).json == {"rows": 1}
    assert ask("PUT", f"{path}/rows/3/choice", json={"new": True}).json == {"rows": 1}
    said = ask("GET", f"{path}/possible-matches").json
    assert (said["chosen"], said["state"]) == (2, "done")
    assert {one["row"]: one["choice"]["new"] for one in said["items"]} == {2: False, 3: True}
    assert ask("DELETE", choice).json == {"rows": 1}
    assert ask("GET", f"{path}/possible-matches").json["chosen"] == 1
