"""Merges and bulk acts that meet imports, edits, deletions, undos and one another: each in a
session of its own, at the same time. What is told is what happened, and all of it can be undone.
"""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from sqlalchemy.exc import NoResultFound

from tests.harness.gates import Gate
from tests.harness.house import PATIENCE, rows
from tests.harness.imports import table
from tests.harness.invariants import check_invariants
from webapp import jobs
from webapp.contacts import bulk_acts, journal, merging
from webapp.contacts.bulk_acts import Kind
from webapp.imports import import_commands
from webapp.undoing import undo_by_hand
from webapp.vocabulary.refusals import Refusal

WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'rowcall'"

TOLD = {
    "contact_merged",
    "merge_gone",
    "contact_busy",
    "contact_changed",
    "change_undone",
    "contact_gone",
    "gone",
}


@pytest.fixture
def three(house) -> tuple[int, int, int]:
    """The numbers of three contacts, 1 to 3, of the book."""
    with house.session() as session:
        made = [journal.create_contact(session, person(number)) for number in (1, 2, 3)]
        session.commit()
        return tuple(contact.id for contact in made)


def person(number: int) -> dict[str, str]:
    return {"external_id": str(number), "email": f"p{number}@example.com"}


@pytest.fixture
def created(house):
    """An import that created three contacts."""
    import_id = house.execute(house.ready(rows(3)))
    jobs.work(str(import_id))
    return import_id


def merge(house, kept: int, other: int, **versions: int) -> int:
    """By a person; the number of the change."""
    with house.session() as session:
        found = merging.merge_contacts(session, kept, other, house.user_id, **versions)
        session.commit()
        return found.change_id


def unmerge(house, change: int) -> undo_by_hand.ChangeUndone:
    with house.session() as session:
        done = undo_by_hand.undo_change(session, change, house.user_id)
        session.commit()
        return done


def delete(house, number: int) -> None:
    with house.session() as session:
        journal.delete_contact(session, number, 1, house.user_id)
        session.commit()


def update(house, *numbers: int):
    """An import that gives these contacts a company, by their e-mail."""
    lines = [f",p{n}@example.com,,,Other,," for n in numbers]
    return house.execute(house.ready(table(*lines)), "update")


@contextmanager
def held_at(house, import_id, number: int):
    """The import has decided its batch, and stands before it writes to this contact."""
    gate = Gate(house, when=f"NEW.external_id = '{number}'", events="UPDATE")
    with house.working(import_id):
        gate.held(import_id)
        yield
        gate.open()


@contextmanager
def uncommitted(house, change: Callable):
    """A change by another person, between its statements and its commit."""
    with house.session() as session:
        change(session)
        yield
        session.commit()


def beside(house, ask: Callable[[], object]) -> Future:
    """Asked by a session of its own, which waits for a lock by now."""
    person = ThreadPoolExecutor(1)
    asked = person.submit(ask)
    person.shutdown(wait=False)
    house.until(lambda: asked.done() or house.query(WAITING))
    assert not asked.done(), "it waited for nothing"
    return asked


def companies(house) -> dict[str, str | None]:
    found = house.query("SELECT external_id, company FROM contacts ORDER BY id")
    return {one["external_id"]: one["company"] for one in found}


def test_an_import_decides_again_on_who_was_merged(house, three):
    """It found 2 and 3; they are one by the time it writes, and 3's address belongs to 2."""
    import_id = update(house, 1, 2, 3)
    with held_at(house, import_id, 1):
        change = merge(house, three[1], three[2])

    assert companies(house) == {"1": "Other", "2": "Other"}
    found = check_invariants(house, import_id)
    assert (found["updated"], found["unchanged"]) == (2, 1), "the second row finds it as it is"
    done = unmerge(house, change)
    told = [(one["contact_id"], one["field"], one["code"]) for one in done.kept]
    assert told == [(three[1], "company", "changed_by_later_import")]
    assert companies(house) == {"1": "Other", "2": "Other", "3": None}


