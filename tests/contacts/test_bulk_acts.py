"""Bulk acts through the real engine: what they change, what they leave, and their undo."""

import os
import signal
import threading
import time
from contextlib import suppress

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.harness.examples import examples
from tests.harness.imports import table
from webapp import db, jobs
from webapp.contacts import bulk_acts, journal
from webapp.contacts.bulk_acts import Kind, State
from webapp.contacts.filters import ContactFilter
from webapp.models import Contact, ContactChange
from webapp.undoing import undo_by_hand
from webapp.vocabulary.refusals import Refusal

MOVING = "'{version,updated_at,person_key,person_version}'::text[]"
BOOK = f"SELECT id, (to_jsonb(c) - {MOVING})::text AS held FROM contacts c ORDER BY id"
PEOPLE = table(
    *(f"{n},p{n}@example.com,Ada,Number{n},Acme,a{n % 3},{n}" for n in range(1, 251))
)


class Acts:
    """Asks for acts and works on them in this process."""

    def __init__(self, session, user_id: int) -> None:
        self.session, self.user_id = session, user_id

    def ask(self, kind: Kind, ids=None, wanted=None, **asked) -> int:
        parameters = bulk_acts.cleaned(kind, asked)
        made = bulk_acts.ask(
            self.session, self.user_id, kind, parameters, ids=ids, wanted=wanted
        )
        self.session.commit()
        return made.id

    def work(self, number: int):
        jobs.act_on_contacts()
        self.session.expire_all()
        return bulk_acts.find(self.session, number)

    def do(self, kind: Kind, ids=None, wanted=None, **asked):
        return self.work(self.ask(kind, ids, wanted, **asked))

    def undo(self, number: int):
        bulk_acts.undo(self.session, number, self.user_id, 30)
        self.session.commit()
        return self.work(number)

    def kept(self, number: int) -> list[tuple[int, str, str]]:
        found = bulk_acts.kept(self.session, number, limit=1000)
        return [(one.contact_id, one.field, one.code) for one in found]


@pytest.fixture
def acts(session, someone, settings):
    return Acts(session, someone)


def book(session) -> dict[int, str]:
    """Each contact as it is, but for what every change moves."""
    return {row.id: row.held for row in session.execute(text(BOOK))}


def everyone(session) -> list[int]:
    return list(session.scalars(select(Contact.id).order_by(Contact.id)))


ACTS = [
    (Kind.TAG, {"tags": "vip, a1"}),
    (Kind.UNTAG, {"tags": "A1"}),
    (Kind.SET, {"field": "company", "value": "Basel & Co"}),
    (Kind.SET, {"field": "custom:Shoe size", "value": ""}),
    (Kind.SET, {"field": "custom:Room", "value": "4"}),
    (Kind.RENAME_TAG, {"tag": "a1", "to": "a2"}),
    (Kind.MOVE, {"field": "custom:Shoe size", "to": "department"}),
    (Kind.MOVE, {"field": "custom:Shoe size", "to": "custom:Size"}),
    (Kind.DELETE, {}),
]


@pytest.mark.parametrize(("kind", "asked"), ACTS)
def test_an_act_on_all_is_undone_as_one(kind, asked, acts, importer, session):
    importer.run(PEOPLE)
    before = book(session)
    done = acts.do(kind, wanted=ContactFilter(), **asked)
    assert (done.state, done.total, done.through) == (State.DONE, 250, 250)
    changed = {number for number in before if book(session).get(number) != before[number]}
    assert done.touched == len(changed) > 80
    entries = session.scalars(select(ContactChange).where(ContactChange.act_id == done.id))
    assert {entry.contact_id for entry in entries} == changed

    undone = acts.undo(done.id)
    assert (undone.state, undone.restored) == (State.UNDONE, len(changed))
    assert book(session) == before
    assert acts.kept(done.id) == []


def test_an_act_changes_the_ticked_ones_alone(acts, importer, session):
    importer.run(PEOPLE)
    ticked = everyone(session)[10:20]
    done = acts.do(Kind.TAG, ids=[*ticked, 10**9], tags="ticked")
    assert (done.total, done.touched) == (10, 10), "a number without a contact is not meant"
    held = session.scalars(select(Contact.id).where(Contact.tags.contains(["ticked"])))
    assert sorted(held) == ticked


def test_a_filter_means_those_that_it_finds_at_the_start(acts, importer, session):
    """Untagging takes contacts out of the list, and moves no other past the act."""
    importer.run(PEOPLE)
    done = acts.do(Kind.UNTAG, wanted=ContactFilter(tag="a1"), tags="a1")
    assert done.total == done.touched == 84
    assert not session.scalars(select(Contact).where(Contact.tags.contains(["a1"]))).all()


