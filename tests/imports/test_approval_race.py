"""A hundred approvals while the import is corrected, asked for otherwise, refused, withdrawn,
worked on, and its contacts are edited: what runs is what another person approved, and it runs
once.
"""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp import db, jobs
from webapp.contacts import journal
from webapp.deciding import approval
from webapp.imports import import_commands
from webapp.models import Contact, ContactImport, ImportLog, ImportRow
from webapp.staging import corrections
from webapp.vocabulary.refusals import Refusal

PEOPLE = 6
ABOVE = 3
BEN = PEOPLE + 2  # his row; its phone is none, so it stays on the list
HEAD = "Email,First name,Phone\n"
THERE = HEAD + "".join(f"p{n}@example.com,Ada,\n" for n in range(PEOPLE))
LARGE = HEAD + "".join(f"p{n}@example.com,Eve {{round}},\n" for n in range(PEOPLE))
LARGE += "ben{round}@example.com,Ben,12\n"
ROUNDS = 8
EACH = 5  # approvals by each of three people in a round: more than a hundred in all
PAUSE = 0.03  # seconds, at most, between two acts of a person
SAID = {
    "wrong_state",
    "own_request",
    "plan_changed",
    "plan_pending",
    "contact_busy",
    "contact_changed",
}
PATIENCE = 120


class Race:
    """One import, and what people ask of it at once."""

    def __init__(self, settings, people: dict[str, int], import_id, number: int) -> None:
        self.settings, self.people = settings, people
        self.id, self.number = import_id, number
        self.said: Counter[str] = Counter()
        self.approved: list[
            tuple
        ] = []  # what each person had seen whose approval went through
        self.over = threading.Event()

    def ask(self, what) -> None:
        """Ask and commit, as a request does; what a refusal says is counted."""
        with Session(db._engine(self.settings.database_url)) as session:
            try:
                what(session)
                session.commit()
                said = "done"
            except Refusal as refusal:
                session.rollback()
                said = refusal.code

        self.said[said] += 1

    def execute(self, size: int, by: str = "owner") -> None:
        self.ask(
            lambda session: import_commands.execute(
                session,
                self.id,
                strategy="update",
                batch_size=size,
                approval_for=partial(
                    approval.needed, session, by=self.people[by], above=ABOVE
                ),
            )
        )

    def correct(self, number: int) -> None:
        changed = {0: f"ben{self.number}-{number}@example.com"}
        self.ask(lambda session: corrections.correct(session, self.id, BEN, changed))

    def cancel(self) -> None:
        """As a person does who sees that it waits: what runs is left alone."""
        if self.seen():
            self.ask(self._withdraw)

    def _withdraw(self, session) -> None:
        run = session.get_one(ContactImport, self.id, with_for_update=True)
        if run.state == "awaiting_approval":
            import_commands.cancel(session, self.id, by=self.people["owner"])

    def edit(self, number: int) -> None:
        def ask(session) -> None:
            found = session.scalars(
                select(Contact).where(Contact.email == f"p{number % PEOPLE}@example.com")
            ).one()
            journal.edit_contact(
                session, found.id, found.version, {"notes": f"{number}"}, self.people["admin"]
            )

        self.ask(ask)

    def seen(self) -> tuple | None:
        """What a person sees who may approve: plan, when it was asked for, how it is to run, and
        Ben's address.
        """
        with Session(db._engine(self.settings.database_url)) as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            run = session.get_one(ContactImport, self.id)
            ben = session.get_one(ImportRow, (self.id, BEN)).email
            if run.state != "awaiting_approval":
                return None
            asked_at = datetime.fromisoformat(run.approval["at"])
            return run.approval["plan"], asked_at, run.batch_size, ben

    def decide(self, name: str, chance: random.Random) -> None:
        """Approve what was seen a moment ago, EACH times."""
        for _ in range(EACH):
            until = time.monotonic() + 1
            while not (seen := self.seen()) and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(chance.random() * PAUSE)
            self.approve(name, seen or ("0" * 64, None, 0, ""))

    def approve(self, name: str, seen: tuple) -> None:
        def ask(session) -> None:
            approval.approve(
                session, self.id, by=self.people[name], plan=seen[0], asked_at=seen[1]
            )
            session.commit()
            self.approved.append((name, *seen))

        self.ask(ask)

    def refuse(self) -> None:
        self.ask(lambda session: approval.refuse(session, self.id, by=self.people["admin"]))

    def work(self) -> None:
        while not self.over.is_set():
            jobs.work(str(self.id))
            self.over.wait(0.02)

    def run(self, chance: random.Random) -> None:
        """Each person in a thread; then the import is led to its end."""

        def now_and_then(*acts) -> None:
            for act in acts:
                time.sleep(chance.random() * PAUSE)
                act()

        people = [
            *(partial(self.decide, name, chance) for name in ("outsider", "admin", "owner")),
            partial(
                now_and_then, *(partial(self.execute, size) for size in (1, 2, 3, 50) * 4)
            ),
            partial(now_and_then, *(partial(self.edit, number) for number in range(6))),
            partial(now_and_then, self.refuse, self.cancel),
            partial(now_and_then, partial(self.correct, 1), partial(self.correct, 2)),
        ]
        worker = threading.Thread(target=self.work, daemon=True)
        worker.start()

        with ThreadPoolExecutor(len(people)) as pool:
            for done in [pool.submit(person) for person in people]:
                done.result(PATIENCE)

        until = time.monotonic() + PATIENCE
        while not self.approved:
            assert time.monotonic() < until, self.said
            self.execute(7)
            if seen := self.seen():
                self.approve("outsider", seen)

        self.over.set()
        worker.join(PATIENCE)
        assert not worker.is_alive()
        jobs.work(str(self.id))


