"""The ledger as CSV: every row with its cells as they were, safe in a spreadsheet, in constant
memory.
"""

import csv
import io
import tracemalloc

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from tests.reading.test_formulas import runs
from tests.reports import naughty
from webapp.db import driver
from webapp.reports import exports, ledger, row_search

MEBIBYTE = 1024 * 1024


def read(chunks) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))


def test_the_naughtiest_cells_are_text(importer, session):
    csv.field_size_limit(1_000_000)
    with naughty.listener() as (address, calls):
        done = importer.run(naughty.table(address))
        report, rejected = (
            read(made(session, done.id)) for made in (exports.report_csv, exports.rejected_csv)
        )
        cells = naughty.cells(address)
    assert len(report) == 2 * len(cells) + 1
    assert b"".join(exports.report_csv(session, done.id)).startswith(exports.BOM)
    for line in (*report, *rejected):
        assert not [cell for cell in line if runs(cell)]
    shown = {cell for line in report for cell in line}
    for cell in cells:
        assert (exports.safe(cell.strip()) in shown) or (exports.safe(cell) in shown), cell[
            :60
        ]
    assert report[0][-1] == "'=cmd|' /C calc'!A0"
    assert not calls
    row_search.unknown(session, done)
    found = ledger.rows(session, done.id, search="Zoë")
    assert [row.outcome for row in found] == ["created", "invalid"]


# Written out, since a list taken from the program would shrink with it.
@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62"]
)
def test_each_sign_that_begins_a_formula_is_quoted(sign):
    assert exports.safe(sign + "x") == "'" + sign + "x"
    assert exports.safe(sign) == "'" + sign
    assert exports.safe("x" + sign) == "x" + sign
    assert exports.safe(f" {sign}x") == f" '{sign}x"
    assert exports.safe(f"x;{sign}1;y") == f"x;'{sign}1;y"


@pytest.mark.parametrize("control", ["\t", "\r", "\n", "\0"])
def test_a_control_character_at_the_start_is_quoted(control):
    assert exports.safe(control + "x") == "'" + control + "x"


def test_each_list_is_safe_where_semicolons_separate_and_comes_back_as_it_was(
    importer, session
):
    """Excel splits a line at the system's separator, and then heeds no quotation marks in its
    middle.
    """
    company = [
        "x;=1+1;y",
        " =1+1",
        "\ufe661+1",
        'a;"=1+1;b"',
        "two\n@SUM(1)",
        "'=quoted",
        "a;'-b",
        "plain; text",
    ]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["Email", "Company", "Notes"])
    writer.writerows([f"p{n}@example.com", cell, cell] for n, cell in enumerate(company))
    done = importer.run(stream.getvalue())
    kept = "SELECT email, company, notes FROM contacts ORDER BY email"
    before = session.execute(text(kept)).all()
    report = b"".join(exports.report_csv(session, done.id)).decode("utf-8-sig")
    for line in csv.reader(
        io.StringIO(report, newline=""), delimiter=";", quoting=csv.QUOTE_NONE
    ):
        assert not [cell for cell in line if runs(cell)], line
    session.execute(text("TRUNCATE contacts"))
    session.commit()
    importer.run(report)
    assert session.execute(text(kept)).all() == before


def test_accents_and_columns_come_back_whole(importer, session):
    done = importer.run(table("1,zoë@exämple.de,Zoë,Škoda Größe,株式会社,naïve,39"))
    (row,) = read(exports.report_csv(session, done.id))[1:]
    assert row[:2] == ["2", "created"]
    assert row[5:] == ["1", "zoë@exämple.de", "Zoë", "Škoda Größe", "株式会社", "naïve", "39"]


def test_each_entry_is_looked_up_whatever_the_planner_thinks(importer, session):
    done = importer.run(
        table(*(f"{n},p{n}@example.com,P{n},L{n},Acme,," for n in range(2_000))),
        batch_size=1000,
    )
    session.execute(
        text("SET LOCAL enable_nestloop = off")
    )  # It may lean towards any other join.
    for query in (exports.SQL.every_row, exports.SQL.rejected):
        asked = {"id": done.id, "after": 0, "rows": 500, "chars": 10_000, "with_cells": False}
        page = driver(session).execute(f"EXPLAIN {query}", asked)
        plan = "\n".join(line for (line,) in page)
        assert 'AND ("row" = r."row")' in plan, plan


def test_memory_does_not_grow_with_the_file(importer, session):
    peaks = []
    for rows in (1_000, 20_000):
        session.execute(text("TRUNCATE contacts"))
        session.commit()
        people = table(*(f"{n},p{n}@example.com,{'N' * 60},L{n},Acme,," for n in range(rows)))
        done = importer.run(people, batch_size=1000)
        session.expire_all()
        tracemalloc.start()
        lines = sum(chunk.count(b"\n") for chunk in exports.report_csv(session, done.id))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert lines == rows + 1
    assert peaks[1] < peaks[0] + 6 * MEBIBYTE


def test_rows_are_found_by_outcome_number_and_text(importer, session):
    done = importer.run(
        table(*(f"{n},p{n}@example.com,Name{n},,,," for n in range(30)), "x,nobody,Lost,,,,")
    )
    assert [row.row for row in ledger.rows(session, done.id, after=30)] == [31, 32]
    row_search.unknown(session, done)
    (found,) = ledger.rows(session, done.id, search="name17")
    assert (found.row, found.who, found.outcome) == (19, "Name17", "created")
    assert [
        row.row for row in ledger.rows(session, done.id, outcome="invalid", code="email_no_at")
    ] == [32]
    assert ledger.rows(session, done.id, search="100%") == []
    session.execute(
        text("DELETE FROM contact_import_results WHERE import_id = :id AND row > 30"),
        {"id": done.id},
    )
    assert [row.row for row in ledger.rows(session, done.id, outcome="not_processed")] == [
        31,
        32,
    ]
