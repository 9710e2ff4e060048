"""The sentence of docs/architecture.md, "Undo in any order", against random histories on a
real database.

Any number of imports, and any number of changes by hand, can be undone in any order. When all
imports are undone, the book is what it was before the first of them, but for what people
changed since, and that is listed. The preview of an undo says exactly what the undo does.

`make properties` runs this two thousand times and says what the histories held.
"""

import uuid
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.harness.examples import examples
from tests.undoing.test_undo import World, named, rows
from webapp.contacts import journal, merging
from webapp.contacts.addresses import as_columns
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.staging import reopening
from webapp.undoing import undo, undo_by_hand, undo_by_row
from webapp.vocabulary.choices import Side
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.strategies import Strategy

EXAMPLES = examples(15)
POOL = range(4)
KEYS = ("external_id", "email")
HELD = Counter()  # what the histories held, for the figures


@st.composite
def further(draw, main):
    """What stands behind the main addresses of a row, and their labels."""
    labels = st.sampled_from([None, None, "work"])
    row = {}
    some = draw(st.lists(st.sampled_from(POOL), max_size=2, unique=True))
    keys = [key for key in (f"a{n}@example.com" for n in some) if key != main]
    if main and keys:
        row["email_label"] = draw(labels)
        row["further_emails"] = [
            {"value": key, "key": key, "label": draw(labels)} for key in keys
        ]
    if draw(st.integers(0, 3)) == 0:
        numbers = draw(st.permutations(["+49301234567", "+49301234568", "call me"]))
        phones = [
            {"value": one, "key": one if one[0] == "+" else None, "label": draw(labels)}
            for one in numbers[: draw(st.integers(1, 3))]
        ]
        row |= as_columns(phones, "phone")
    return row


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
        row |= draw(further(row.get("email_key")))
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


def invalid():
    """A row that a person may correct after the run."""
    return keyed().map(lambda row: row | {"status": "invalid"})


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


# How a person settled rows: `chosen`, which contact of the book, by which keys.
choices = st.dictionaries(
    st.integers(2, 7),
    st.one_of(
        st.tuples(st.just("contact"), st.integers(0, 9), st.just(list(KEYS))),
        st.tuples(
            st.just("owner_of"), st.just(0), st.sampled_from(KEYS).map(lambda key: [key])
        ),
        st.tuples(st.sampled_from(["new", "leave_out"]), st.just(0), st.none()),
    ),
    min_size=1,
    max_size=4,
)
files = st.one_of(
    moved(),
    moved(),
    st.fixed_dictionaries({
        "rows": st.lists(st.one_of(keyed(), keyed(), rows(), invalid()), min_size=1, max_size=6),
        "strategy": st.sampled_from([Strategy.UPDATE, Strategy.UPDATE, Strategy.MERGE, Strategy.SKIP]),
        "match_keys": st.sampled_from([("external_id", "email"), ("email",), ("external_id",), ("phone",)]),
        "size": st.sampled_from([1, 3, 100]),
        "choices": st.one_of(st.just({}), choices),
        "batches": st.sampled_from([1, 2, 1000]),
        "again": st.lists(keyed(), max_size=4),
    }),
)  # fmt: skip


@st.composite
def lists(draw):
    """Several addresses that a person types, from the same pool, labels and order among them."""
    kind = draw(st.sampled_from(["email", "email", "phone"]))
    texts = {
        "email": [*(f"a{n}@example.com" for n in POOL), "A1@example.com", "b@example.com"],
        "phone": ["+49301234567", "+49 30 1234567", "call me", "+49301234568"],
    }
    some = draw(st.lists(st.sampled_from(texts[kind]), max_size=3, unique_by=known))
    labels = st.sampled_from([None, None, "work", "home"])
    return {kind: [{"value": one, "label": draw(labels)} for one in some]}


def known(typed: str) -> str:
    return typed.lower().replace(" ", "")


numbers = st.integers(0, 9)
values = st.sampled_from([
    {"first_name": "p"}, {"first_name": "z"}, {"tags": "a, z"}, {"tags": ""}, {"custom:s": "9"},
    *[{"external_id": f"x{n}"} for n in POOL], *[{"email": f"a{n}@example.com"} for n in POOL], {"email": ""},
])  # fmt: skip
# Which of two contacts that are merged has a field, where a person said so.
sides = st.dictionaries(
    st.sampled_from(["external_id", "email", "phone", "first_name", "custom:s"]),
    st.sampled_from(Side),
    max_size=3,
)
steps = st.lists(
    st.one_of(
        *[st.tuples(st.just("import"), files)] * 3,
        *[st.tuples(st.just("run again"), st.tuples(numbers, st.lists(keyed(), max_size=4)))]
        * 2,
        st.tuples(st.just("edit"), st.tuples(numbers, values)),
        st.tuples(st.just("edit"), st.tuples(numbers, lists())),
        st.tuples(st.just("delete"), numbers),
        st.tuples(st.just("merge"), st.tuples(numbers, numbers, sides)),
        st.tuples(st.just("undo"), numbers),
        st.tuples(st.just("undo by hand"), numbers),
        st.tuples(st.just("undo row"), st.tuples(numbers, numbers)),
    ),
    min_size=2,
    max_size=9,
)