def test_a_search_finds_those_that_changed_a_moment_ago(acts, importer, session):
    importer.run(table("1,ann@example.com,Ann,Lee,Acme,,"))
    done = acts.do(Kind.SET, wanted=ContactFilter(q="ann"), field="company", value="Zeta")
    assert done.touched == 1
    assert acts.do(Kind.TAG, wanted=ContactFilter(q="zeta"), tags="z").touched == 1


def test_what_was_changed_since_is_listed_and_stays(acts, importer, session):
    importer.run(PEOPLE)
    before = book(session)
    ids = everyone(session)
    done = acts.do(Kind.SET, wanted=ContactFilter(), field="company", value="New")
    edited, deleted = ids[3], ids[4]
    contact = session.get_one(Contact, edited)
    journal.edit_contact(
        session, edited, contact.version, {"company": "By hand"}, acts.user_id
    )
    gone = session.get_one(Contact, deleted)
    journal.delete_contact(session, deleted, gone.version, acts.user_id)
    session.commit()

    acts.undo(done.id)
    found = acts.kept(done.id)
    assert (edited, "company", "edited_since") in found
    assert (deleted, None, "deleted_meanwhile") in found
    assert len(found) == 2
    assert session.get_one(Contact, edited).company == "By hand"
    differing = {number for number in before if book(session).get(number) != before[number]}
    assert differing == {edited, deleted}

    change = session.scalars(
        select(ContactChange.id).where(
            ContactChange.contact_id == deleted, ContactChange.kind == "delete"
        )
    ).one()
    undo_by_hand.undo_change(session, change, acts.user_id)
    session.commit()
    assert book(session)[deleted] == before[deleted], (
        "caught up with what was undone meanwhile"
    )


def test_a_deleted_contact_comes_back_without_a_key_that_another_took(acts, importer, session):
    importer.run(table("1,ann@example.com,Ann,Lee,Acme,a,", "2,bo@example.com,Bo,Ray,,,7"))
    ann, bo = everyone(session)
    done = acts.do(Kind.DELETE, ids=[ann, bo])
    assert everyone(session) == []
    taker = journal.create_contact(session, {"email": "ann@example.com"})
    session.commit()

    undone = acts.undo(done.id)
    assert (undone.state, undone.restored) == (State.UNDONE, 2)
    assert acts.kept(done.id) == [(ann, "email", "key_taken_on_undo")]
    assert session.get_one(Contact, ann).email is None
    assert session.get_one(Contact, bo).email == "bo@example.com"
    assert session.get_one(Contact, taker.id).email == "ann@example.com"


def test_what_an_import_created_goes_once_the_act_that_kept_it_is_undone(
    acts, importer, session
):
    run = importer.run(PEOPLE)
    done = acts.do(Kind.TAG, ids=everyone(session)[:5], tags="kept")
    importer.undo(run.id)
    assert len(everyone(session)) == 5
    acts.undo(done.id)
    assert everyone(session) == []


def test_a_move_leaves_what_does_not_fit(acts, session):
    held = {
        "a": ("12/31/1990", None),
        "b": ("1990-12-31", None),
        "c": ("x", "y"),
        "d": ("y", "y"),
    }
    contacts = {}
    for name, (birth, room) in held.items():
        values = {"first_name": name, "custom:Born": birth, "custom:Room": room or ""}
        contacts[name] = journal.create_contact(session, values).id
    session.commit()
    done = acts.do(Kind.MOVE, wanted=ContactFilter(), field="custom:Born", to="birthday")
    assert done.touched == 2
    assert session.get_one(Contact, contacts["b"]).birthday == "1990-12-31"
    codes = {(number, code) for number, _, code in acts.kept(done.id)}
    assert codes == {(contacts["c"], "bulk_value_unfit"), (contacts["d"], "bulk_value_unfit")}

    done = acts.do(Kind.MOVE, wanted=ContactFilter(), field="custom:Born", to="custom:Room")
    assert acts.kept(done.id) == [(contacts["c"], "custom:Room", "bulk_field_filled")]
    assert session.get_one(Contact, contacts["d"]).custom == {"Room": "y"}


def test_a_contact_that_the_database_refuses_stays_alone(acts, importer, session):
    importer.run(PEOPLE)
    session.execute(
        text(
            "ALTER TABLE contacts ADD CHECK (NOT (last_name = 'Number7' AND 'no' = ANY(tags)))"
        )
    )
    session.commit()
    done = acts.do(Kind.TAG, wanted=ContactFilter(), tags="no")
    assert (done.state, done.touched) == (State.DONE, 249)
    assert [code for _, _, code in acts.kept(done.id)] == ["bulk_refused"]


def test_stopping_keeps_what_is_done(acts, importer, session, conn_of_job):
    importer.run(PEOPLE)
    before = book(session)
    number = acts.ask(Kind.TAG, ids=everyone(session), tags="half")
    assert bulk_acts.do_batch(conn_of_job, number)
    bulk_acts.stop(session, number)
    session.commit()
    stopped = acts.work(number)
    assert (stopped.state, stopped.touched) == (State.STOPPED, 100)
    acts.undo(number)
    assert book(session) == before


