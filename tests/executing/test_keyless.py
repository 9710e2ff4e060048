"""Rows without e-mail, phone and ID: whom they belong to."""

import psycopg
import pytest
from sqlalchemy import select, text, update

from webapp import db, folding, jobs
from webapp.contacts import journal
from webapp.deciding import person_keys
from webapp.jobs import slices
from webapp.models import Contact, ContactImport, ImportLease, ImportPreview, ImportResult
from webapp.vocabulary.keys import PERSON

HEADER = "First name,Last name,Company,Street,Postal code,City,Birthday,Notes,Email,Phone\n"


def people(*rows: str) -> str:
    return HEADER + "\n".join(rows) + "\n"


def contacts(session) -> list[Contact]:
    return list(session.scalars(select(Contact).order_by(Contact.id)))


def outcomes(run: ContactImport) -> dict[str, int]:
    names = ("created", "updated", "merged", "unchanged", "duplicate_skipped", "conflict")
    return {name: found for name in names if (found := getattr(run, name))}


NAMES = people(
    "Ann,Lee,Acme,1 High Street,90210,Reno,1980-01-31,,,",
    "Ann,Lee,,,,,,,,",
    "Bo,,,,,,,,,",
    ",Lee,Acme,,,,,,,",
    "ÉLODIE,Straße,,,,,,,,",
)


@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_a_file_of_names_that_comes_twice_makes_nobody_twice(importer, session, strategy):
    assert outcomes(importer.run(NAMES, strategy)) == {"created": 5}
    again = importer.run(NAMES.replace("ÉLODIE", "Élodie").replace("Ann,Lee", "ANN,lee"))
    assert outcomes(again) == {"duplicate_skipped": 5}
    with_notes = importer.run(NAMES.replace(",,,\n", ",met,,\n"), strategy)
    changed = {"skip": "duplicate_skipped", "update": "updated", "merge": "merged"}[strategy]
    assert outcomes(with_notes) == {changed: 5}
    assert len(contacts(session)) == 5


@pytest.mark.parametrize(
    "other",
    [
        "Ann,Lee,Acme,1 High Street,90210,,1980-01-31,,,",
        "Ann,Lee,Acme,1 High Street,90210,Reno,,,,",
        "Ann,Lee,Acme Inc,1 High Street,90210,Reno,1980-01-31,,,",
        "Lee,Ann,Acme,1 High Street,90210,Reno,1980-01-31,,,",
    ],
    ids=["a blank is equal to a blank only", "birthday", "company", "swapped"],
)
def test_who_is_only_alike_is_somebody_new(importer, session, other):
    importer.run(people("Ann,Lee,Acme,1 High Street,90210,Reno,1980-01-31,,,"))
    assert outcomes(importer.run(people(other), "update")) == {"created": 1}


def test_a_row_with_any_key_is_found_by_its_keys_alone(importer, session):
    """By a phone as well, though nobody matches by it."""
    importer.run(people("Ann,Lee,,,,,,,,"))
    rows = people("Ann,Lee,,,,,,,ann@example.com,", "Ann,Lee,,,,,,,,+49 30 901820")
    assert outcomes(importer.run(rows, "update")) == {"created": 2}


def test_a_contact_is_found_whether_or_not_it_has_keys_by_now_and_the_lowest_of_several(
    importer, session
):
    importer.run(people("Ann,Lee,,,,,,,ann@example.com,", "Ann,Lee,,,,,,,b@example.com,"))
    first, _ = contacts(session)
    done = importer.run(people("ann ,LEE,,,,,,met in Bonn,,"), "update")
    assert outcomes(done) == {"updated": 1}
    session.refresh(first)
    assert (first.notes, first.email, first.first_name) == (
        "met in Bonn",
        "ann@example.com",
        "ann",
    )


def test_within_a_file_an_equal_row_joins_the_first(importer, session):
    run = importer.run(
        people(
            "Ann,Lee,,,,,,first,,",
            "Bo,Lee,,,,,,,,",
            "ANN,Lee,,,,,,second,,",
            "Ann,Lee,,,,,,third,,",
        ),
        "update",
        batch_size=3,
    )
    assert outcomes(run) == {"created": 2, "updated": 2}
    joined = session.scalars(
        select(ImportResult).where(ImportResult.code == "joins_row").order_by(ImportResult.row)
    )
    assert [(entry.row, entry.detail) for entry in joined] == [
        (4, {"row": 2}),
        (5, {"row": 2}),
    ]
    assert contacts(session)[0].notes == "third"


