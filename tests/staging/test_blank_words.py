"""Placeholders on their way: counted over blocks, told by pages, API and reports, switched off
for a column.
"""

import pytest

from tests.harness.imports import table
from tests.web.test_pages import bring, check
from webapp.imports import import_commands, leases
from webapp.models import Contact, ContactImport
from webapp.reading.readers import Limits
from webapp.reports import exports, pdf, summary
from webapp.staging.check import check_slice
from webapp.staging.staged_rows import BLOCK_ROWS

COUNT = 2 * BLOCK_ROWS + 10
ROWS = [
    f"{n},{'info' if n % 3 else f'p{n}'}@example.com,Ann,Ash,{'N/A' if n % 2 else 'Acme'},,"
    for n in range(1, COUNT + 1)
]


def test_counts_go_on_over_blocks_and_a_check_that_was_stopped(importer, session, conn):
    found = importer.upload(table(*ROWS))
    import_commands.map_columns(session, found.id, found.suggested_mapping)
    session.commit()
    lease = leases.claim(conn, found.id, 15)
    slices = 1
    while not check_slice(conn, lease, Limits(), lambda: True):
        slices += 1
    session.expire_all()
    assert slices > 1
    assert found.check_summary["columns"] == [
        {"code": "value_repeated", "column": 1, "value": "info@example.com", "cells": 1340},
        {"code": "read_as_blank", "column": 4, "value": "N/A", "cells": COUNT // 2},
    ]
    assert summary.warnings_of(found)["value_repeated"] == 1340


PEOPLE = (
    "ID,Name,Email,Company,Diet\n"
    "1,Wilma Ort,info@example.com,N/A,none\n"
    "2,Bruno Ort,info@example.com,-,none\n"
    "3,Carla Ort,info@example.com,Acme,vegan\n"
    "4,Null,dora@example.com,#REF!,vegan\n"
)


def test_the_review_says_what_was_read_as_blank_and_lets_it_be_kept(owner, importer, session):
    import_id = bring(owner, PEOPLE.encode())
    columns = owner.get(f"/imports/{import_id}/columns").text
    assert columns.count('name="keep_words"') == 2
    check(owner, importer, import_id)
    review = owner.get(f"/imports/{import_id}/review").text
    for words in (
        "3 cells",
        "2 cells",
        "Diet: “none”, read as blank",
        "“none”",
        "“info@example.com”",
    ):
        assert words in review
    owner.post(f"/imports/{import_id}/words", {"keep": "4"}, at=f"/imports/{import_id}/review")
    importer.work(import_id)
    owner.post(
        f"/imports/{import_id}/words", {"blank": "2"}, at=f"/imports/{import_id}/review"
    )
    importer.work(import_id)
    importer.work(import_id)
    review = owner.get(f"/imports/{import_id}/review").text
    assert "Diet: “" not in review
    assert "more than half" not in review
    owner.post(f"/imports/{import_id}/execute", {"duplicate_strategy": "skip"})
    importer.work(import_id)
    people = session.query(Contact).order_by(Contact.external_id).all()
    assert [(p.email, p.company, p.custom) for p in people] == [
        (None, None, {"Diet": "none"}),
        (None, None, {"Diet": "none"}),
        (None, "Acme", {"Diet": "vegan"}),
        ("dora@example.com", None, {"Diet": "vegan"}),
    ]
    assert "1 cell said “N/A” and" in " ".join(
        owner.get(f"/imports/{import_id}/report").text.split()
    )
    page = " ".join(pdf.page(session, import_id).split())
    for words in ("3 cells said “info@example.com”", "was read as blank", "kept in: Diet"):
        assert words in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, None),
        ({"keep_all_words": "on"}, []),
        ({"keep_all_words": "on", "more_words": "tbd"}, ["tbd"]),
    ],
)
def test_the_form_says_which_words(owner, importer, session, typed, kept):
    import_id = bring(owner, PEOPLE.encode())
    check(owner, importer, import_id, **typed)
    found = session.get_one(ContactImport, import_id)
    assert (found.blank_words, found.keep_words) == (kept, [])
    page = owner.get(f"/imports/{import_id}/columns").text
    box = page.partition('id="keepall"')[2].partition(">")[0]
    assert ("checked" in box) == (kept is not None)


def test_own_words_come_beside_the_usual_ones(owner, importer, session):
    import_id = bring(owner, PEOPLE.encode())
    check(owner, importer, import_id, more_words="vegan, tbd", keep_words="3")
    found = session.get_one(ContactImport, import_id)
    assert (found.blank_words[-2:], found.keep_words) == (["vegan", "tbd"], [3])
    assert 'value="vegan, tbd"' in owner.get(f"/imports/{import_id}/columns").text
    assert {t["value"] for t in summary.told_of_columns(found, "read_as_blank")} == {
        "none",
        "vegan",
    }


def test_an_import_that_is_run_again_has_the_same_choices(importer, session):
    done = importer.run(PEOPLE, blank_words=["acme"], keep_words=[4], drop_bad_cells=True)
    importer.undo(done.id)
    again = import_commands.run_again(session, done.id, done.created_by)
    assert import_commands.choices_of(again) == import_commands.choices_of(done)


def test_a_typed_word_is_what_the_person_means(importer, session, owner):
    importer.run(PEOPLE)
    wilma = session.query(Contact).filter_by(external_id="1").one()
    page = f"/contacts/{wilma.id}"
    owner.post(page, {"version": str(wilma.version), "company": "None"}, at=page)
    session.expire_all()
    assert wilma.company == "None"


def test_rows_tell_of_a_word_in_a_name(importer, session):
    done = importer.run(PEOPLE)
    report = b"".join(exports.report_csv(session, done.id)).decode()
    assert "word_in_name (“Null”)" in report
