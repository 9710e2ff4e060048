"""The sentence of docs/architecture.md, "Undo in any order", against random histories on a
real database.

Any number of imports, and any number of changes by hand, can be undone in any order. When all
imports are undone, the book is what it was before the first of them, but for what people
changed since, and that is listed. The preview of an undo says exactly what the undo does.

`make properties` runs this two thousand times and says what the histories held.
"""

import os
import uuid
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.undoing.test_undo import World, rows
from webapp.contacts import journal
from webapp.undoing import undo, undo_by_hand
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Strategy

EXAMPLES = int(os.environ.get("PROPERTIES", "25"))
POOL = range(4)
KEYS = ("external_id", "email")
HELD = Counter()  # what the histories held, for the figures


@st.composite
def keyed(draw):
    """A row whose keys are from a small pool: they collide, move on and come free often."""
    row = {}
    if draw(st.integers(0, 3)):
        row["external_id"] = f"x{draw(st.sampled_from(POOL))}"
    if draw(st.integers(0, 3)) or not row:
        row["email"] = draw(st.sampled_from(["A{}@example.com", "a{}@example.com"])).format(
            draw(st.sampled_from(POOL))
        )
        row["email_key"] = row["email"].lower()
    if draw(st.booleans()):
        row["first_name"] = draw(st.sampled_from("pqr"))
    if draw(st.integers(0, 2)) == 0:
        row["tags"] = draw(st.lists(st.sampled_from("abc"), max_size=3, unique=True))
    if draw(st.integers(0, 4)) == 0:
        cleared = draw(
            st.sets(st.sampled_from(["email", "first_name", "tags"]), min_size=1)
        ) - set(row)
        row["clears"] = sorted(cleared) or None
    return row


@st.composite
def moved(draw):
    """A file that hands the keys of one kind around: swaps, rotations, half of them, and keys
    that come free.
    """
    order = draw(st.permutations(POOL))
    stays = draw(st.sampled_from(KEYS))
    some = draw(st.sets(st.sampled_from(POOL), min_size=1))
    away = draw(st.booleans())
    file = []
    for old, new in zip(POOL, order, strict=True):
        if old in some:
            keys = {"external_id": new, "email": new, stays: old}
            mail = f"{'far' if away and stays == 'external_id' else 'a'}{keys['email']}@example.com"
            number = f"{'far' if away and stays == 'email' else 'x'}{keys['external_id']}"
            file.append({"external_id": number, "email": mail, "email_key": mail})
    return {
        "rows": file,
        "strategy": Strategy.UPDATE,
        "match_keys": (stays,),
        "size": draw(st.sampled_from([2, 100])),
    }


files = st.one_of(
    moved(),
    moved(),
    st.fixed_dictionaries({
        "rows": st.lists(st.one_of(keyed(), keyed(), rows()), min_size=1, max_size=6),
        "strategy": st.sampled_from([Strategy.UPDATE, Strategy.UPDATE, Strategy.MERGE, Strategy.SKIP]),
        "match_keys": st.sampled_from([("external_id", "email"), ("email",), ("external_id",), ("phone",)]),
        "size": st.sampled_from([1, 3, 100]),
    }),
)  # fmt: skip
numbers = st.integers(0, 9)
values = st.sampled_from([
    {"first_name": "p"}, {"first_name": "z"}, {"tags": "a, z"}, {"tags": ""}, {"custom:s": "9"},
    *[{"external_id": f"x{n}"} for n in POOL], *[{"email": f"a{n}@example.com"} for n in POOL], {"email": ""},
])  # fmt: skip
steps = st.lists(
    st.one_of(
        *[st.tuples(st.just("import"), files)] * 3,
        st.tuples(st.just("edit"), st.tuples(numbers, values)),
        st.tuples(st.just("delete"), numbers),
        st.tuples(st.just("undo"), numbers),
        st.tuples(st.just("undo by hand"), numbers),
    ),
    min_size=2,
    max_size=9,
)