def test_an_import_decides_again_on_who_are_two_again(house, three):
    change = merge(house, three[1], three[2])
    import_id = update(house, 1, 2, 3)
    with held_at(house, import_id, 1):
        assert unmerge(house, change).kept == []

    assert companies(house) == {"1": "Other", "2": "Other", "3": "Other"}
    assert check_invariants(house, import_id)["updated"] == 3


def test_a_merge_does_not_wait_for_a_batch(house, three):
    import_id = update(house, 1)
    with held_at(house, import_id, 1):
        began = time.monotonic()
        with pytest.raises(Refusal, match="contact_busy"):
            merge(house, three[0], three[1])
        assert time.monotonic() - began < 2 + 2  # and what a busy machine needs besides
    merge(house, three[0], three[1])


@pytest.mark.parametrize(("seen", "edited"), [(True, 1), (False, 2)])
def test_a_merge_takes_what_an_edit_wrote_a_moment_ago(house, three, seen, edited):
    """Unless the person saw both contacts as they were before it."""
    versions = {"versions": dict.fromkeys(three, 1)} if seen else {}
    values = {"company": "By hand"}
    with uncommitted(
        house, lambda session: journal.edit_contact(session, three[edited], 1, values, 1)
    ):
        asked = beside(house, lambda: merge(house, three[1], three[2], **versions))
        assert not asked.done()

    if seen:
        with pytest.raises(Refusal, match="merge_changed"):
            asked.result(PATIENCE)
    else:
        asked.result(PATIENCE)
        assert companies(house) == {"1": None, "2": "By hand"}


def test_an_edit_of_a_contact_that_is_being_merged_away(house, three, owner):
    """It is told where the contact is, as if it had come a moment later."""
    at = f"/contacts/{three[2]}"
    typed = {"version": 1, "notes": "by hand"}
    with uncommitted(
        house, lambda session: merging.merge_contacts(session, three[1], three[2], 1)
    ):
        asked = beside(house, lambda: owner.post(at, typed, at="/contacts", status=409))

    answer = asked.result(PATIENCE)
    assert "This contact was merged into another one" in answer.text
    assert f'href="/contacts/{three[1]}"' in answer.text


@pytest.mark.parametrize("gone", [1, 2])
def test_a_contact_that_is_being_deleted_is_not_merged(house, three, gone):
    with uncommitted(
        house, lambda session: journal.delete_contact(session, three[gone], 1, 1)
    ):
        asked = beside(house, lambda: merge(house, three[1], three[2]))

    with pytest.raises(Refusal, match="merge_gone"):
        asked.result(PATIENCE)
    assert len(companies(house)) == 2


@pytest.mark.parametrize("first", [(0, 1), (1, 2), (1, 0)])
def test_two_merges_that_make_a_chain(house, three, first):
    """1 into 2 beside 2 into 3, and 2 into 1: whoever comes second finds the one merged or gone."""
    second = {(0, 1): (1, 2), (1, 2): (0, 1), (1, 0): (0, 1)}[first]
    other, kept = (three[place] for place in first)
    with uncommitted(house, lambda session: merging.merge_contacts(session, kept, other, 1)):
        asked = beside(house, lambda: merge(house, three[second[1]], three[second[0]]))

    if other in (three[place] for place in second):
        with pytest.raises(Refusal, match="contact_merged") as refused:
            asked.result(PATIENCE)
        assert refused.value.facts == {"into": kept}
    else:
        asked.result(PATIENCE)
        with house.session() as session:
            assert merging.leads_to(session, other) == three[second[1]]


