"""The sentence about merges of docs/architecture.md, against random histories on a real database.

After a merge, any imports, edits, deletions and further merges, and the undo of that merge, the
book is what it was before the merge, but for what was changed since. That stays, and is listed.
"""

import uuid

import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from tests.undoing.test_undo import named
from tests.undoing.test_undo_properties import (
    KEYS,
    History,
    emptied,
    files,
    keyed,
    lists,
    numbers,
    patiently,
    sides,
    values,
)
from tests.undoing.test_undo_properties import patient as patient  # noqa: PLC0414 - a fixture
from webapp.contacts import merging
from webapp.undoing import undo_by_hand
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.strategies import Strategy

Field = tuple[int, str]
imports = st.tuples(st.just("import"), files)
edits = st.tuples(st.just("edit"), st.tuples(numbers, values | lists()))
after_a_merge = st.one_of(
    imports,
    edits,
    edits,
    st.tuples(st.just("edit kept"), values | lists()),
    st.tuples(st.just("delete"), numbers),
    st.tuples(st.just("merge"), st.tuples(numbers, numbers, sides)),
)


@patiently
@given(
    book=st.lists(keyed(), min_size=2, max_size=5),
    first=st.lists(imports | edits, max_size=2),
    merge=st.tuples(numbers, numbers, sides),
    then=st.lists(after_a_merge, max_size=4),
)
@pytest.mark.usefixtures("someone", "patient")
def test_an_undone_merge_leaves_what_was_changed_since(
    conn, session, book, first, merge, then
):
    emptied(conn, session)
    history = History(conn, session)
    file = {"rows": book, "strategy": Strategy.SKIP, "match_keys": KEYS, "size": 9}
    history.run(uuid.uuid4(), file)
    for kind, what in first:
        history.act(kind, what)

    before = history.contacts()
    assume(len(before) > 1)
    unmerging = Unmerging(history, before, *two_of(before, *merge[:2]))
    change = merging.merge_contacts(
        session, unmerging.kept, unmerging.other, 1, choices=merge[2]
    ).change_id
    session.commit()
    for kind, what in then:
        if kind != "edit kept":
            history.act(kind, what)
        elif unmerging.kept in (now := history.contacts()):
            history.edit_contact(unmerging.kept, what, now)

    unmerging.undo(change)


def two_of(book: dict[int, dict], kept: int, other: int) -> tuple[int, int]:
    found = sorted(book)
    return found.pop(kept % len(found)), found[other % len(found)]


class Unmerging:
    """A merge that is undone, and what the book was before it."""

    def __init__(self, history: History, before: dict[int, dict], kept: int, other: int):
        self.history, self.before, self.kept, self.other = history, before, kept, other

    def undo(self, change: int) -> None:
        until = self.history.contacts()
        written = self._written_since(change)
        done = undo_by_hand.undo_change(self.history.session, change, 1)
        self.history.session.commit()
        self.now = self.history.contacts()
        told = {(one["contact_id"], one["field"]) for one in done.kept}
        note(f"kept {self.kept}, other {self.other}, told {told}")

        pair = {self.kept, self.other}
        assert without(self.now, pair) == without(until, pair)
        assert (done.there, done.other_there) == (self.kept in until, True)
        self._is_as_before(self.other, told, {})
        if done.there:
            self._is_as_before(self.kept, told, written)
            self._stays(until[self.kept], written)
            assert {(self.kept, group(field)) for field in written} <= {
                (number, group(field)) for number, field in told
            }

        for number, field in told:
            since = number == self.kept and group(field) in set(map(group, written))
            assert since or field in KEYS, (number, field)

    def _written_since(self, change: int) -> dict[str, bool]:
        """The fields of the kept contact that standing entries since the merge name; of a tag
        whether the last of them left it.
        """
        found = self.history.conn.execute(
            """SELECT before, after FROM contact_changes WHERE contact_id = %s AND id > %s
                 AND kind IN ('import', 'edit') AND undone_at IS NULL ORDER BY id""",
            (self.kept, change),
        ).fetchall()
        self.history.conn.commit()
        written: dict[str, bool] = {}
        for entry in found:
            written |= dict.fromkeys(named(entry["before"], entry["after"]), True)
            was, is_ = (set(entry[side].get("tags") or ()) for side in ("before", "after"))
            written |= {f"tag:{tag}": tag in is_ for tag in was ^ is_}

        return written

    def _is_as_before(self, number: int, told: set[Field], written: dict[str, bool]) -> None:
        was, now = self.before[number], self.now[number]
        for field in was.keys() | now.keys():
            if field in written or was.get(field) == now.get(field):
                continue
            if field == "tags":
                assert sorted(now["tags"]) == sorted(tags_with(was["tags"], written))
            elif (kind := group(field)) in SEVERAL:
                self._address_is_as_before(number, field, kind, told, written)
            else:
                assert field == "external_id"
                assert was[field] is not None
                assert (number, field) in told
                assert self._is_taken(number, "external_id", was["external_id"])

    def _address_is_as_before(
        self, number: int, field: str, kind: str, told: set[Field], written: dict[str, bool]
    ) -> None:
        """Which is the main one, and the order, follow from which addresses are there."""
        lacking = self.before[number].get(field) is not None and ":" in field
        if lacking and self._is_taken(number, field):
            assert (number, kind) in told
            return

        others_differ = (number, kind) in told or kind in set(map(group, written))
        assert ":" not in field and others_differ, (number, field)  # noqa: PT018 - one thought

    def _is_taken(self, number: int, field: str, value: str | None = None) -> bool:
        """Whether another contact has this field, and in it this value."""
        others = [one for who, one in self.now.items() if who != number]
        return any(field in one and value in (None, one[field]) for one in others)

    def _stays(self, until: dict, written: dict[str, bool]) -> None:
        """What was written since is what it was a moment ago."""
        now = self.now[self.kept]
        for field in written:
            if not field.startswith("tag") and field not in SEVERAL:
                assert now.get(field) == until.get(field), field
        left = {field: there for field, there in written.items() if field.startswith("tag:")}
        for field, there in left.items():
            assert (field.removeprefix("tag:") in now["tags"]) == there


def without(book: dict[int, dict], numbers: set[int]) -> dict[int, dict]:
    return {number: contact for number, contact in book.items() if number not in numbers}


def group(field: str) -> str:
    """E-mails, phones and tags are each told as one field."""
    if field.startswith("tag:"):
        return "tags"
    kind = field.removeprefix("further_").partition(":")[0].removesuffix("s")
    return kind if kind in SEVERAL else field


def tags_with(tags: list[str], written: dict[str, bool]) -> list[str]:
    changed = {
        field.removeprefix("tag:"): there
        for field, there in written.items()
        if field.startswith("tag:")
    }
    return [tag for tag in tags if changed.get(tag, True)] + [
        tag for tag, there in changed.items() if there and tag not in tags
    ]