class History(World):
    """The real book, and what people did to it and is not undone."""

    def __init__(self, conn, session) -> None:
        super().__init__(conn, session)
        self.by_hand: dict[
            int, tuple[str, int, set[str]]
        ] = {}  # entry → kind, contact, fields
        self.told: set[tuple[int, str]] = (
            set()
        )  # what any undo listed: contact and field, "" for the whole contact

    def note_changes(self) -> None:
        found = self.conn.execute(
            """SELECT id, kind, contact_id, ARRAY(SELECT jsonb_object_keys(before)) AS fields FROM contact_changes
               WHERE kind IN ('edit', 'delete') AND undone_at IS NULL"""
        ).fetchall()
        self.conn.commit()
        self.by_hand = {
            one["id"]: (one["kind"], one["contact_id"], set(one["fields"])) for one in found
        }

    def act(self, kind: str, what) -> None:
        note(f"{kind} {what}")
        HELD[kind] += 1
        if kind == "import" and len(self.standing) < 4:
            self.standing.append(new := uuid.uuid4())
            self.run(new, what)
        elif kind == "edit":
            self.edit(*what)
        elif kind == "delete":
            self.delete(what)
        elif kind == "undo" and self.standing:
            self.undo(self.standing[what % len(self.standing)])
        elif kind == "undo by hand" and self.by_hand:
            self.undo_by_hand(sorted(self.by_hand)[what % len(self.by_hand)])
        self.note_changes()

    def undo_by_hand(self, change: int) -> bool:
        """Whether it could be undone: of a contact that is deleted, the deletion has to be
        undone first.
        """
        try:
            planned = undo_by_hand.preview_change(self.session, change)
            done = undo_by_hand.undo_change(self.session, change, 1)
        except Refusal as refusal:
            self.session.rollback()
            if refusal.code == "contact_gone":
                return False
            raise
        self.session.commit()
        assert planned == done
        self.told |= {(one["contact_id"], one["field"] or "") for one in done.kept}
        self.note_changes()
        return True

    def check(self) -> None:
        """After each undo no two contacts share a key, and each key is that of its field."""
        for contact in self.contacts().values():
            assert contact["email_key"] == (contact["email"] and contact["email"].lower())

    def check_list(self, _: uuid.UUID) -> None:
        self.told |= self.listed
        HELD["listed"] += len(self.listed)

    def undo_everything(self, order: list[int], *, by_hand: bool) -> None:
        for place in order:
            left = [*self.standing, *(sorted(self.by_hand) if by_hand else [])]
            if not left:
                break
            chosen = left[place % len(left)]
            note(f"at the end: undo {chosen}")
            if isinstance(chosen, int):
                self.undo_by_hand(chosen)
            else:
                self.undo(chosen)
        while self.standing:
            self.undo(self.standing[0])
        while by_hand and self.by_hand:
            done = [self.undo_by_hand(change) for change in sorted(self.by_hand, reverse=True)]
            assert any(done)

    def unexplained(self, before: dict[int, dict]) -> list[tuple[int, str]]:
        """Where the book differs from what it was, but neither by what people did and still
        stands, nor listed.
        """
        now = self.contacts()
        edits = [
            (contact, fields)
            for kind, contact, fields in self.by_hand.values()
            if kind == "edit"
        ]
        edited = {(contact, field) for contact, fields in edits for field in fields}
        deleted = {contact for kind, contact, _ in self.by_hand.values() if kind == "delete"}
        lost = [(number, "gone") for number in before.keys() - now.keys() - deleted]
        left = [
            (number, "stays")
            for number in now.keys() - before.keys()
            if (number, "") not in self.told
        ]
        edited_contacts = {contact for contact, _ in edited}
        left += [
            (number, "nobody's") for number in now.keys() - before.keys() - edited_contacts
        ]
        for number in now.keys() & before.keys():
            for field in now[number].keys() | before[number].keys():
                if (
                    now[number].get(field) != before[number].get(field)
                    and (number, field) not in edited
                ):
                    told = (number, field.removesuffix("_key")) in self.told
                    lost += (
                        []
                        if told and field.removesuffix("_key") in KEYS
                        else [(number, field)]
                    )
        return lost + left


def emptied(conn, session) -> None:
    session.rollback()
    conn.rollback()
    conn.execute(
        """TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows, contact_undo_kept,
             contact_undo_due, contact_imports RESTART IDENTITY CASCADE"""
    )
    conn.commit()


@pytest.fixture
def patient(monkeypatch):
    """A slow machine does not decide whether an edit comes through."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    book=st.lists(keyed(), min_size=1, max_size=6),
    steps=steps,
    order=st.lists(numbers, max_size=9),
    batch=st.sampled_from([1, 2, 1000]),
    by_hand=st.booleans(),
)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone", "patient")
def test_the_book_is_back_whatever_the_order(
    conn, session, book, steps, order, batch, by_hand
):
    emptied(conn, session)
    world = History(conn, session)
    world.run(
        uuid.uuid4(), {"rows": book, "strategy": Strategy.SKIP, "match_keys": KEYS, "size": 9}
    )
    conn.execute("UPDATE contacts SET imported_from = NULL, imported_row = NULL")
    conn.execute("TRUNCATE contact_import_results, contact_imports CASCADE")
    conn.commit()
    before = world.contacts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undo, "BATCH", batch)
        for kind, what in steps:
            world.act(kind, what)
        world.undo_everything(order, by_hand=by_hand)
    HELD["histories"] += 1
    HELD["without a difference"] += world.contacts() == before
    if by_hand:
        assert world.contacts() == before
        assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))
    assert world.unexplained(before) == []
    session.commit()


def test_the_histories_are_worth_their_time(record_property, capsys):
    """Most of them hold imports, undos and changes by hand; the figures are for `make
    properties`.
    """
    if not HELD["histories"]:
        pytest.skip("the property above did not run in this process")
    with capsys.disabled():
        print("\n" + ", ".join(f"{name}: {count}" for name, count in sorted(HELD.items())))  # noqa: T201
    assert 2 * HELD["import"] > HELD["histories"]