class History(World):
    """The real book, and what people did to it and is not undone."""

    def __init__(self, conn, session) -> None:
        super().__init__(conn, session)
        self.files: dict[uuid.UUID, dict] = {}
        self.later: list[tuple[uuid.UUID, list[dict]]] = []  # second runs, a step later
        self.by_hand: dict[
            int, tuple[str, int, set[str]]
        ] = {}  # entry → kind, contact, fields
        self.told: set[tuple[int, str]] = (
            set()
        )  # what any undo listed: contact and field, "" for the whole contact

    def put(self, book: list[dict]) -> None:
        """Contacts that were there before, and of no import."""
        skip = {"strategy": Strategy.SKIP, "match_keys": KEYS, "size": 9}
        self.run(uuid.uuid4(), {"rows": book, **skip})
        self.conn.execute("UPDATE contacts SET imported_from = NULL, imported_row = NULL")
        self.conn.execute("TRUNCATE contact_import_results, contact_imports CASCADE")
        self.conn.commit()

    def note_changes(self) -> None:
        found = self.conn.execute(
            """SELECT id, kind, contact_id, before, after FROM contact_changes
               WHERE kind IN ('edit', 'delete') AND undone_at IS NULL"""
        ).fetchall()
        self.conn.commit()
        self.by_hand = {
            one["id"]: (one["kind"], one["contact_id"], named(one["before"], one["after"]))
            for one in found
        }

    def act(self, kind: str, what) -> None:
        due, self.later = self.later, []
        self.do(kind, what)
        for import_id, corrections in due:
            if import_id in self.standing:
                self.run_again(import_id, corrections)
        self.note_changes()

    def do(self, kind: str, what) -> None:
        note(f"{kind} {what}")
        HELD[kind] += 1
        if kind == "import" and len(self.standing) < 4:
            self.standing.append(new := uuid.uuid4())
            self.files[new] = what
            self.run(new, what)
            if "again" in what:
                self.later.append((new, what["again"]))
            HELD["choices"] += len(what.get("choices", ()))
        elif kind == "run again" and self.standing:
            which, corrections = what
            self.run_again(self.standing[which % len(self.standing)], corrections)
        elif kind == "edit":
            self.edit(*what)
        elif kind == "delete":
            self.delete(what)
        elif kind == "merge":
            self.merge(*what)
        elif kind == "undo" and self.standing:
            self.undo(self.standing[what % len(self.standing)])
        elif kind == "undo by hand" and self.by_hand:
            self.undo_by_hand(sorted(self.by_hand)[what % len(self.by_hand)])
        elif kind == "undo row" and self.standing:
            which, row = what
            self.undo_row(self.standing[which % len(self.standing)], row)

    def merge(self, kept: int, other: int, sides: dict[str, Side]) -> None:
        found = sorted(self.contacts())
        if len(found) < 2:
            return
        kept = found.pop(kept % len(found))
        other = found[other % len(found)]
        note(f"{other} into {kept}")
        merging.merge_contacts(self.session, kept, other, 1, choices=sides)
        self.session.commit()
        HELD["merges"] += 1

    def undo_row(self, import_id: uuid.UUID, which: int) -> None:
        """One of the rows that did something, and that is not undone. Twice is refused."""
        left = self.rows_to_undo(import_id)
        if not left:
            return
        row = left[which % len(left)]
        note(f"row {row} of {import_id}")
        planned = undo_by_row.preview_row(self.session, import_id, row)
        done = undo_by_row.undo_row(self.session, import_id, row, 1)
        self.session.commit()
        assert planned == done
        with pytest.raises(Refusal, match="row_undone"):
            undo_by_row.undo_row(self.session, import_id, row, 1)
        self.session.rollback()
        self.told |= {(one["contact_id"], one["field"] or "") for one in done.kept}
        HELD["rows kept"] += bool(done.kept)
        HELD["rows removed"] += done.removed
        self.check()

    def rows_to_undo(self, import_id: uuid.UUID) -> list[int]:
        found = self.conn.execute(
            """SELECT l.row FROM contact_import_results l
               WHERE l.import_id = %s AND l.outcome IN ('created', 'updated', 'merged')
                 AND NOT EXISTS (SELECT FROM contact_row_undos u
                   WHERE u.import_id = l.import_id AND u.row = l.row) ORDER BY l.row""",
            (import_id,),
        ).fetchall()
        self.conn.commit()
        return [one["row"] for one in found]

    def run_again(self, import_id: uuid.UUID, corrections: list[dict]) -> None:
        """Rows that did not get in are corrected and run, and then what a stop left."""
        before, file = self.contacts(), self.files[import_id]
        open_rows = self.conn.execute(
            """SELECT row FROM contact_import_results
               WHERE import_id = %s AND outcome IN ('conflict', 'invalid') ORDER BY row""",
            (import_id,),
        ).fetchall()
        for entry, row in zip(open_rows, corrections, strict=False):
            self.correct(import_id, entry["row"], row)

        last = "SELECT COALESCE(max(row), 0) AS row FROM contact_import_results WHERE import_id = %s"
        ends = self.conn.execute(last, (import_id,)).fetchone()["row"]
        for rerun, after in ((Rerun.CORRECTED, 0), (Rerun.REMAINING, ends)):
            options = Options(
                file["strategy"],
                file["match_keys"],
                rerun=rerun,
                chosen=bool(file.get("choices")),
            )
            handler = DuplicateHandler(self.conn, import_id, options)
            reached = after
            while (decided := handler.handle_duplicates(reached, file["size"])).rows:
                reached = decided.last_row
                HELD[f"rows {rerun}"] += decided.rows

        self.count_created(import_id)
        self.conn.commit()
        self.observe(import_id, before, self.contacts())

    def correct(self, import_id: uuid.UUID, number: int, row: dict) -> None:
        self.conn.execute(
            "DELETE FROM contact_import_rows WHERE import_id = %s AND row = %s",
            (import_id, number),
        )
        self.stage(import_id, number, row)
        self.conn.execute(
            "INSERT INTO contact_import_corrections (import_id, row) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            (import_id, number),
        )
        reopening.reopen(self.conn, import_id, [number])

    def undo_by_hand(self, change: int) -> bool:
        """Whether it could be undone: of a contact that is deleted, the deletion has to be
        undone first. A merge is undone by either of its entries.
        """
        try:
            planned = undo_by_hand.preview_change(self.session, change)
            done = undo_by_hand.undo_change(self.session, change, 1)
        except Refusal as refusal:
            self.session.rollback()
            if refusal.code in {"contact_gone", "change_undone"}:
                return False
            raise
        self.session.commit()
        assert planned == done
        self.told |= {(one["contact_id"], one["field"] or "") for one in done.kept}
        self.note_changes()
        return True

    def check(self) -> None:
        """After each undo no two contacts share a key, and each key is that of its address."""
        held = [name for one in self.contacts().values() for name in one if "email:" in name]
        assert len(held) == len(set(held))
        for contact in self.contacts().values():
            for address in (v for n, v in contact.items() if n.startswith("email:")):
                assert address["key"] == address["value"].lower()

    def check_list(self, _: uuid.UUID) -> None:
        self.told |= self.listed
        HELD["listed"] += len(self.listed)

    def undo_row_by_row(self, import_id: uuid.UUID, order: list[int]) -> None:
        """Each row by itself, in any order: then the undo of the import finds nothing to do."""
        for place in [*order, *([0] * len(self.rows_to_undo(import_id)))]:
            self.undo_row(import_id, place)
        before = self.contacts()
        self.undo(import_id)
        assert self.contacts() == before
        HELD["row by row"] += 1

    def undo_everything(
        self, order: list[int], *, by_hand: bool, by_row: bool = False
    ) -> None:
        for place in order:
            left = [*self.standing, *(sorted(self.by_hand) if by_hand else [])]
            if not left:
                break
            chosen = left[place % len(left)]
            note(f"at the end: undo {chosen}")
            if isinstance(chosen, int):
                self.undo_by_hand(chosen)
            elif by_row:
                self.undo_row_by_row(chosen, order)
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
        edited_contacts = {contact for contact, _ in edits}
        left += [
            (number, "nobody's") for number in now.keys() - before.keys() - edited_contacts
        ]
        for number in now.keys() & before.keys():
            for field in now[number].keys() | before[number].keys():
                if now[number].get(field) == before[number].get(field):
                    continue
                moved_up = (number, f"{field}:{now[number].get(field)}")  # as its main address
                if moved_up not in edited and not self.explained(number, field, edited):
                    lost.append((number, field))
        return lost + left

    def explained(self, number: int, field: str, edited: set[tuple[int, str]]) -> bool:
        """An address's field is told with those of its kind, and their order with any of them."""
        kind = field.removesuffix("s").partition(":")[0]
        if kind in SEVERAL:
            edits = {one.partition(":")[0] for who, one in edited if who == number}
            told = {(number, kind), (number, f"further_{kind}s")} & self.told
            return (number, field) in edited or bool(told) or (field != kind and kind in edits)
        return (number, field) in edited or (field in KEYS and (number, field) in self.told)