@pytest.mark.parametrize("size", [1, 100])
def test_what_an_earlier_row_makes_of_a_contact_counts(importer, session, size):
    """Row 2 gives the contact another company, so row 3 is that person, and row 4 no longer is."""
    importer.run(people("Ann,Lee,Acme,,,,,,ann@example.com,"))
    done = importer.run(
        people(
            "Ann,Lee,Zenith,,,,,,ann@example.com,",
            "Ann,Lee,Zenith,,,,,new company,,",
            "Ann,Lee,Acme,,,,,old company,,",
        ),
        "update",
        batch_size=size,
    )
    assert outcomes(done) == {"created": 1, "updated": 2}
    assert [contact.notes for contact in contacts(session)] == ["new company", "old company"]


def test_a_name_that_was_edited_or_undone_is_the_one_that_counts(importer, session):
    importer.run(people("Ann,Lee,,,,,,,,"))
    importer.run(people("Ann,Lee,,,,,,,,"))  # which makes the keys
    whom = contacts(session)[0]
    journal.edit_contact(
        session, whom.id, whom.version, {"last_name": "Roth"}, importer.user_id
    )
    session.commit()
    married = importer.run(people("Ann,Roth,,,,,,,,", "Ann,Lee,,,,,,,,"))
    assert outcomes(married) == {"created": 1, "duplicate_skipped": 1}
    importer.undo(married.id)
    assert outcomes(importer.run(people("Ann,Lee,,,,,,,,"))) == {"created": 1}


def test_the_preview_says_so_and_writes_nothing(importer, session):
    importer.run(people("Ann,Lee,,,,,,,ann@example.com,"))
    before = session.execute(text("SELECT id, version, updated_at FROM contacts")).all()
    waits = importer.check(people("Ann,Lee,,,,,,met,,", "Bo,Lee,,,,,,,,", "bo,LEE,,,,,,,,"))
    importer.work(waits.id)
    shown = session.get_one(ImportPreview, (waits.id, "update", True, False)).outcomes
    assert (
        session.execute(text("SELECT id, version, updated_at FROM contacts")).all() == before
    )
    done = importer.execute(waits.id, "update")
    assert {name: shown[name] for name in ("created", "updated", "unchanged")} == {
        "created": done.created,
        "updated": done.updated,
        "unchanged": done.unchanged,
    }
    assert (done.created, done.updated, done.unchanged) == (1, 2, 0)


def test_imports_that_hold_such_rows_run_one_at_a_time(importer, session, settings):
    waits = importer.check(people("Ann,Lee,,,,,,,,"))
    keyed = importer.check(people("Ann,Lee,,,,,,,ann@example.com,"))
    with psycopg.connect(settings.database_url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (slices.UNGUARDED_LOCK,))
        assert importer.execute(keyed.id).state == "completed"
        assert importer.execute(waits.id).state == "queued"
        assert session.get_one(ImportLease, waits.id).waiting_for == "phone"
    jobs.work(str(waits.id))
    session.expire_all()
    assert session.get_one(ContactImport, waits.id).state == "completed"


def test_keys_that_are_behind_are_made_some_at_a_time(
    importer, session, settings, monkeypatch
):
    monkeypatch.setattr(person_keys, "AT_A_TIME", 2)
    importer.run(people(*(f"Ann,Lee,,,,,,,a{n}@example.com," for n in range(5))))
    with db.connect_job(settings.database_url) as conn:
        assert not person_keys.renew(conn, lambda: True)
        assert person_keys.renew(conn, lambda: False)
    session.execute(update(Contact).where(Contact.id == 1).values(version=2))
    session.commit()
    assert outcomes(importer.run(people("Ann,Lee,,,,,,,,"))) == {"duplicate_skipped": 1}


def test_letters_and_blanks_are_folded_as_in_python(settings):
    """Every letter of the alphabets with two cases, alone and among others."""
    capitals, _ = folding.two_cases()
    words = [capitals[start : start + 7] for start in range(0, len(capitals), 7)]
    words += ["É", "E\u0301", "ΑΣ ας", "\u0130stanbul \u0131l\u0131k", "a \u00a0 b", "x\ty\nz"]
    key = f"pg_temp.person_key({', '.join(['%s'] + ['NULL'] * (len(PERSON) - 1))})"
    with db.connect_job(settings.database_url) as conn:
        person_keys.define(conn)
        for word in words:
            alike = " ".join(folding.searchable(word).split())
            found = conn.execute(f"SELECT {key} = {key} AS same", (word, alike)).fetchone()
            assert found["same"], word
        blank = f"pg_temp.person_key({', '.join(['NULL'] * len(PERSON))})"
        assert conn.execute(f"SELECT {blank} AS key").fetchone()["key"] is None
