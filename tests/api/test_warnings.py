"""What the check warns of reaches programs and reports, and bad cells may be left out."""

import csv
import io

from webapp import jobs
from webapp.reports import pdf

HEADER = "ID,First name,Last name,Email,Phone,Birthday\n"
PEOPLE = HEADER + (
    "1,Wilma,Ort,wilma@example.com,030 12345x,\n"
    "2,Bruno,Ort,bruno at example,+49 30 90123456,\n"
    "3,Carla,Ort,carla@example.com,,a Tuesday\n"
    "4,Dora,Ort,dora@,,soon\n"
    ",,,nobody here,,\n"
)


def rows_of(program, import_id: str) -> dict[int, dict]:
    return {
        row["row"]: row
        for row in program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    }


def table_of(program, import_id: str, name: str) -> list[list[str]]:
    answer = program.ask("GET", f"/imports/{import_id}/{name}")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def run(
    program, body: str, strategy: str = "update", skip_errors: bool = True, **mapping
) -> str:
    import_id = program.ready(body.encode(), **mapping)
    program.execute(import_id, strategy, skip_errors=skip_errors)
    jobs.work(import_id)
    return import_id


def test_without_the_option_bad_cells_refuse_their_rows(owner_program):
    import_id = run(owner_program, PEOPLE)
    session = owner_program.ask("GET", f"/imports/{import_id}").json
    assert session["options"]["drop_bad_cells"] is False
    assert (session["outcomes"]["created"], session["outcomes"]["invalid"]) == (1, 4)
    assert session["warnings"] == {"phone_unreadable": 1}
    assert session["cells_dropped"] == {}


def test_with_it_the_rows_come_in_and_every_list_says_so(owner_program, session):
    import_id = run(owner_program, PEOPLE, drop_bad_cells=True)
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert (found["outcomes"]["created"], found["outcomes"]["invalid"]) == (4, 1)
    assert found["warnings"] == {"cell_dropped": 3, "phone_unreadable": 1}
    assert found["cells_dropped"] == {"email": 2, "birthday": 2}
    result = owner_program.ask("GET", f"/imports/{import_id}/result").json
    assert result["warnings"] == found["warnings"]
    assert [entry["row"] for entry in result["error_log"]] == [6]

    rows = rows_of(owner_program, import_id)
    (told,) = rows[3]["warnings"]
    assert (told["code"], told["field"], told["value"]) == (
        "cell_dropped",
        "email",
        "bruno at example",
    )
    assert "bruno at example" in told["message"]
    assert {w["field"] for w in rows[5]["warnings"]} == {"email", "birthday"}
    assert (rows[2]["warnings"][0]["code"], rows[2]["outcome"]) == (
        "phone_unreadable",
        "created",
    )
    assert rows[6]["warnings"] == []

    _, *lines = table_of(owner_program, import_id, "report.csv")
    reasons = {int(line[0]): line[4] for line in lines}
    assert reasons[2].startswith("phone_unreadable (“030 12345x”): ")
    assert reasons[3].startswith("cell_dropped (“bruno at example”): ")
    assert reasons[5].count("cell_dropped") == 2

    _, *lines = table_of(owner_program, import_id, "rejected.csv")
    assert [int(line[0]) for line in lines] == [3, 4, 5, 6]
    assert "bruno at example" in lines[0][1]

    page = pdf.page(session, import_id)
    for words in (
        "Imported without this cell",
        "bruno at example",
        "a Tuesday",
        "2 people came",
    ):
        assert words in page


def test_a_run_that_stops_at_errors_does_not_stop_for_a_cell(owner_program):
    body = HEADER + "1,Wilma,Ort,wilma at,,\n2,Bruno,Ort,bruno@example.com,,31.31.1990\n"
    import_id = run(owner_program, body, skip_errors=False, drop_bad_cells=True)
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert (found["state"], found["outcomes"]["created"]) == ("completed", 2)


def test_a_contact_keeps_what_the_cell_would_have_replaced(owner_program):
    run(owner_program, HEADER + "1,Wilma,Ort,wilma@example.com,,1985-04-23\n")
    run(owner_program, HEADER + "1,Wilma,Berg,wilma at,,a Tuesday\n", drop_bad_cells=True)
    (wilma,) = owner_program.ask("GET", "/contacts").json["items"]
    assert (wilma["last_name"], wilma["email"], wilma["birthday"]) == (
        "Berg",
        "wilma@example.com",
        "1985-04-23",
    )


