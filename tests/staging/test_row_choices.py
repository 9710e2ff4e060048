"""Choices for rows in conflict: staged, kept, obeyed, refused where they make no sense."""

import pytest
from sqlalchemy import select, text

from tests.harness.imports import table
from webapp.contacts import journal
from webapp.imports import import_commands, uploads
from webapp.models import Contact, ImportChoice, ImportConflict, ImportPreview, ImportResult
from webapp.staging import row_choices
from webapp.staging.row_choices import Choice
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.refusals import Refusal

NEW, LEAVE_OUT = Choice(Chosen.NEW), Choice(Chosen.LEAVE_OUT)
BOOK = table(
    "1,ann@example.com,Ann,,,,", "2,ben@example.com,Ben,,,,", "3,cid@example.com,Cid,,,,"
)
# Rows 2 and 3 fit two contacts each, row 4 one, row 5 by its ID another than by its e-mail.
FILE = table(
    "1,ben@example.com,Annabel,,,,",
    "2,cid@example.com,Benjamin,,,,",
    "3,cid@example.com,Cid,,,,",
    "9,ann@example.com,Anna,,,,",
)


def owner_of(key: str) -> Choice:
    return Choice(Chosen.OWNER_OF, by=key)


def this(contact: Contact) -> Choice:
    return Choice(Chosen.CONTACT, contact_id=contact.id)


def by_id(session, external_id: str) -> Contact:
    session.expire_all()
    return session.scalars(select(Contact).filter_by(external_id=external_id)).one()


@pytest.fixture
def ready(importer, session):
    """A file with three rows in conflict, its previews computed."""
    importer.run(BOOK)
    return importer.work(importer.check(FILE).id)


def choose(session, ready, row, choice, **seen):
    row_choices.choose(session, ready.id, row, choice, **seen)
    session.commit()


def entry(session, ready, row: int) -> ImportResult:
    return session.get(ImportResult, (ready.id, row), populate_existing=True)


def refused(session, code, command, *args, **options) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        command(session, *args, **options)
    assert refusal.value.code == code
    assert code not in refusal.value.sentence
    session.rollback()
    return refusal.value


def test_a_preview_lists_the_rows_in_conflict_and_their_candidates(session, ready):
    ann, ben, cid = (by_id(session, number) for number in "123")
    found = row_choices.listed(session, ready, 0, 10)
    assert [(one.row, one.code, one.candidates) for one in found] == [
        (2, "two_contacts", [
            {"contact_id": ann.id, "by": ["external_id"]}, {"contact_id": ben.id, "by": ["email"]},
        ]),
        (3, "two_contacts", [
            {"contact_id": ben.id, "by": ["external_id"]}, {"contact_id": cid.id, "by": ["email"]},
        ]),
        (5, "stronger_key_differs", [{"contact_id": ann.id, "by": ["email"]}]),
    ]  # fmt: skip
    assert row_choices.kinds(session, ready) == {
        "two_contacts:email,external_id": (2, 0), "stronger_key_differs:email": (1, 0),
    }  # fmt: skip
    assert [one.row for one in row_choices.listed(session, ready, 2, 1)] == [3]


@pytest.mark.parametrize("key", ["external_id", "email"])
@pytest.mark.parametrize("strategy", ["skip", "update", "merge"])
def test_this_contact_gets_the_row_and_keeps_its_keys(importer, session, ready, key, strategy):
    chosen = by_id(session, {"external_id": "1", "email": "2"}[key])
    held = (chosen.external_id, chosen.email)
    choose(session, ready, 2, this(chosen))
    done = importer.execute(ready.id, strategy)
    written = entry(session, done, 2)
    changes = strategy == "update"
    assert written.contact_id == chosen.id
    outcomes = {"skip": "duplicate_skipped", "update": "updated", "merge": "unchanged"}
    assert written.outcome == outcomes[strategy]
    assert (chosen.external_id, chosen.email) == held
    assert chosen.first_name == ("Annabel" if changes else chosen.first_name)
    left_out = "email" if key == "external_id" else "external_id"
    told = {"warnings": ["key_left_out"], "left_out": [left_out]}
    assert written.detail == (None if strategy == "skip" else told)


