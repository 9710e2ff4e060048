"""A contact and the whole book as they were when an earlier day ended: pages, files, programs."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from webapp.contacts import exporting
from webapp.models import Contact
from webapp.retention import erasure


def moved(session, days: int) -> None:
    """All that happened until now happened so many days earlier."""
    for table, columns in {
        "contacts": ["created_at", "updated_at"],
        "contact_changes": ["at", "undone_at"],
    }.items():
        sets = ", ".join(f"{one} = {one} - make_interval(days => :days)" for one in columns)
        session.execute(text(f"UPDATE {table} SET {sets}"), {"days": days})
    session.execute(
        text(
            """UPDATE contact_changes SET before = jsonb_set(before, '{(created_at)}',
                 to_jsonb((before ->> '(created_at)')::timestamptz - make_interval(days => :days)))
               WHERE before ? '(created_at)'"""
        ),
        {"days": days},
    )
    session.commit()


FIRST = """ID,Email,Email 2,First name,Company,Tags,Shoe size
1,ann@example.com,ann@home.example,Ann,Acme,"vip, old",39
2,bob@example.com,,Bob,Beta,,
3,cleo@example.com,,Cleo,,,
4,dan@example.com,,Dan,Delta,,
"""


@pytest.fixture
def days(session, importer, owner, people):
    """The moments at which three days ended, and what the book was then."""
    importer.user_id = people["owner"]
    importer.run(FIRST)
    ann, bob, _, dan = session.scalars(select(Contact).order_by(Contact.id)).all()
    second = importer.run(
        "ID,Email,First name,Company,Glove\n1,,Ann,Newer,7\n5,eve@example.com,Eve,,8\n",
        "update",
    )
    moved(session, 2)
    owner.post(f"/contacts/{bob.id}/delete", {"version": "1"}, at="/contacts")
    owner.post(f"/contacts/{ann.id}", {"version": "2", "city": "Oslo"}, at="/contacts")
    moved(session, 2)
    importer.undo(second.id)
    owner.post(f"/contacts/{dan.id}", {"version": "1", "company": ""}, at="/contacts")
    return datetime.now(UTC).date()


def csv_on(viewer, day) -> dict[str, dict[str, str]]:
    data = viewer.get(f"/contacts/export.csv?day={day}").data.decode("utf-8-sig")
    return {row["First name"]: row for row in csv.DictReader(io.StringIO(data, newline=""))}


def test_the_book_of_a_day_is_a_file(viewer, owner_program, days, monkeypatch):
    monkeypatch.setattr(exporting, "EXPORT_PAGE_ROWS", 2)
    ago = {count: f"{days - timedelta(days=count)}" for count in (5, 4, 3, 2, 1, 0)}
    assert csv_on(viewer, ago[5]) == {}

    first = csv_on(viewer, ago[4])
    assert list(first) == ["Ann", "Bob", "Cleo", "Dan", "Eve"]
    assert (first["Ann"]["Company"], first["Ann"]["Glove"]) == ("Newer", "7")
    assert (first["Ann"]["City"], first["Ann"]["E-mail 2"]) == ("", "ann@home.example")
    assert (first["Eve"]["Glove"], first["Eve"]["E-mail"]) == ("8", "eve@example.com")
    assert csv_on(viewer, ago[3]) == first

    second = csv_on(viewer, ago[2])
    assert list(second) == ["Ann", "Cleo", "Dan", "Eve"]
    assert (second["Ann"]["City"], second["Ann"]["Company"]) == ("Oslo", "Newer")
    assert second["Dan"]["Company"] == "Delta"

    now = csv_on(viewer, ago[0])
    assert list(now) == ["Ann", "Cleo", "Dan"]
    assert (now["Ann"]["Company"], now["Dan"]["Company"]) == ("Acme", "")
    answer = viewer.get(f"/contacts/export.vcf?day={ago[4]}")
    assert answer.text.count("BEGIN:VCARD") == 5
    assert f"rowcall-contacts-as-of-{ago[4]}.vcf" in answer.headers["Content-Disposition"]
    assert owner_program.ask("GET", f"/contacts/export.xlsx?day={ago[4]}").data[:2] == b"PK"


def test_a_contact_of_a_day_on_its_card_and_to_a_program(viewer, owner_program, days):
    first, second = days - timedelta(days=4), days - timedelta(days=2)
    page = viewer.get(f"/contacts/1/past?day={first}").text
    assert "Newer" in page
    assert "Oslo" not in page
    assert "As it is now" in page
    assert "Oslo" in viewer.get(f"/contacts/1/past?day={second}").text

    bob = owner_program.ask("GET", f"/contacts/2/past?day={first}").json
    assert (bob["first_name"], bob["company"], bob["day"]) == ("Bob", "Beta", f"{first}")
    owner_program.ask("GET", f"/contacts/2/past?day={second}", 404)
    assert "was not in the book" in viewer.get(f"/contacts/2/past?day={second}", 404).text
    assert "Bob" in viewer.get(f"/contacts/2/past?day={first}").text
    owner_program.ask("GET", f"/contacts/77/past?day={first}", 404)

    for far in (days - timedelta(days=31), days + timedelta(days=1)):
        refusal = owner_program.ask("GET", f"/contacts/1/past?day={far}", 422).json
        assert refusal["code"] == "day_not_kept"
        assert (
            "That day cannot be shown" in viewer.get(f"/contacts/1/past?day={far}", 422).text
        )
        owner_program.ask("GET", f"/contacts/export.csv?day={far}", 422)
    for wrong in ("x", "2026-02-30", "20261128"):
        owner_program.ask("GET", f"/contacts/1/past?day={wrong}", 422)
    alone = owner_program.ask("GET", f"/contacts/export.csv?day={first}&q=ann", 422).json
    assert alone["code"] == "day_alone"


def test_an_erased_person_was_in_no_book(viewer, owner, days, session):
    first = days - timedelta(days=4)
    assert {"Ann", "Bob"} <= set(csv_on(viewer, first))
    session.execute(text("DELETE FROM contact_changes WHERE contact_id = 2"))
    erasure.erase(session, 1)
    session.commit()
    assert set(csv_on(viewer, first)) == {"Cleo", "Dan", "Eve"}
    viewer.get(f"/contacts/1/past?day={first}", 404)
