"""The plan as a page: before the run every row as it would be, and afterwards as it was planned."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.web.test_pages import bring, check
from webapp.models import Contact

HEAD = "ID,Email,First name,Company,Tags,Shoe size\n"
THERE = HEAD + "1,ann@example.com,Ann,Acme,vip,40\n"
FILE = (
    HEAD
    + "1,ann@example.com,Anna,,new,41\n2,ben@example.com,Ben,,,\n2,,,Brass,,\n,nowhere,Cid,,,\n"
)


def bring_and_check(browser, importer, file: str) -> str:
    import_id = bring(browser, file.encode())
    check(browser, importer, import_id)
    importer.work(UUID(import_id))
    return import_id


@pytest.fixture
def ready(owner, importer):
    first = bring_and_check(owner, importer, THERE)
    owner.post(f"/imports/{first}/execute", {"duplicate_strategy": "skip"})
    importer.work(UUID(first))
    return bring_and_check(owner, importer, FILE)


def rows_of(page: str) -> dict[int, str]:
    """By row, the text of its line as a wide window shows it, without the disc."""
    page = re.sub(r'<span class="(?:disc [^"]*|slim)".*?</span>', "", page, flags=re.DOTALL)
    found = re.findall(r'<tr id="row-(\d+)">(.*?)</tr>', page, re.DOTALL)
    return {int(row): " ".join(re.sub(r"<[^>]*>", " ", cells).split()) for row, cells in found}


def test_every_row_is_shown_as_it_would_be(owner, ready):
    review = owner.get(f"/imports/{ready}/review").text
    assert "See all 4 rows" in review
    (address,) = set(re.findall(r'href="([^"]*/plan\?duplicate_strategy=update)"', review))
    page = owner.get(address).text
    assert rows_of(page) == {
        2: "2 Anna Your contact: Ann Updated 2 fields changed, tags added"
        " First name Ann Anna Tags vip new Shoe size 40 41",
        3: "3 Ben Created New contact",
        4: "4 2 Brass Updated Repeats row 3, 1 field filled Company Brass",
        5: "5 Cid To fix E-mail nowhere",
    }
    assert "<del>Ann</del>" in page
    assert rows_of(owner.get(f"{address}&outcome=created").text).keys() == {3}
    assert rows_of(owner.get(f"{address}&row=4").text).keys() == {4, 5}
    merged = rows_of(owner.get(f"/imports/{ready}/plan?duplicate_strategy=merge").text)
    assert merged[2] == "2 Anna Your contact: Ann Merged tags added Tags vip vip, new"


def test_the_download_of_the_page_is_the_plan(owner, ready):
    page = owner.get(f"/imports/{ready}/plan?duplicate_strategy=update").text
    (address,) = re.findall(r'href="([^"]*/plan\.csv[^"]*)"', page)
    answer = owner.client.get(address)
    assert answer.headers["Content-Disposition"].startswith(
        'attachment; filename="rowcall-plan-'
    )
    (digest,) = re.findall(r'<code title="([0-9a-f]{64})">', page)
    assert answer.headers["ETag"] == f'"{digest}"'


def test_a_page_of_fifty_and_the_next(owner, importer):
    import_id = bring_and_check(
        owner, importer, HEAD + "".join(f"{n},p{n}@example.com,P,,,\n" for n in range(60))
    )
    page = owner.get(f"/imports/{import_id}/plan").text
    assert [*rows_of(page)] == [*range(2, 52)]
    (following,) = re.findall(r'href="([^"]*after=51[^"]*)"', page)
    assert [*rows_of(owner.get(following.replace("&amp;", "&")).text)] == [*range(52, 62)]


def test_what_is_not_there_is_said(owner, importer, ready, session):
    waits = owner.get(f"/imports/{ready}/plan?duplicate_strategy=update&only_update=on").text
    assert "Working out what would happen." in waits
    csv_of = owner.client.get(
        f"/imports/{ready}/plan.csv?duplicate_strategy=update&only_update=on"
    )
    assert csv_of.status_code == 302
    importer.work(UUID(ready))
    shown = owner.get(f"/imports/{ready}/plan?duplicate_strategy=update&only_update=on").text
    assert rows_of(shown)[3] == "3 Ben New person skipped Left out, as asked"
    none = owner.get(f"/imports/{ready}/plan?duplicate_strategy=update&outcome=failed").text
    assert "No rows found." in none

    owner.post(
        f"/imports/{ready}/execute", {"duplicate_strategy": "update", "hold_other_names": "on"}
    )
    importer.work(UUID(ready))
    assert "There is no plan of this." in owner.get(f"/imports/{ready}/plan").text
    assert "Not previewed" in owner.get(f"/imports/{ready}/report").text


def test_the_report_says_whether_it_came_out_so(owner, importer, ready, session):
    ann = session.scalars(select(Contact)).one()
    session.execute(
        text("UPDATE contacts SET first_name = 'Anna' WHERE id = :id"), {"id": ann.id}
    )
    session.commit()
    owner.post(f"/imports/{ready}/execute", {"duplicate_strategy": "update"})
    importer.work(UUID(ready))
    report = owner.get(f"/imports/{ready}/report").text
    assert "1 row came out differently than planned" in report
    assert "Digest of the plan" in report
    differing = owner.get(f"/imports/{ready}/rows?differing=1").text
    assert f"(planned: updated, contact {ann.id}: First name, Tags, Shoe size)" in " ".join(
        differing.split()
    )

    again = bring_and_check(owner, importer, FILE)
    owner.post(f"/imports/{again}/execute", {"duplicate_strategy": "update"})
    importer.work(UUID(again))
    assert (
        "As planned: every row came out as the preview said."
        in owner.get(f"/imports/{again}/report").text
    )
    assert "What was planned, row by row" in owner.get(f"/imports/{again}/plan").text
