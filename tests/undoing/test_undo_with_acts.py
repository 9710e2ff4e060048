"""Bulk acts in the histories of imports, merges and changes by hand: whatever is undone, in any
order, the book is what it was, but for what still stands or is listed.
"""

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from sqlalchemy import text

from tests.undoing.test_undo import named
from tests.undoing.test_undo_properties import (
    EXAMPLES,
    HELD,
    History,
    emptied,
    files,
    keyed,
    numbers,
    patiently,
    sides,
    values,
)
from webapp.contacts import bulk_acts, journal
from webapp.contacts.bulk_acts import Kind, State
from webapp.undoing import undo, undo_bulk_acts

asked = st.sampled_from(
    [
        (Kind.TAG, {"tags": "a, z"}),
        (Kind.UNTAG, {"tags": "A"}),
        (Kind.RENAME_TAG, {"tag": "a", "to": "b"}),
        (Kind.SET, {"field": "first_name", "value": "z"}),
        (Kind.SET, {"field": "company", "value": ""}),
        (Kind.SET, {"field": "custom:s", "value": "9"}),
        (Kind.MOVE, {"field": "custom:s", "to": "company"}),
        (Kind.MOVE, {"field": "custom:t", "to": "custom:s"}),
        (Kind.DELETE, {}),
    ]
)
some = st.sets(numbers, min_size=1, max_size=4)
steps = st.lists(
    st.one_of(
        *[st.tuples(st.just("act"), st.tuples(asked, some))] * 3,
        *[st.tuples(st.just("import"), files)] * 2,
        st.tuples(st.just("edit"), st.tuples(numbers, values)),
        st.tuples(st.just("delete"), numbers),
        st.tuples(st.just("merge"), st.tuples(numbers, numbers, sides)),
        st.tuples(st.just("undo"), numbers),
        st.tuples(st.just("undo by hand"), numbers),
        st.tuples(st.just("undo row"), st.tuples(numbers, numbers)),
        st.tuples(st.just("undo act"), numbers),
    ),
    min_size=2,
    max_size=9,
)


class ActHistory(History):
    """A history that has bulk acts, too."""

    def __init__(self, conn, session) -> None:
        super().__init__(conn, session)
        self.acts: list[int] = []  # that changed something, and stand

    def note_changes(self) -> None:
        """An act's entries are undone with it, and stand as long as it does."""
        found = self.conn.execute(
            """SELECT id, kind, contact_id, before, after, act_id FROM contact_changes
               WHERE kind IN ('edit', 'delete') AND undone_at IS NULL"""
        ).fetchall()
        self.conn.commit()
        entries = {
            one["id"]: (one["kind"], one["contact_id"], named(one["before"], one["after"]))
            for one in found
        }
        of_acts = {one["id"] for one in found if one["act_id"]}
        self.by_hand = {key: one for key, one in entries.items() if key not in of_acts}
        self.of_acts = {key: entries[key] for key in of_acts}

    def do(self, kind: str, what) -> None:
        super().do(kind, what)
        if kind == "act":
            self.act_on(*what)
        elif kind == "undo act" and self.acts:
            self.undo_act(self.acts[what % len(self.acts)])

    def act_on(self, what: tuple[Kind, dict], whom: set[int]) -> None:
        kind, parameters = what
        found = sorted(self.contacts())
        ids = sorted({found[n % len(found)] for n in whom}) if found else []
        cleaned = bulk_acts.cleaned(kind, parameters)
        number = bulk_acts.ask(self.session, 1, kind, cleaned, ids=ids).id
        self.session.commit()
        while bulk_acts.do_batch(self.conn, number):
            pass

        done = bulk_acts.find(self.session, number)
        assert done.state == State.DONE
        if done.touched:
            self.acts.append(number)
        self.session.commit()
        HELD["contacts acted on"] += done.touched

    def undo_act(self, number: int) -> None:
        note(f"act {number}")
        bulk_acts.undo(self.session, number, 1, 30)
        self.session.commit()
        while undo_bulk_acts.undo_batch(self.conn, number):
            pass

        assert bulk_acts.find(self.session, number).state == State.UNDONE
        kept = bulk_acts.kept(self.session, number, limit=1000)
        self.told |= {(one.contact_id, one.field or "") for one in kept if one.undo}
        self.session.commit()
        self.acts.remove(number)
        HELD["kept by acts"] += len(kept)
        self.note_changes()
        self.check()

    def undo_everything(
        self, order: list[int], *, by_hand: bool, by_row: bool = False
    ) -> None:
        for place in order:
            units = [("undo", one) for one in self.standing] + [
                ("act", one) for one in self.acts
            ]
            if not units:
                break
            kind, chosen = units[place % len(units)]
            note(f"at the end: {kind} {chosen}")
            self.undo(chosen) if kind == "undo" else self.undo_act(chosen)
        while self.acts:
            self.undo_act(self.acts[0])
        super().undo_everything(order, by_hand=by_hand, by_row=by_row)

    def unexplained(self, before: dict[int, dict]) -> list[tuple[int, str]]:
        """An act's entry that its undo could not take back still stands, and is listed."""
        standing = {key: one for key, one in self.of_acts.items() if key not in self.by_hand}
        self.by_hand = self.by_hand | standing
        return super().unexplained(before)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A slow machine does not decide whether an edit comes through."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


@patiently
@given(
    book=st.lists(keyed(), min_size=1, max_size=6),
    steps=steps,
    order=st.lists(numbers, max_size=9),
    batch=st.sampled_from([1, 2, 1000]),
    by_hand=st.booleans(),
)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone")
def test_the_book_is_back_with_acts_among_the_changes(
    conn, session, book, steps, order, batch, by_hand
):
    emptied(conn, session)
    conn.execute("TRUNCATE contact_acts CASCADE")
    world = ActHistory(conn, session)
    world.put(book)
    before = world.contacts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undo, "BATCH", batch)
        patch.setattr(bulk_acts, "BATCH", batch)
        patch.setattr(undo_bulk_acts, "BATCH", batch)
        for kind, what in steps:
            world.act(kind, what)
        world.undo_everything(order, by_hand=by_hand)

    HELD["histories with acts"] += 1
    if by_hand:
        assert world.contacts() == before
        assert not session.scalar(text("SELECT count(*) FROM contact_undo_due"))
    assert world.unexplained(before) == []
    session.commit()
