"""Lines that are not contacts on their way: staged, kept together over blocks, told, and taken
in.
"""

import re

from sqlalchemy import text

from tests.web.test_pages import bring, check
from webapp.imports import import_commands, leases
from webapp.models import Contact
from webapp.reading.readers import Limits
from webapp.reports import summary
from webapp.staging.check import check_slice
from webapp.staging.staged_rows import BLOCK_ROWS

HEADER = "First name,Last name,Email,Notes\n"
CLUB = (
    HEADER
    + "Wilma,Ort,wilma@example.com,likes tea\nand biscuits\nBruno,Berg,bruno@example.com,\n"
    "Madonna\n\nMembers of the club\nConfidential - do not distribute\nOrt Association\n"
)


def staged(session, import_id) -> list:
    rows = """SELECT row, status, first_name, notes, problems -> 0 ->> 'code', record
        FROM contact_import_rows WHERE import_id = :id ORDER BY row"""
    return [tuple(row) for row in session.execute(text(rows), {"id": import_id})]


def ledger(session, import_id) -> dict:
    rows = (
        """SELECT row, outcome::text, code FROM contact_import_results WHERE import_id = :id"""
    )
    return {
        row.row: (row.outcome, row.code)
        for row in session.execute(text(rows), {"id": import_id})
    }


def test_they_are_left_out_and_stop_no_run(importer, session):
    done = importer.run(CLUB, skip_errors=False)
    assert done.state == "completed"
    assert ledger(session, done.id) == {
        2: ("created", None),
        3: ("left_out", "continues_row"),
        4: ("created", None),
        5: ("created", None),
        7: ("left_out", "not_a_contact"),
        8: ("left_out", "not_a_contact"),
        9: ("left_out", "not_a_contact"),
    }
    wilma = session.query(Contact).filter_by(first_name="Wilma").one()
    assert wilma.notes == "likes tea\nand biscuits"
    assert summary.report(session, done.id).headline == "All 3 contacts are in."


def test_in_any_blocks_it_comes_to_the_same(importer, session, conn):
    """Wherever a block ends, a line stays with the row above it."""
    filler = "".join(f"Ann,Ash,a{n}@example.com,\n" for n in range(BLOCK_ROWS - 1))
    body = (
        "Wilma,Ort,wilma@example.com,likes tea\nand biscuits\n" * 2
        + "Bruno,Berg,b@example.com,\n"
    )
    found = importer.upload(HEADER + filler + body)
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    lease = leases.claim(conn, found.id, 15)
    sizes = []
    while not check_slice(conn, lease, Limits(), lambda: True):
        session.expire_all()
        sizes.append(len(staged(session, found.id)))
    assert sizes[0] == BLOCK_ROWS + 1
    last = staged(session, found.id)[-5:]
    assert [(row[1], row[3], row[4]) for row in last] == [
        ("valid", "likes tea\nand biscuits", "lines_joined"),
        ("left_out", None, "continues_row"),
        ("valid", "likes tea\nand biscuits", "lines_joined"),
        ("left_out", None, "continues_row"),
        ("valid", None, None),
    ]


def test_rows_go_on_with_a_row_of_another_block(importer, session):
    header = "ID,Name,Email ID (Email IDs),Is Primary (Email IDs)\n"
    people = "".join(f"{n},Ann,a{n}@example.com,1\n" for n in range(1, BLOCK_ROWS + 1))
    found = importer.check(header + people + ",,b@example.com,0\n")
    assert staged(session, found.id)[-1][1:5] == ("left_out", None, None, "continues_row")
    shown = session.execute(
        text(
            "SELECT problems -> 0 ->> 'value' FROM contact_import_rows WHERE import_id = :id AND row = :row"
        ),
        {"id": found.id, "row": BLOCK_ROWS + 2},
    ).scalar_one()
    assert shown == str(BLOCK_ROWS + 1)


def test_a_person_takes_a_line_in(owner, importer, session):
    import_id = bring(owner, CLUB.encode())
    check(owner, importer, import_id)
    review = owner.get(f"/imports/{import_id}/review").text
    for words in (
        "no contacts are left out",
        "Members of the club",
        "Ort Association",
        "Include it",
    ):
        assert words in review
    listed = f"/imports/{import_id}/problems?code=not_a_contact"
    assert len(re.findall(r"No contact\s*</span>", owner.get(listed).text)) == 3
    owner.post(f"/imports/{import_id}/problems/9/take", {}, at=f"/imports/{import_id}/review")
    rows = {row[0]: row for row in staged(session, import_id)}
    assert rows[9][1:3] == ("valid", "Ort Association")
    assert len(re.findall(r"No contact\s*</span>", owner.get(listed).text)) == 2

    # The text of this one was added to the row above, which does without it then.
    owner.post(f"/imports/{import_id}/problems/3/take", {}, at=f"/imports/{import_id}/review")
    importer.work(import_id)
    importer.work(import_id)
    rows = {row[0]: row for row in staged(session, import_id)}
    assert (rows[2][3], rows[3][1:3], rows[9][1]) == (
        "likes tea",
        ("valid", "and biscuits"),
        "valid",
    )


def test_a_row_below_which_a_line_was_joined_can_be_corrected(owner, importer, session):
    import_id = bring(
        owner, (HEADER + "Wilma,Ort,wilma at,likes tea\nand biscuits\n").encode()
    )
    check(owner, importer, import_id)
    page = f"/imports/{import_id}/problems"
    assert "and biscuits" in owner.get(page).text
    owner.post(f"{page}/2", {"cell-2": "wilma@example.com"}, at=page)
    assert staged(session, import_id)[0][1:4] == ("valid", "Wilma", "likes tea\nand biscuits")
    check(owner, importer, import_id)
    assert staged(session, import_id)[0][1:4] == ("valid", "Wilma", "likes tea\nand biscuits")
    assert staged(session, import_id)[1][1] == "left_out"


def test_a_line_that_goes_on_names_its_row(importer, session):
    done = importer.run(CLUB)
    row = session.execute(
        text("SELECT problems FROM contact_import_rows WHERE import_id = :id AND row = 3"),
        {"id": done.id},
    ).scalar_one()[0]
    assert (row["code"], row["value"]) == ("continues_row", "2")