class Person:
    """Merges, edits and takes merges apart, all the time; remembers what it was refused."""

    def __init__(self, house, numbers: list[int], seed: int) -> None:
        self.house, self.numbers = house, numbers
        self.chance = random.Random(seed)  # noqa: S311 - the same chances each time
        self.merges: list[int] = []
        self.refused: list[str] = []

    def work(self, begun: threading.Barrier) -> None:
        begun.wait()
        for _ in range(12):
            try:
                self.chance.choice([self.merge, self.merge, self.edit, self.unmerge])()
            except Refusal as refusal:
                self.refused.append(refusal.code)
            except NoResultFound:
                self.refused.append("gone")

    def merge(self) -> None:
        self.merges.append(merge(self.house, *self.chance.sample(self.numbers, 2)))

    def unmerge(self) -> None:
        if self.merges:
            unmerge(self.house, self.chance.choice(self.merges))

    def edit(self) -> None:
        self.house.edit(self.chance.choice(self.numbers), notes=f"{self.chance.random()}")


def test_many_who_merge_edit_and_undo_at_once(house):
    """Nothing fails but by a sentence; each number is in the book or leads into it, and when all
    is undone, newest first, the book is what it was.
    """
    with house.session() as session:
        made = [journal.create_contact(session, person(number)) for number in range(8)]
        session.commit()
        numbers = [contact.id for contact in made]
    before, begun = house.book(), threading.Barrier(4)
    people = [Person(house, numbers, seed) for seed in range(4)]

    with ThreadPoolExecutor(4) as at_work:
        for done in [at_work.submit(one.work, begun) for one in people]:
            done.result(PATIENCE)

    assert {code for one in people for code in one.refused} <= TOLD
    assert any(one.merges for one in people)
    there = {row["id"] for row in house.query("SELECT id FROM contacts")}
    with house.session() as session:
        for number in set(numbers) - there:
            assert merging.leads_to(session, number) in there

    left = house.query(
        """SELECT id FROM contact_changes WHERE undone_at IS NULL AND kind = 'edit'
           ORDER BY id DESC"""
    )
    for change in left:
        unmerge(house, change["id"])
    assert house.book() == before


class Acts:
    """Bulk acts by a person, worked on by a job in a thread."""

    def __init__(self, house) -> None:
        self.house = house

    def ask(self, kind: Kind, numbers, **asked) -> int:
        parameters = bulk_acts.cleaned(kind, asked)
        with self.house.session() as session:
            act = bulk_acts.ask(
                session, self.house.user_id, kind, parameters, ids=list(numbers)
            )
            session.commit()
            return act.id

    def undo(self, number: int) -> None:
        with self.house.session() as session:
            bulk_acts.undo(session, number, self.house.user_id, 30)
            session.commit()

    @contextmanager
    def working(self):
        worker = threading.Thread(target=jobs.act_on_contacts, daemon=True)
        worker.start()
        yield
        worker.join(PATIENCE)
        assert not worker.is_alive(), "the act never came to an end"

    @contextmanager
    def working_after(self, holding: AbstractContextManager):
        """The act's work begins while the other holds what it needs, and ends after it."""
        with ExitStack() as others, holding:
            others.enter_context(self.working())
            yield

    def do(self, number: int) -> dict:
        with self.working():
            pass
        return self.facts(number)

    def facts(self, number: int) -> dict:
        (found,) = self.house.query("SELECT * FROM contact_acts WHERE id = %s", number)
        return found

    def wait_for_lock(self) -> None:
        """Until the act waits for what another session holds, or has noticed it once."""
        asked = """SELECT 1 FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND application_name = 'rowcall-job'"""
        self.house.until(lambda: self.house.query(asked))


@pytest.fixture
def acts(house):
    return Acts(house)


def tags(house) -> dict[str, list[str]]:
    found = house.query("SELECT external_id, tags FROM contacts ORDER BY id")
    return {one["external_id"]: one["tags"] for one in found}


def test_an_import_decides_again_on_what_an_act_tagged(house, three, acts):
    import_id = update(house, 1, 2, 3)
    with held_at(house, import_id, 1):
        done = acts.do(acts.ask(Kind.TAG, three[1:], tags="vip"))

    assert (done["state"], done["touched"]) == ("done", 2)
    assert check_invariants(house, import_id)["updated"] == 3
    assert tags(house) == {"1": [], "2": ["vip"], "3": ["vip"]}
    assert companies(house) == dict.fromkeys("123", "Other")