def test_a_new_one_is_made_without_the_keys_of_others_also_where_new_ones_are_skipped(
    importer, session, ready
):
    choose(session, ready, 2, NEW)
    choose(session, ready, 5, NEW)
    done = importer.execute(ready.id, "update", create_new=False)
    assert (done.created, done.conflict, done.people["warnings"]) == (
        2,
        1,
        {"key_left_out": 2},
    )
    made = session.get_one(Contact, entry(session, done, 2).contact_id)
    assert (made.external_id, made.email, made.first_name) == (None, None, "Annabel")
    made = session.get_one(Contact, entry(session, done, 5).contact_id)
    assert (made.external_id, made.email, made.first_name) == ("9", None, "Anna")
    assert entry(session, done, 5).detail == {
        "warnings": ["key_left_out"],
        "left_out": ["email"],
    }


def test_a_new_one_without_name_and_key_stays_in_conflict(importer, session):
    importer.run(BOOK)
    ready = importer.work(importer.check(table("1,ben@example.com,,,Works,,")).id)
    choose(session, ready, 2, NEW)
    done = importer.execute(ready.id, "update")
    assert (entry(session, done, 2).outcome, entry(session, done, 2).code) == (
        "conflict", "key_taken",
    )  # fmt: skip


def test_a_row_is_left_out_by_choice(importer, session, ready):
    choose(session, ready, 3, LEAVE_OUT)
    done = importer.execute(ready.id, "update")
    assert (done.left_out, done.conflict) == (1, 2)
    assert (entry(session, done, 3).outcome, entry(session, done, 3).code) == (
        "left_out",
        "left_out",
    )


def test_a_free_key_is_written_to_the_chosen_contact(importer, session, ready):
    """The e-mail fits, the ID is another: chosen, the contact gets the ID."""
    ann = by_id(session, "1")
    choose(session, ready, 5, this(ann))
    done = importer.execute(ready.id, "update")
    assert (ann.external_id, ann.first_name, entry(session, done, 5).detail) == (
        "9",
        "Anna",
        None,
    )


def test_all_alike_are_settled_by_the_rule_and_this_one_by_its_number(
    session, importer, ready
):
    assert row_choices.choose_alike(session, ready.id, 3, owner_of("email")) == 2
    session.commit()
    ready = importer.work(ready.id)
    assert row_choices.kinds(session, ready) == {
        "two_contacts:email,external_id": (2, 2), "stronger_key_differs:email": (1, 0),
    }  # fmt: skip
    ann = this(by_id(session, "1"))
    refusal = refused(
        session, "choice_not_for_all", row_choices.choose_alike, ready.id, 2, ann
    )
    assert (refusal.at, refusal.facts) == ("/contact_id", {"rows": 1})
    done = importer.execute(ready.id, "update")
    assert (done.conflict, done.updated) == (1, 3)  # row 4 is Cid's too
    assert [entry(session, done, row).contact_id for row in (2, 3)] == [
        by_id(session, "2").id, by_id(session, "3").id,
    ]  # fmt: skip


def test_alike_with_a_contact_that_all_have(importer, session):
    importer.run(BOOK)
    ready = importer.work(
        importer.check(table("1,ben@example.com,,,,,", "1,ben@example.com,,,,,")).id
    )
    assert row_choices.choose_alike(session, ready.id, 2, this(by_id(session, "2"))) == 2
    session.commit()
    done = importer.execute(ready.id, "skip")
    assert (done.conflict, done.duplicate_skipped) == (0, 2)


def test_a_choice_outlasts_previews_a_check_and_another_run(importer, session, ready):
    choose(session, ready, 2, owner_of("email"))
    assert session.query(ImportPreview).filter_by(import_id=ready.id).count() == 0
    assert len(row_choices.listed(session, ready, 0, 10)) == 3  # until there are new ones
    import_commands.map_columns(session, ready.id, ready.mapping)
    session.commit()
    ready = importer.work(ready.id)
    ready = importer.work(ready.id)
    found = row_choices.listed(session, ready, 0, 10)
    assert [(one.row, one.choice) for one in found] == [
        (2, owner_of("email")),
        (3, None),
        (5, None),
    ]
    assert (
        session.get(ImportPreview, (ready.id, "update", True, False)).outcomes["conflict"] == 2
    )
    importer.undo(importer.execute(ready.id, "update").id)
    again = import_commands.run_again(session, ready.id, importer.user_id)
    session.commit()
    again = importer.work(importer.work(again.id).id)
    assert [(one.row, one.choice) for one in row_choices.listed(session, again, 0, 10)] == [
        (2, owner_of("email")), (3, None), (5, None),
    ]  # fmt: skip