@pytest.mark.timeout(600)
def test_nothing_runs_unapproved_or_twice_and_what_runs_is_what_was_approved(
    importer, session, settings, people
):
    importer.user_id = people["owner"]
    importer.run(THERE)
    said: Counter[str] = Counter()
    for number in range(ROUNDS):
        found = importer.check(LARGE.format(round=number))
        importer.work(found.id)
        race = Race(settings, people, found.id, number)
        race.run(random.Random(number))  # noqa: S311 - an order, no secret
        said += race.said
        look_at(race, session)

    assert set(said) <= SAID | {"done"}
    assert said["done"] > ROUNDS


def look_at(race: Race, session) -> None:
    session.rollback()
    run = session.get_one(ContactImport, race.id, populate_existing=True)
    assert run.state == "completed"

    # One approval went through: of this very request, by another person than who asked.
    ((name, plan, asked_at, size, ben),) = race.approved
    assert run.approval["end"] == "approved"
    assert run.approval["plan"] == plan
    assert datetime.fromisoformat(run.approval["at"]) == asked_at
    assert run.approval["ended_by"] == race.people[name] != run.approval["by"]
    assert run.batch_size == size

    log = select(ImportLog.event, ImportLog.message).where(ImportLog.import_id == race.id)
    asker, approvals, starts = None, 0, 0
    for event, person in session.execute(log.order_by(ImportLog.id)):
        if event == "approval_requested":
            assert asker is None
            asker = person
        elif event == "approved":
            assert asker not in {None, person}
            asker, approvals = None, approvals + 1
        elif event.startswith("approval_"):
            assert asker is not None
            asker = None
        elif event == "started":
            starts += 1
            assert approvals == 1
        assert event not in {"queued", "cancelled"}
    assert (approvals, starts) == (1, 1)

    # It wrote what the person had seen.
    written = text("SELECT email FROM contacts WHERE imported_from = :id")
    of_ben = session.scalars(written, {"id": str(race.id)}).all()
    assert of_ben == [ben]
    changed = text("SELECT count(*) FROM contacts WHERE first_name = :name")
    assert session.scalar(changed, {"name": f"Eve {race.number}"}) == PEOPLE
