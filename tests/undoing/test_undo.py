"""Undo as a property: whatever was imported, edited and deleted, and in whatever order imports
are taken back.

The model is one sentence: a field holds what the last standing change of it left, or else what
it was at first. A change stands unless its import was taken back. Exceptions are the two that
people can cause: a field that a person edited back to what an import wrote, and a key that
another contact holds by now.
"""

import uuid
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import select, text

from tests.deciding.test_decision import people
from tests.harness.examples import examples
from webapp import db
from webapp.checking.checked_rows import identity
from webapp.contacts import journal
from webapp.contacts.addresses import addresses_of, columns_of, differing
from webapp.deciding.decision import Options
from webapp.deciding.duplicates import DuplicateHandler
from webapp.imports.leases import Lease
from webapp.models import Contact, ContactImport
from webapp.reports import exports
from webapp.undoing import undo, undo_preview
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.strategies import Strategy

MOVING = "'{version,updated_at,person_key,person_version}'::text[]"
WITH_JSON = ("custom", *FURTHER_COLUMN.values())
CLEARABLE = ["email", "first_name", "company", "tags", "custom:s"]


@st.composite
def rows(draw):
    """A staged row; few values, so that keys collide, swap and come again within the file.

    A cell says or clears.
    """
    row = draw(people())
    said = {*row, *(f"custom:{name}" for name in row.get("custom", ()))}
    if draw(st.integers(0, 4)) == 0:
        cleared = draw(st.sets(st.sampled_from(CLEARABLE), min_size=1, max_size=2)) - said
        row["clears"] = sorted(cleared) or None
    return row