def test_a_choice_is_taken_back(importer, session, ready):
    choose(session, ready, 2, LEAVE_OUT)
    row_choices.take_back(session, ready.id, 2)
    row_choices.take_back(session, ready.id, 2)
    session.commit()
    assert importer.execute(ready.id, "skip").conflict == 3


def test_a_file_read_otherwise_has_no_choices(importer, session, settings, ready):
    choose(session, ready, 2, NEW)
    uploads.reread(session, ready.id, settings)
    session.commit()
    assert session.query(ImportChoice).count() == session.query(ImportConflict).count() == 0


def test_what_makes_no_sense_is_refused(importer, session, ready):
    cid = by_id(session, "3")
    choose_one, all_alike = row_choices.choose, row_choices.choose_alike
    for command in (choose_one, all_alike):
        assert refused(session, "row_not_in_conflict", command, ready.id, 4, NEW).facts == {
            "row": 4
        }
        refused(session, "row_not_in_conflict", command, ready.id, 99, NEW)
        assert (
            refused(session, "choice_no_candidate", command, ready.id, 2, this(cid)).at
            == "/contact_id"
        )
        refused(
            session, "choice_no_candidate", command, ready.id, 2, Choice(Chosen.CONTACT, 10**9)
        )
        refused(session, "choice_no_candidate", command, ready.id, 2, Choice(Chosen.CONTACT))
        assert (
            refused(session, "choice_no_candidate", command, ready.id, 2, owner_of("phone")).at
            == "/owner_of"
        )
        refused(session, "choice_no_candidate", command, ready.id, 5, owner_of("external_id"))
    ann = by_id(session, "1")
    gone = ann.id
    journal.delete_contact(session, ann.id, ann.version, importer.user_id)
    session.commit()
    refused(session, "candidate_gone", choose_one, ready.id, 2, Choice(Chosen.CONTACT, gone))
    import_commands.execute(session, ready.id, strategy="skip")
    session.commit()
    for command in (choose_one, all_alike):
        refused(session, "wrong_state", command, ready.id, 2, NEW)
    refused(session, "wrong_state", row_choices.take_back, ready.id, 2)


def test_a_key_of_several_contacts_names_none(importer, session):
    importer.run(BOOK)
    ready = importer.work(importer.check(table("1,ben@example.com; cid@example.com,,,,,")).id)
    refusal = refused(
        session, "choice_of_several", row_choices.choose, ready.id, 2, owner_of("email")
    )
    assert refusal.facts == {"rows": 2}
    choose(session, ready, 2, owner_of("external_id"))
    done = importer.execute(ready.id, "update")
    assert entry(session, done, 2).detail == {
        "warnings": ["key_left_out"],
        "left_out": ["email"],
    }


def test_of_two_people_at_once_the_second_is_told(session, ready):
    choose(session, ready, 2, NEW, seen=None)
    refused(session, "choice_changed", row_choices.choose, ready.id, 2, LEAVE_OUT, seen=None)
    refused(
        session, "choice_changed", row_choices.choose_alike, ready.id, 2, LEAVE_OUT, seen=None
    )
    refused(session, "choice_changed", row_choices.take_back, ready.id, 2, seen=LEAVE_OUT)
    choose(session, ready, 2, LEAVE_OUT, seen=NEW)
    row_choices.take_back(session, ready.id, 2, seen=LEAVE_OUT)


def test_after_the_run_the_ledger_says_who_is_in_conflict(importer, session, ready):
    before = row_choices.listed(session, ready, 0, 10)
    done = importer.execute(ready.id, "skip")
    session.execute(text("DELETE FROM contact_import_conflicts"))
    assert row_choices.listed(session, done, 0, 10) == before
    assert row_choices.kinds(session, done)["stronger_key_differs:email"] == (1, 0)