def test_an_act_at_work_is_not_undone_and_an_old_one_neither(acts, importer, session):
    importer.run(PEOPLE)
    number = acts.ask(Kind.TAG, ids=everyone(session), tags="t")
    with pytest.raises(Refusal, match="bulk_at_work"):
        bulk_acts.undo(session, number, acts.user_id, 30)
    session.rollback()
    acts.work(number)
    session.execute(text("UPDATE contact_acts SET at = now() - interval '31 days'"))
    with pytest.raises(Refusal, match="change_too_old"):
        bulk_acts.undo(session, number, acts.user_id, 30)
    session.rollback()


@pytest.fixture
def conn_of_job(database_url):
    with db.connect_job(database_url) as conn:
        yield conn


def test_a_batch_that_is_held_up_writes_nothing_and_is_done_once(
    acts, importer, session, database_url
):
    """An edit holds a contact of the batch: the act waits for it, and goes by what it wrote."""
    importer.run(PEOPLE)
    first = everyone(session)[0]
    number = acts.ask(Kind.TAG, ids=everyone(session), tags="t")
    with psycopg.connect(database_url) as other:
        other.execute(
            "UPDATE contacts SET tags = '{t}', version = version + 1 WHERE id = %s", (first,)
        )
        worker = threading.Thread(target=jobs.act_on_contacts)
        worker.start()
        time.sleep(0.3)
        assert session.scalar(text("SELECT touched FROM contact_acts")) == 0
    worker.join(timeout=20)
    session.expire_all()
    done = bulk_acts.find(session, number)
    assert (done.state, done.touched) == (State.DONE, 249)


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    acts, importer, session, database_url
):
    importer.run(PEOPLE)
    before = book(session)
    for work, ended in (("ask", State.DONE), ("undo", State.UNDONE)):
        if work == "ask":
            number = acts.ask(Kind.DELETE, wanted=ContactFilter())
        else:
            bulk_acts.undo(session, number, acts.user_id, 30)
            session.commit()
        kills = 0
        while bulk_acts.find(session, number).state != ended and kills < 60:
            session.rollback()
            child = os.fork()
            if not child:
                with suppress(BaseException):
                    jobs.act_on_contacts()
                os._exit(0)
            time.sleep(0.05 + 0.01 * kills)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            kills += 1
            session.expire_all()
        assert kills > 1
        entries = session.execute(
            text(
                "SELECT count(*), count(DISTINCT contact_id) FROM contact_changes WHERE act_id = :id"
            ),
            {"id": number},
        ).one()
        assert tuple(entries) == (250, 250)
    assert book(session) == before


def test_two_workers_on_one_act_do_each_contact_once(acts, importer, session):
    importer.run(PEOPLE)
    number = acts.ask(Kind.TAG, wanted=ContactFilter(), tags="t")
    workers = [threading.Thread(target=jobs.act_on_contacts) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    done = acts.work(number)
    assert (done.state, done.through, done.touched) == (State.DONE, 250, 250)
    entries = "SELECT count(*) FROM contact_changes WHERE act_id = :id"
    assert session.scalar(text(entries), {"id": number}) == 250


EDITS = [{"company": "By hand"}, {"tags": "a1, b"}, {"custom:Room": "9"}, {"department": ""}]
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ACTS), st.sets(st.integers(0, 5), min_size=1)),
        st.tuples(st.sampled_from(EDITS), st.integers(0, 5)),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=steps, order=st.randoms(use_true_random=False))
def test_what_is_not_edited_is_back_whatever_the_order_of_undos(acts, session, history, order):
    """And what was edited is itself the only thing that can differ."""
    session.execute(
        text("TRUNCATE contacts, contact_changes, contact_acts, contact_undo_due CASCADE")
    )
    for n in range(6):
        held = {"first_name": f"P{n}", "company": "Acme", "tags": f"a{n % 3}"}
        journal.create_contact(session, {**held, "custom:Shoe size": f"{n}"})
    session.commit()
    before, ids = book(session), everyone(session)

    done, edited = [], set()
    for what, whom in history:
        if isinstance(what, tuple):
            kind, asked = what
            done.append(acts.do(kind, ids=[ids[n] for n in whom], **asked).id)
        elif (contact := session.get(Contact, ids[whom])) is not None:
            journal.edit_contact(session, contact.id, contact.version, what, acts.user_id)
            session.commit()
            edited.add(contact.id)

    order.shuffle(done)
    for number in done:
        if bulk_acts.find(session, number).touched:
            assert acts.undo(number).state == State.UNDONE
    after = book(session)
    assert {number for number in before if after.get(number) != before[number]} <= edited
    assert after.keys() == before.keys()
