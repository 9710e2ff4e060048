"""The list of cells to fix: what costs least comes first, each place stays, any page costs the
same.
"""

import json
import uuid

from sqlalchemy import text

from tests.harness.imports import table
from webapp import db
from webapp.db import driver
from webapp.models import ContactImport
from webapp.staging import corrections, problem_list
from webapp.staging.problem_list import Filter, Kind

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,jean@,Ben,,,,",
    "3,info,Cid,,,,",
    "4,info,Dan,,,,",
    "5,ed @example.com,Ed,,,,",
    "6,info,Fay,,,,",
    "7,jean@,Gus,,,,",
    "8,gil(at)example.com,Gil,,,,",
    "9,hm,Hal,,,,",
    "10,ida@gmial.com,Ida,,,,",
)


def shown(session, run, **wanted):
    page = problem_list.page(session, run, Filter(**wanted))
    return [line.row for line in page.lines]


def test_suggestions_first_then_groups_then_single_ones(importer, session):
    run = importer.check(PEOPLE)
    page = problem_list.page(session, run, Filter())
    assert [line.row for line in page.lines] == [6, 9, 4, 5, 7, 3, 8, 10]
    assert [
        (group.value, group.rows, group.code, group.column) for group in page.groups.values()
    ] == [
        ("info", 3, "email_no_at", 1),
        ("jean@", 2, "email_invalid", 1),
    ]
    first = page.lines[0]
    assert (first.name, first.faults[1].suggestion) == ("Ed", "ed@example.com")
    begin, end = first.faults[1].mark
    assert first.cells[1][begin:end] == " "
    counts = problem_list.counts(session, run)
    assert (counts.to_fix, counts.look, counts.left_out, counts.ready) == (8, 1, 0, 2)
    assert counts.columns == {1: problem_list.Tally(8, 2)}
    assert (counts.codes, counts.suggestions, counts.done) == (
        {"email_no_at": 5, "email_invalid": 3},
        2,
        0,
    )


def test_filters(importer, session):
    run = importer.check(PEOPLE)
    assert shown(session, run, kind=Kind.LOOK) == [11]
    assert shown(session, run, code="email_invalid") == [6, 3, 8]
    assert shown(session, run, column=0) == []
    assert shown(session, run, q="DA") == [5]
    assert shown(session, run, q="%") == []
    groups = problem_list.page(session, run, Filter()).groups
    info = next(number for number, group in groups.items() if group.value == "info")
    assert shown(session, run, group=info) == [4, 5, 7]
    corrections.leave_out(session, run.id, 2, out=True)
    corrections.leave_out(session, run.id, 10, out=True)
    assert sorted(shown(session, run, kind=Kind.LEFT_OUT)) == [2, 10]


def test_a_row_stands_once_in_a_list_though_two_cells_have_the_same_problem(importer, session):
    people = "ID,Email,Birthday\n1,ann at,soon\n2,ben@example.com,later\n"
    run = importer.check(people, drop_bad_cells=True)
    found = problem_list.page(session, run, Filter(code="cell_dropped"), limit=50)
    assert [(line.row, line.column) for line in found.lines] == [(2, 1), (3, 2)]
    corrections.correct(session, run.id, 2, {1: "ann@example.com"})
    found = problem_list.page(session, run, Filter(code="cell_dropped"))
    assert [(line.row, line.column) for line in found.lines] == [(2, 2), (3, 2)]


def test_pages_go_on_where_they_ended(importer, session):
    run = importer.check(PEOPLE)
    rows, after = [], ""
    while True:
        page = problem_list.page(session, run, Filter(), after, limit=3)
        rows += [line.row for line in page.lines]
        if page.next is None:
            break
        after = page.next
    assert rows == [6, 9, 4, 5, 7, 3, 8, 10]
    # What is fixed leaves the list, and what is still wrong keeps its place in it.
    corrections.correct(session, run.id, 5, {1: "dan@example.com"})
    corrections.correct(session, run.id, 4, {1: "still wrong"})
    assert shown(session, run) == [6, 9, 7, 4, 3, 8, 10]
    groups = problem_list.page(session, run, Filter()).groups
    assert [group.rows for group in groups.values()] == [2]
    counts = problem_list.counts(session, run)
    assert (counts.to_fix, counts.done) == (7, 1)
    line = problem_list.line(session, run, 4)
    assert (line.was, line.changed.act) == ({1: "info"}, 2)


def test_odd_cursors_begin_at_the_top(importer, session):
    run = importer.check(PEOPLE)
    for after in ("x", "1", "-1.2", "1.2.3", "\u0663.1", "9" * 40 + ".1"):
        problem_list.page(session, run, Filter(), after)


def many(conn, session, owner, rows):
    """An import of so many rows to fix: a tenth has a suggestion, half say one of a hundred."""
    import_id = uuid.uuid4()
    session.add(
        ContactImport(
            id=import_id, created_by=owner, state="ready", filename="p.csv", size_bytes=1,
            sha256="0", format="csv", header_row=1, columns=["Email"], sample=[],
            suggested_mapping=["email"], mapping=["email"], total=rows,
        )
    )  # fmt: skip
    session.commit()
    conn.execute(
        """INSERT INTO contact_import_rows (import_id, row, status, problems, record)
           SELECT %s, n, 'invalid', jsonb_build_array(jsonb_build_object('code',
             CASE WHEN n %% 1000 = 7 THEN 'rare' ELSE 'email_no_at' END, 'column', 0,
             'field', 'email', 'severity', 'error', 'value', said)
             || CASE WHEN n %% 10 = 0 THEN '{"suggestion": "x"}'::jsonb ELSE '{}' END),
             ARRAY[said]
           FROM generate_series(1, %s) n, LATERAL (
             SELECT CASE WHEN n %% 2 = 0 THEN 'value ' || n %% 200 ELSE 'own ' || n END) v(said)""",
        (import_id, rows),
    )
    conn.commit()
    return session.get_one(ContactImport, import_id)


def touched(session, run, wanted, after):
    """How many blocks of tables and indexes a page reads, and whether it sorts."""
    group, number = problem_list.parsed_cursor(after)
    asked = {"import_id": run.id, "group_after": group, "after": number, "limit": 51}
    asked |= {"chars": 2**20, **wanted.parameters()}
    statement = problem_list.fill(problem_list.SQL.page, filtered=wanted.condition())
    with db.planned(session, **problem_list.IN_ORDER):
        found = driver(session).execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", asked
        )
        plan = found.fetchone()[0]
    top = plan[0]["Plan"]
    assert top["Actual Rows"] > 0
    assert '"Sort Key": ["l.' not in json.dumps(plan)
    return top["Shared Hit Blocks"] + top["Shared Read Blocks"]


def test_a_page_of_a_hundred_thousand_costs_what_one_of_a_few_does(session, conn, someone):
    run = many(conn, session, someone, 100_000)
    first = problem_list.page(session, run, Filter())
    session.commit()
    assert [line.row for line in first.lines[:3]] == [10, 20, 30]
    counts = problem_list.counts(session, run)
    assert (counts.to_fix, counts.suggestions, counts.columns[0].rows) == (
        100_000,
        10_000,
        100_000,
    )
    far = session.scalar(
        text("""SELECT "group" || '.' || number FROM contact_import_listed_cells
                WHERE number = 90000""")
    )
    for wanted in (Filter(), Filter(column=0), Filter(code="email_no_at")):
        for after in ("", far):
            assert touched(session, run, wanted, after) < 51 * 12, (wanted, after)
    assert touched(session, run, Filter(code="rare"), "") < 51 * 12