def emptied(conn, session) -> None:
    session.rollback()
    conn.rollback()
    conn.execute(
        """TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows, contact_undo_kept,
             contact_row_undos, contact_undo_due, contact_merges, contact_imports RESTART IDENTITY CASCADE"""
    )
    conn.commit()


@pytest.fixture
def patient(monkeypatch):
    """A slow machine does not decide whether an edit comes through."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


patiently = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@patiently
@given(
    book=st.lists(keyed(), min_size=1, max_size=6),
    steps=steps,
    order=st.lists(numbers, max_size=9),
    batch=st.sampled_from([1, 2, 1000]),
    by_hand=st.booleans(),
    lanes=st.booleans(),
)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone", "patient")
def test_the_book_is_back_whatever_the_order(
    conn, session, book, steps, order, batch, by_hand, lanes
):
    come_back(conn, session, book, steps, order, batch, by_hand=by_hand, lanes=lanes)


@patiently
@given(
    book=st.lists(keyed(), min_size=1, max_size=6),
    steps=steps,
    order=st.lists(numbers, min_size=1, max_size=9),
    by_hand=st.booleans(),
)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone", "patient")
def test_rows_undone_one_by_one_leave_nothing_to_the_import(
    conn, session, book, steps, order, by_hand
):
    come_back(conn, session, book, steps, order, 1000, by_hand=by_hand, by_row=True)


run_twice = st.fixed_dictionaries(
    {
        "rows": st.lists(st.one_of(keyed(), invalid()), min_size=2, max_size=6),
        "strategy": st.sampled_from([Strategy.UPDATE, Strategy.MERGE]),
        "match_keys": st.sampled_from(
            [("external_id", "email"), ("email",), ("external_id",)]
        ),
        "size": st.sampled_from([1, 3, 100]),
        "batches": st.sampled_from([1, 1000]),
        "again": st.lists(keyed(), min_size=1, max_size=5),
    }
)
between = st.one_of(
    st.tuples(st.just("edit"), st.tuples(numbers, values)),
    st.tuples(st.just("delete"), numbers),
    st.tuples(st.just("merge"), st.tuples(numbers, numbers, sides)),
    st.tuples(st.just("undo"), numbers),
    st.tuples(st.just("undo by hand"), numbers),
    st.tuples(st.just("undo row"), st.tuples(numbers, numbers)),
    st.tuples(st.just("import"), run_twice),
)


@patiently
@given(
    book=st.lists(keyed(), min_size=1, max_size=6),
    steps=st.lists(
        st.tuples(st.tuples(st.just("import"), run_twice), between), min_size=1, max_size=3
    ),
    order=st.lists(numbers, max_size=9),
    batch=st.sampled_from([1, 2, 1000]),
    by_hand=st.booleans(),
    lanes=st.booleans(),
)
@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.usefixtures("someone", "patient")
def test_second_runs_with_changes_before_them_are_undone(
    conn, session, book, steps, order, batch, by_hand, lanes
):
    """Each import is run again after the step that follows it."""
    flat = [step for pair in steps for step in pair]
    come_back(conn, session, book, flat, order, batch, by_hand=by_hand, lanes=lanes)


def come_back(
    conn,
    session,
    book,
    steps,
    order,
    batch,
    *,
    by_hand: bool,
    by_row: bool = False,
    lanes: bool = False,
) -> None:
    emptied(conn, session)
    world = History(conn, session)
    world.lanes = lanes
    world.put(book)
    before = world.contacts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undo, "BATCH", batch)
        patch.setattr(undo, "LEAST_BATCHES", 0)
        patch.setattr(undo, "STRIPE", 1)
        for kind, what in steps:
            world.act(kind, what)
        world.undo_everything(order, by_hand=by_hand, by_row=by_row)
    HELD["histories"] += 1
    HELD["in lanes"] += lanes
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