def test_an_act_waits_for_a_batch_and_keeps_what_it_wrote(house, three, acts):
    import_id = update(house, 1, 2, 3)
    number = acts.ask(Kind.SET, three, field="company", value="By act")
    with acts.working_after(held_at(house, import_id, 1)):
        acts.wait_for_lock()

    assert (acts.facts(number)["state"], acts.facts(number)["touched"]) == ("done", 3)
    acts.undo(number)
    acts.do(number)
    assert companies(house) == dict.fromkeys("123", "Other")


def test_whom_an_act_deleted_the_import_brings_anew(house, three, acts):
    import_id = update(house, 1, 2, 3)
    with held_at(house, import_id, 1):
        number = acts.ask(Kind.DELETE, three[1:])
        acts.do(number)

    found = check_invariants(house, import_id)
    assert (found["updated"], found["created"]) == (1, 2)
    acts.undo(number)
    acts.do(number)
    kept = house.query("SELECT contact_id, field, code FROM contact_act_kept ORDER BY id")
    assert {(one["contact_id"], one["field"], one["code"]) for one in kept} == {
        (contact, "email", "key_taken_on_undo") for contact in three[1:]
    }


def test_an_act_passes_over_contacts_that_an_undo_removed(house, created, acts):
    everyone = [one["id"] for one in house.query("SELECT id FROM contacts")]
    number = acts.ask(Kind.TAG, everyone, tags="vip")
    gate = Gate(house, events="DELETE")
    house.ask(import_commands.roll_back, created)
    with house.working(created):
        gate.held(created)
        with acts.working():
            acts.wait_for_lock()
            gate.open()

    assert (acts.facts(number)["state"], acts.facts(number)["touched"]) == ("done", 0)
    assert tags(house) == {}


def test_an_undo_keeps_whom_an_act_changed_meanwhile(house, created, acts):
    """The undo of the import has looked at all three, and finds other versions of two of them."""
    gate = Gate(house, events="DELETE")
    house.ask(import_commands.roll_back, created)
    with house.working(created):
        gate.held(created)
        free = house.query("SELECT id FROM contacts ORDER BY id FOR UPDATE SKIP LOCKED")
        others = [one["id"] for one in free]
        number = acts.ask(Kind.TAG, others, tags="vip")
        assert acts.do(number)["touched"] == len(others) == 2
        gate.open()

    assert list(tags(house).values()) == [["vip"]] * 2
    kept = house.query("SELECT contact_id, code FROM contact_undo_kept ORDER BY contact_id")
    assert [(one["contact_id"], one["code"]) for one in kept] == [
        (contact, "edited_since") for contact in others
    ]
    acts.undo(number)
    acts.do(number)
    assert tags(house) == {}


def test_an_act_takes_what_an_edit_wrote_and_its_undo_keeps_it(house, three, acts):
    number = acts.ask(Kind.TAG, three, tags="vip")
    values = {"tags": "own"}
    edited = uncommitted(
        house, lambda session: journal.edit_contact(session, three[0], 1, values, 1)
    )
    with acts.working_after(edited):
        acts.wait_for_lock()

    assert tags(house) == {"1": ["own", "vip"], "2": ["vip"], "3": ["vip"]}
    acts.undo(number)
    acts.do(number)
    assert tags(house) == {"1": ["own"], "2": [], "3": []}


def test_an_act_passes_over_a_contact_that_is_being_merged_away(house, three, acts):
    number = acts.ask(Kind.TAG, three, tags="vip")
    merged = uncommitted(
        house, lambda session: merging.merge_contacts(session, three[1], three[2], 1)
    )
    with acts.working_after(merged):
        acts.wait_for_lock()

    assert acts.facts(number)["touched"] == 2
    assert tags(house) == {"1": ["vip"], "2": ["vip"]}