def test_a_corrected_cell_is_no_longer_counted(owner, importer, session):
    from tests.web.test_pages import bring, check  # noqa: PLC0415 - the page's own way

    import_id = bring(owner, PEOPLE.encode())
    page = owner.get(f"/imports/{import_id}/columns").text
    assert 'name="drop_bad_cells"' in page
    check(owner, importer, import_id, drop_bad_cells="on")
    review = owner.get(f"/imports/{import_id}/review").text
    assert "2 people come" in review
    assert "in without the e-mail that the file gave" in review
    listed = f"/imports/{import_id}/problems?code=cell_dropped"
    assert owner.get(listed).text.count("In without this cell") == 3
    owner.post(f"/imports/{import_id}/problems/3", {"cell-3": "bruno@example.com"}, at=listed)
    assert owner.get(listed).text.count("In without this cell") == 2
    assert "1 person comes" in owner.get(f"/imports/{import_id}/review").text


def test_words_for_nothing_are_counted_and_switched_by_column(owner_program):
    body = (
        HEADER
        + "1,Null,-,info@example.com,N/A,\n"
        + "".join(f"{n},Ann,Ash,info@example.com,,n/a\n" for n in (2, 3))
    )
    import_id = owner_program.ready(body.encode())
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert found["read_as_blank"] == [
        {"column": 2, "value": "-", "cells": 1},
        {"column": 4, "value": "N/A", "cells": 1},
        {"column": 5, "value": "n/a", "cells": 2},
    ]
    assert found["repeated_values"] == [{"column": 3, "value": "info@example.com", "cells": 3}]
    assert found["warnings"] == {"word_in_name": 1, "value_repeated": 3}
    assert (found["options"]["blank_words"], found["options"]["keep_words"]) == (None, [])

    import_id = owner_program.ready(body.encode(), blank_words=[], keep_words=[])
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert (found["read_as_blank"], found["options"]["blank_words"]) == ([], [])
    import_id = owner_program.ready(body.encode(), blank_words=["N/A", "-"], keep_words=[5])
    found = owner_program.ask("GET", f"/imports/{import_id}").json
    assert [told["column"] for told in found["read_as_blank"]] == [2, 4]
    assert found["options"]["keep_words"] == [5]


CLUB = (
    "First name,Last name,Email,Notes\nWilma,Ort,wilma@example.com,likes tea\nand biscuits\n"
    "Bruno,Berg,bruno@example.com,\nMadonna\n\nMembers of the club\nConfidential\nOrt Association\n"
)


def test_a_program_takes_a_line_in(owner_program):
    program = owner_program
    import_id = program.ready(CLUB.encode())
    found = program.ask("GET", f"/imports/{import_id}").json
    assert found["warnings"] == {
        "not_a_contact": 3,
        "continues_row": 1,
        "lines_joined": 1,
        "only_a_name": 1,
    }
    program.ask("POST", f"/imports/{import_id}/rows/777/include", 404)
    found = program.ask("POST", f"/imports/{import_id}/rows/9/include").json
    assert (found["state"], found["warnings"]["not_a_contact"]) == ("ready", 2)
    assert (
        program.ask("POST", f"/imports/{import_id}/rows/3/include").json["state"] == "checking"
    )
    jobs.work(import_id)
    program.execute(import_id, skip_errors=False)
    jobs.work(import_id)
    rows = program.ask("GET", f"/imports/{import_id}/rows").json["items"]
    told = {row["row"]: (row["outcome"], row["code"]) for row in rows}
    assert told[3] == told[9] == ("created", None)
    assert told[7] == ("left_out", "not_a_contact")
    assert "Include it" in rows[-3]["message"]
    # For a second run, a line may be taken in afterwards; a row that is in may not.
    program.ask("POST", f"/imports/{import_id}/rows/7/include")
    program.ask("POST", f"/imports/{import_id}/rows/3/include", 409)
    report = program.ask("GET", f"/imports/{import_id}/report.csv").data.decode("utf-8-sig")
    lines = {line[0]: line for line in csv.reader(io.StringIO(report))}
    assert lines["7"][1:4] == ["left_out", "", "not_a_contact"]