imports = st.fixed_dictionaries(
    {
        "rows": st.lists(rows(), min_size=1, max_size=6),
        "strategy": st.sampled_from(Strategy),
        "match_keys": st.sampled_from(
            [("external_id", "email"), ("email",), ("external_id",)]
        ),
        "size": st.sampled_from([1, 3, 100]),
    }
)
edits = st.fixed_dictionaries({
    "whom": st.integers(0, 9),
    "values": st.sampled_from([
        {"first_name": "p"}, {"first_name": "z"}, {"company": "q"}, {"company": ""}, {"tags": "a, z"}, {"tags": ""},
        {"custom:s": "1"}, {"custom:s": "9"}, {"external_id": "x1"}, {"email": "a2@example.com"}, {"email": ""},
    ]),
})  # fmt: skip
steps = st.lists(
    st.one_of(
        st.tuples(st.just("import"), imports),
        st.tuples(st.just("import"), imports),
        st.tuples(st.just("edit"), edits),
        st.tuples(st.just("edit again"), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.tuples(st.just("undo"), st.integers(0, 2)),
    ),
    min_size=1,
    max_size=7,
)


Written = frozenset[tuple[int, str]]  # contact and field


class World:
    """The real book, and beside it what the model remembers of it."""

    def __init__(self, conn, session) -> None:
        self.conn, self.session = conn, session
        self.standing: list[uuid.UUID] = []
        self.undone: set[uuid.UUID] = set()
        self.first: dict[int, dict] = {}  # each contact as it was at first
        self.creator: dict[int, uuid.UUID] = {}
        self.chains: dict[
            tuple[int, str], list[tuple[object, object]]
        ] = {}  # (who, value left), oldest first
        self.edited: set[int] = set()
        self.listed: set[tuple[int, str]] = set()  # by the last undo; "" is the whole contact
        self.edits: dict[tuple[int, str], list[object]] = {}
        self.deleted: set[int] = set()
        self.lanes = False  # whether undos take two

    def contacts(self) -> dict[int, dict]:
        """Every column but what each change moves, and what is made of the others."""
        found = self.conn.execute(
            f"SELECT to_jsonb(c) - {MOVING} AS contact FROM contacts c"
        ).fetchall()
        self.conn.commit()
        return {row["contact"]["id"]: flat(row["contact"]) for row in found}

    def observe(
        self,
        who,
        before: dict[int, dict],
        after: dict[int, dict],
        written: Written = frozenset(),
    ) -> None:
        """`written` are fields that were changed, though perhaps back again within the same
        import.
        """
        for number, contact in after.items():
            if number not in before:
                self.first[number], self.creator[number] = contact, who
                continue
            names = before[number].keys() | contact.keys()
            changed = {
                n
                for n in names
                if before[number].get(n) != contact.get(n) or (number, n) in written
            }
            for name in changed:
                self.chains.setdefault((number, name), []).append((who, contact.get(name)))

    def run(self, import_id: uuid.UUID, what: dict) -> None:
        before = self.contacts()
        self.conn.execute(
            """INSERT INTO contact_imports (id, created_by, state, filename, size_bytes, sha256, format, header_row,
                 columns, sample, suggested_mapping, completed_at)
               VALUES (%s, 1, 'completed', 'f.csv', 1, '', 'csv', 1, '[]', '[]', '[]', now())""",
            (import_id,),
        )
        for number, row in enumerate(what["rows"], 2):
            self.stage(import_id, number, row)
        choices = what.get("choices", {})
        for number, (chosen, whom, by) in choices.items():
            contact = (
                [*sorted(before), 0][whom % (len(before) + 1)] if chosen == "contact" else None
            )
            self.conn.execute(
                "INSERT INTO contact_import_choices VALUES (%s, %s, %s, %s, %s)",
                (import_id, number, chosen, contact, by),
            )
        options = Options(what["strategy"], what["match_keys"], chosen=bool(choices))
        handler, after = DuplicateHandler(self.conn, import_id, options), 0
        batches = what.get("batches", 1000)  # before a person stops it
        while batches and (decided := handler.handle_duplicates(after, what["size"])).rows:
            after, batches = decided.last_row, batches - 1
        self.count_created(import_id)
        self.conn.commit()
        self.observe(import_id, before, self.contacts(), self.written(import_id))

    def stage(self, import_id: uuid.UUID, number: int, row: dict) -> None:
        values = {n: Jsonb(v) if n in WITH_JSON else v for n, v in row.items()}
        names = ", ".join(["import_id", "row", *values])
        marks = ", ".join(["%s"] * (len(values) + 2))
        self.conn.execute(
            f"INSERT INTO contact_import_rows ({names}) VALUES ({marks})",
            [import_id, number, *values.values()],
        )

    def count_created(self, import_id: uuid.UUID) -> None:
        self.conn.execute(
            """UPDATE contact_imports SET created = (SELECT count(*) FROM contact_import_results
                 WHERE import_id = %(id)s AND outcome = 'created') WHERE id = %(id)s""",
            {"id": import_id},
        )

    def written(self, import_id: uuid.UUID) -> Written:
        question = "SELECT contact_id, before, after FROM contact_changes WHERE import_id = %s"
        found = self.conn.execute(question, (import_id,)).fetchall()
        self.conn.commit()
        return frozenset(
            (row["contact_id"], field)
            for row in found
            for field in named(row["before"], row["after"])
        )

    def written_by_hand(self, number: int) -> Written:
        """Of the last edit."""
        question = """SELECT before, after FROM contact_changes
                      WHERE contact_id = %s AND kind = 'edit' ORDER BY id DESC LIMIT 1"""
        found = self.conn.execute(question, (number,)).fetchall()
        self.conn.commit()
        return frozenset(
            (number, name) for row in found for name in named(row["before"], row["after"])
        )

    def edit(self, whom: int, values: dict[str, str]) -> None:
        before = self.contacts()
        if not before:
            return
        self.edit_contact(sorted(before)[whom % len(before)], values, before)

    def edit_again(self, which: int) -> None:
        """Edit a field that an import changed: what an undo has to keep, and to list."""
        found = self.conn.execute(
            """SELECT h.contact_id, f.name FROM contact_changes h, jsonb_object_keys(h.after) AS f(name)
               WHERE h.kind = 'import' AND f.name IN ('first_name', 'company', 'custom:s', 'custom:t')
                 AND EXISTS (SELECT FROM contacts c WHERE c.id = h.contact_id) ORDER BY h.id, f.name"""
        ).fetchall()
        self.conn.commit()
        if found:
            change = found[which % len(found)]
            self.edit_contact(
                change["contact_id"], {change["name"]: "person"}, self.contacts()
            )

    def edit_contact(
        self, number: int, values: dict[str, Any], before: dict[int, dict]
    ) -> None:
        """`values` are texts, or lists of addresses by their kind."""
        contact = self.session.get_one(Contact, number, populate_existing=True)
        version = contact.version
        lists = {kind: some for kind, some in values.items() if isinstance(some, list)}
        texts = {name: text for name, text in values.items() if name not in lists}
        try:
            journal.edit_contact(
                self.session, number, contact.version, texts, 1, addresses=lists
            )
        except Refusal:
            self.session.rollback()
            return
        same = contact.version == version
        self.session.commit()
        if same:
            return
        after = self.contacts()
        self.observe("person", before, after, self.written_by_hand(number))
        for name in before[number].keys() | after[number].keys():
            if before[number].get(name) != after[number].get(name):
                self.edited.add(number)
                self.edits.setdefault((number, name), []).append(after[number].get(name))

    def delete(self, whom: int) -> None:
        if found := sorted(self.contacts()):
            number = found[whom % len(found)]
            contact = self.session.get_one(Contact, number, populate_existing=True)
            journal.delete_contact(self.session, number, contact.version, 1)
            self.session.commit()
            self.deleted.add(number)

    def second_lane(self):
        """How the second lane of an undo connects, where two are drawn."""
        url = self.session.get_bind().url.render_as_string(hide_password=False)
        return partial(db.connect_job, url) if self.lanes else None

    def undo(self, import_id: uuid.UUID) -> None:
        planned = undo_preview.preview(self.session, import_id)
        self.session.commit()
        lease = Lease(import_id, 1, 0)
        self.conn.execute(
            "UPDATE contact_imports SET state = 'rolling_back', lease_token = 1 WHERE id = %s",
            (import_id,),
        )
        self.conn.commit()
        while not undo.undo_slice(self.conn, lease, lambda: True, self.second_lane):
            pass
        done = self.conn.execute(
            "SELECT state, rollback FROM contact_imports WHERE id = %s", (import_id,)
        ).fetchone()
        self.standing.remove(import_id)
        self.undone.add(import_id)
        undone = SimpleNamespace(**done["rollback"])
        assert done["state"] == "rolled_back"
        assert (planned.removed, planned.restored, planned.kept) == (
            undone.removed,
            undone.restored,
            undone.kept,
        )
        foretold = sorted(
            (one["contact_id"], one["field"] or "", one["code"]) for one in planned.conflicts
        )
        listed = [
            (one.contact_id, one.field or "", one.code)
            for one in undo.kept(self.session, import_id)
        ]
        self.session.commit()
        assert foretold == sorted(listed)
        self.listed = {(number, name) for number, name, _ in listed}
        assert undone.through == undone.total
        self.check()
        self.check_list(import_id)

    def check_list(self, import_id: uuid.UUID) -> None:
        """What does not hold what stood under the import is listed; of a created contact, that
        it stays.
        """
        now = self.contacts()
        for (number, name), chain in self.chains.items():
            if (
                number not in now
                or self.creator[number] == import_id
                or name in {"tags", "emails", "phones"}
            ):
                continue
            before = (
                [who for who, _ in chain].index(import_id)
                if import_id in [who for who, _ in chain]
                else None
            )
            if before is not None and now[number].get(name) != self.standing_at(
                number, name, before
            ):
                assert self.is_listed(number, name), (number, name)
        for number, creator in self.creator.items():
            if creator == import_id:
                assert ((number, "") in self.listed) == (
                    number in now or number in self.deleted
                ), number

    def is_listed(self, number: int, name: str) -> bool:
        """An address is listed with those of its kind; the main one may be one that is lacking."""
        kind = name.partition(":")[0]
        return bool(
            {(number, name), (number, kind), (number, f"further_{kind}s")} & self.listed
        )

    def expected(self, number: int, name: str) -> object:
        return self.standing_at(number, name, None)

    def standing_at(self, number: int, name: str, end: int | None) -> object:
        """What the field holds by its chain of changes, up to the one numbered `end`."""
        left = [
            value
            for who, value in self.chains.get((number, name), [])[:end]
            if who not in self.undone
        ]
        return left[-1] if left else self.first[number].get(name)

    def touched(self, number: int) -> bool:
        found = self.conn.execute(
            """SELECT 1 FROM contact_changes h JOIN contact_imports i ON i.id = h.import_id
               WHERE h.contact_id = %s AND h.kind = 'import' AND i.state <> 'rolled_back' LIMIT 1""",
            (number,),
        ).fetchone()
        return found is not None

    def check(self) -> None:
        now = self.contacts()
        for number, creator in self.creator.items():
            stays = creator not in self.undone or number in self.edited or self.touched(number)
            assert (number in now) == (stays and number not in self.deleted), number
        for number, contact in now.items():
            derived = {"tags", "emails", "phones"}
            for name in (set(contact) | set(self.first[number])) - derived:
                self.check_field(number, name, now)
            for address in (v for n, v in contact.items() if n.startswith("email:")):
                assert address["key"] == address["value"].lower()
            if self.undone and not self.standing and (number, "tags") not in self.edits:
                assert contact["tags"] == self.first[number]["tags"]

    def check_field(self, number: int, name: str, now: dict[int, dict]) -> None:
        value, expected = now[number].get(name), self.expected(number, name)
        if value == expected or self.taken(number, name, expected, now):
            return
        if name in SEVERAL and f"{name}:{expected}" not in now[number]:
            return  # Another one is the main one, where that is not there.
        assert value in [*self.edits.get((number, name), []), self.first[number].get(name)], (
            number,
            name,
            expected,
        )
        assert (number, name) in self.edits, (number, name, value, expected)

    def taken(self, number: int, name: str, expected: object, now: dict[int, dict]) -> bool:
        """Somebody else holds the key: until the last import is undone, or for good where a
        person gave it.
        """
        if not (name == "external_id" or name.startswith("email:")):
            return False
        if expected is None or not (self.standing or self.edits):
            return False
        held = name if name != "external_id" else None
        return any(
            (held in other if held else other["external_id"] == expected)
            for who, other in now.items()
            if who != number
        )


@pytest.fixture
def patient(monkeypatch):
    """A slow machine does not decide whether an edit comes through."""
    monkeypatch.setattr(journal, "LONGEST_WAIT", 60)


def flat(row: dict) -> dict:
    """A contact's fields: each custom field is one, and each address by what it is known by; the
    main one is that of its kind, and `emails`, `phones` are their order.
    """
    columns = {name for kind in SEVERAL for name in columns_of(kind)} | {"custom"}
    fields = {n: v for n, v in row.items() if n not in columns}
    fields |= {f"custom:{k}": v for k, v in row["custom"].items()}
    for kind in SEVERAL:
        held = addresses_of(row, kind)
        fields |= {f"{kind}:{identity(one)}": one for one in held}
        fields[f"{kind}s"] = [identity(one) for one in held]
        fields[kind] = identity(held[0]) if held else None
    return fields


def named(before: dict, after: dict) -> set[str]:
    """The fields that a journal's entry names."""
    fields = {n for n in after if not any(n in columns_of(kind) for kind in SEVERAL)}
    for kind in SEVERAL:
        sides = (addresses_of(side, kind) for side in (before, after))
        fields |= {f"{kind}:{known}" for known in differing(*sides)}
        fields |= {kind} & set(after)
    return fields


@settings(
    max_examples=examples(25, 60),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    book=st.lists(rows(), max_size=6), steps=steps, order=st.tuples(*[st.integers(0, 2)] * 3)
)
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("someone", "patient")
def test_taking_back_brings_the_book_back(conn, session, book, steps, order):
    session.rollback()
    conn.rollback()
    conn.execute(
        """TRUNCATE contacts, contact_changes, contact_import_results, contact_import_rows, contact_undo_kept,
             contact_undo_due, contact_imports RESTART IDENTITY CASCADE"""
    )
    conn.commit()
    world = World(conn, session)
    keys = ("external_id", "email")
    world.run(
        uuid.uuid4(), {"rows": book, "strategy": Strategy.SKIP, "match_keys": keys, "size": 9}
    )
    for kind, what in steps:
        note(f"{kind} {what}")
        if kind == "import" and len(world.standing) < 3:
            world.standing.append(new := uuid.uuid4())
            world.run(new, what)
        elif kind == "edit":
            world.edit(**what)
        elif kind == "edit again":
            world.edit_again(what)
        elif kind == "delete":
            world.delete(what)
        elif kind == "undo" and world.standing:
            world.undo(world.standing[what % len(world.standing)])
    for which in order[: len(world.standing)]:
        note("undo at the end")
        world.undo(world.standing[which % len(world.standing)])


SWAP = "ID,Email,First name\n1,new@example.com,Anna\n"
KEPT = ("contact_id", "field", "code", "wanted", "now")


def lines(session, import_id) -> list[tuple]:
    return [
        tuple(getattr(one, name) for name in KEPT) for one in undo.kept(session, import_id)
    ]


def of(session, number: str) -> Contact:
    return session.scalars(select(Contact).where(Contact.external_id == number)).one()


@pytest.fixture
def changed(importer, session):
    """An import that gave contact 1 another address and another name."""
    importer.run("ID,Email,First name\n1,ann@example.com,Ann\n2,ben@example.com,Ben\n")
    return importer.run(SWAP, "update", match_keys=["external_id"])


def test_an_address_that_a_person_gave_away_stays_where_it_is(importer, session, changed):
    one, two = of(session, "1"), of(session, "2")
    journal.edit_contact(
        session, two.id, two.version, {"email": "ann@example.com"}, importer.user_id
    )
    session.commit()
    planned = undo_preview.preview(session, changed.id)
    undone = importer.undo(changed.id)
    assert lines(session, changed.id) == [
        (one.id, "email", "key_taken_on_undo", "ann@example.com", None)
    ]
    (listed,) = undo.kept(session, changed.id)
    assert (listed.by_person, listed.by_file) == ("someone@example.com", None)
    assert (
        (planned.restored, planned.kept)
        == (undone.rollback["restored"], undone.rollback["kept"])
        == (1, 1)
    )
    assert (of(session, "1").email, of(session, "1").first_name) == (None, "Ann")
    assert of(session, "2").email == "ann@example.com"


def test_an_address_that_a_later_import_gave_away_comes_back_with_it(
    importer, session, changed
):
    one = of(session, "1")
    later = importer.run("ID,Email\n2,ann@example.com\n", "update", match_keys=["external_id"])
    importer.undo(changed.id)
    assert [line[:3] for line in lines(session, changed.id)] == [
        (one.id, "email", "key_taken_on_undo")
    ]
    assert undo.kept(session, changed.id)[0].changed_by_import == later.id
    importer.undo(later.id)
    assert lines(session, later.id) == []
    assert [of(session, number).email for number in "12"] == [
        "ann@example.com",
        "ben@example.com",
    ]


def test_a_contact_deleted_meanwhile_is_listed_with_who_and_counted_nowhere(
    importer, session, changed
):
    for number in "12":
        gone = of(session, number)
        journal.delete_contact(session, gone.id, gone.version, importer.user_id)
    session.commit()
    first = session.scalars(select(ContactImport).where(ContactImport.id != changed.id)).one()
    for import_id, rows in ((changed.id, 1), (first.id, 2)):
        planned = undo_preview.preview(session, import_id)
        undone = importer.undo(import_id)
        assert [line[1:] for line in lines(session, import_id)] == [
            (None, "deleted_meanwhile", None, None)
        ] * rows
        assert {one.by_person for one in undo.kept(session, import_id)} == {
            "someone@example.com"
        }
        assert [undone.rollback[name] for name in ("removed", "restored", "kept")] == [0, 0, 0]
        assert (planned.removed, planned.restored, planned.kept, len(planned.conflicts)) == (
            0,
            0,
            0,
            rows,
        )


def test_a_contact_that_the_database_will_not_let_go_stays_alone(importer, session):
    """Somebody else's table refers to one of them; its constraint speaks up at the commit only."""
    people = "".join(f"{n},p{n}@example.com\n" for n in range(1, 301))
    done = importer.run("ID,Email\n" + people)
    session.execute(
        text(
            """CREATE TABLE invoices (contact_id bigint
                 CONSTRAINT of_contact REFERENCES contacts (id) DEFERRABLE INITIALLY DEFERRED)"""
        )
    )
    held = of(session, "137")
    session.execute(text("INSERT INTO invoices VALUES (:id)"), {"id": held.id})
    session.commit()
    undone = importer.undo(done.id)
    assert undone.state == "rolled_back"
    assert [undone.rollback[name] for name in ("removed", "restored", "kept")] == [299, 0, 1]
    assert lines(session, done.id) == [(held.id, None, "refused_on_undo", None, None)]
    (listed,) = undo.kept(session, done.id)
    assert listed.row == 138
    assert "of_contact" in listed.message
    assert [one.id for one in session.scalars(select(Contact))] == [held.id]
    table = b"".join(exports.undo_csv(session, done.id)).decode()
    assert f'138,{held.id},,refused_on_undo,"The database refused: ' in table


def test_a_field_that_the_database_will_not_take_back_stays_alone(importer, session):
    people = "".join(f"{n},p{n}@example.com,P{n}\n" for n in range(1, 301))
    importer.run("ID,Email,First name\n" + people)
    done = importer.run("ID,Email,First name\n" + people.replace(",P", ",Q"), "update")
    session.execute(
        text("ALTER TABLE contacts ADD CONSTRAINT not_p7 CHECK (first_name <> 'P7') NOT VALID")
    )
    session.commit()
    undone = importer.undo(done.id)
    assert undone.state == "rolled_back"
    assert [undone.rollback[name] for name in ("removed", "restored", "kept")] == [0, 299, 1]
    assert [line[:3] for line in lines(session, done.id)] == [
        (of(session, "7").id, None, "refused_on_undo")
    ]
    names = session.scalars(select(Contact.first_name).order_by(Contact.id)).all()
    assert names == ["Q7" if n == 7 else f"P{n}" for n in range(1, 301)]


def test_tags_after_a_person_added_one(importer, session):
    """The import adds b, a person adds z: taking the import back leaves z and a."""
    importer.run("ID,Tags\n1,a\n")
    done = importer.run("ID,Tags\n1,b\n", "merge")
    found = of(session, "1")
    assert sorted(found.tags) == ["a", "b"]
    journal.edit_contact(
        session, found.id, found.version, {"tags": "a, b, z"}, importer.user_id
    )
    session.commit()
    importer.undo(done.id)
    assert sorted(of(session, "1").tags) == ["a", "z"]
    assert lines(session, done.id) == []
