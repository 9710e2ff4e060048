"""Erasing a person: everything that is kept of them goes, and every count stays true. With a
contact go those that were merged into it.

A row is theirs where it made or changed their contact, or has their e-mail or ID. Rows that share
no more than a phone with them, or only name them, may be about another person: those are listed,
and stay unless they are asked for.

The ledger keeps that there was a row and what became of it. A stored file in which the person
stands is deleted whole: cutting one row out of it would make another file of it, with other bytes
than its fingerprint says. So reports on such an import no longer show the original cells, and it
cannot be run again; it can still be taken back.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import mapping
from webapp.contacts import journal, merging, person_names, search
from webapp.models import Contact, ContactImport, personal_columns
from webapp.reading.records import column_names
from webapp.retention import erased_columns, person_search
from webapp.retention.person_search import NAMED, OWN, PHONE, stronger
from webapp.vocabulary.fields import CALLED
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import NEVER_RUN, WORKED_ON

LONGEST_WAIT = (
    "1s"  # for each import and for the contact; a batch waits longer before it fails
)
LOOKS = 3  # for one erasure: each but the first is at what became new during the one before
LISTED = 200  # rows that may be about others, one by one; there can be a million
FILE = "file"
# What to erase beside what is theirs: of an import one row, by its number, all rows that share a
# phone with them or name them, by PHONE or NAMED, or its FILE.
Also = Collection[tuple[UUID, int | str]]


def _as_text(column: Column[Any]) -> str:
    if isinstance(column.type, ARRAY):
        return f"array_to_string({column.name}, ' | ')"
    return f"{column.name}::text" if isinstance(column.type, JSONB) else column.name


# All that a row says, parted by what is no sign of an address.
_CELLS = ", ".join(map(_as_text, personal_columns(erased_columns.ROWS)))
_SAID = f"concat_ws('{person_search.APART}', {_CELLS})"

SQL = queries.load(
    "erase",
    cells_emptied=erased_columns.CELLS_EMPTIED,
    stands=merging.STANDS,
    full_name=person_names.full_name("r.{name}"),
    otherwise=", ".join(f"r.{name}" for name in ("company", *CALLED)),
    own=OWN,
    phone=PHONE,
    digits=str(person_search.SHORT),
    named=NAMED,
    said=_SAID,
    holds_sought=search.holds_sought(_SAID),
)


@dataclass(frozen=True)
class Other:
    """What may be about others in one import: how many rows in which way, and some of them as (row,
    way, who).
    """

    import_id: UUID
    filename: str
    counts: dict[str, int]  # PHONE, NAMED
    file: str | None  # the way in which the file does, where none of its rows is known
    rows: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Traces:
    """Where a person stands: rows by import, the imports themselves, and which of these are still
    being worked on.

    `others` stays unless it is asked for. `labelled` are files of others that are called by the
    person: their names.
    """

    rows: list[tuple[UUID, int]] = field(default_factory=list)
    imports: list[Any] = field(default_factory=list)  # id, filename, state
    others: list[Other] = field(default_factory=list)
    labelled: list[str] = field(default_factory=list)

    @property
    def busy(self) -> list[Any]:
        return [found for found in self.imports if found.state in WORKED_ON]

    @property
    def unused(self) -> list[Any]:
        """Uploads that were not run yet."""
        return [found for found in self.imports if found.state in NEVER_RUN]


@dataclass(frozen=True)
class _Look:
    """What was found of a person, by which keys, and how each import stood just before.

    Rows and files are given with the way in which they tell of the person: OWN, PHONE or NAMED.
    """

    keys: dict[str, list[str]]
    standing: frozenset[Any] = frozenset()
    rows: dict[tuple[UUID, int], str] = field(default_factory=dict)
    files: dict[UUID, str] = field(default_factory=dict)

    @property
    def sought(self) -> person_search.Sought:
        keys = self.keys
        names = [(first, last) for first in keys["first_names"] for last in keys["last_names"]]
        return person_search.Sought.of(
            mails=keys["mails"],
            ids=keys["ids"],
            phones=[*keys["phone_keys"], *keys["phones"]],
            names=names,
        )

    def theirs(self, also: Also) -> tuple[list[tuple[UUID, int]], list[UUID]]:
        """The rows to erase, and the imports whose files go."""
        rows = {
            (import_id, row)
            for (import_id, row), way in self.rows.items()
            if way == OWN or (import_id, row) in also or (import_id, way) in also
        }

        files = {
            import_id
            for import_id, way in self.files.items()
            if way == OWN or (import_id, FILE) in also
        }

        return sorted(rows), sorted(files | {import_id for import_id, _ in rows})


def traces(session: Session, contact_id: int) -> Traces:
    """Every row and import that tells of the person: by the ledger, their keys now and earlier,
    headers and files.

    Nothing is locked meanwhile.
    """
    look = _look(session, contact_id)
    rows, files = look.theirs(())
    files = _sharing(session, files)
    every = {*files, *look.files, *(import_id for import_id, _ in look.rows)}
    known = db.execute(session, SQL.imports, {"ids": list(every)}).all()
    labelled = erased_columns.labelled(session, look.sought)

    return Traces(
        rows,
        [one for one in known if one.id in files],
        list(_others(session, look, known, files)),
        sorted({name for import_id, name in labelled.items() if import_id not in files}),
    )


def _sharing(session: Session, files: list[UUID]) -> list[UUID]:
    """These imports and those that share a file with one of them: it goes for all."""
    return sorted({*files, *db.execute(session, SQL.sharing, {"ids": files}).scalars()})


def _others(
    session: Session, look: _Look, known: Collection[Any], files: list[UUID]
) -> Iterator[Other]:
    """What may be about others, import by import."""
    others = {key: way for key, way in look.rows.items() if way != OWN}
    listed = sorted(others)[:LISTED]
    who = _who(session, listed)

    for one in known:
        ways = [way for (import_id, _), way in others.items() if import_id == one.id]
        file = look.files.get(one.id) if one.id not in files and not ways else None

        if ways or file:
            counts = {way: ways.count(way) for way in (PHONE, NAMED) if way in ways}
            rows = [
                (key[1], others[key], who.get(key, "")) for key in listed if key[0] == one.id
            ]
            yield Other(one.id, one.filename, counts, file, rows)


def _who(session: Session, rows: list[tuple[UUID, int]]) -> dict[tuple[UUID, int], str]:
    """Whom each row is about: name and address, or what else it says first."""
    asked = {"imports": [import_id for import_id, _ in rows], "rows": [row for _, row in rows]}
    return {(one.import_id, one.row): one.who for one in db.execute(session, SQL.who, asked)}


def _look(session: Session, contact_id: int, before: _Look | None = None) -> _Look:
    """Look for the person everywhere, or, after an earlier look by the same keys, where something
    is new since.
    """
    keys, standing = _keys(session, contact_id), _standing(session)
    known = before if before is not None and before.keys == keys else _Look(keys)
    among = {stands.id for stands in standing - known.standing}
    sought = known.sought
    rows = dict(known.rows)
    asked = {"id": contact_id, "among": list(among), **keys, "sought": sought.pattern}

    for one in db.execute(session, SQL.rows, asked):
        if one.said is None or sought.is_mentioned_in(one.said):
            key = (one.import_id, one.row)
            rows[key] = stronger(rows.get(key), one.way) or one.way

    files = known.files | dict.fromkeys(_by_journal(session, contact_id), OWN)

    for look in (person_search.in_headers, person_search.in_files):
        own = {import_id for import_id, way in files.items() if way == OWN}
        own |= {import_id for (import_id, _), way in rows.items() if way == OWN}
        for import_id, way in look(session, sought, among - own):
            files[import_id] = stronger(files.get(import_id), way) or way

    return _Look(keys, standing, rows, files)


def _settled(session: Session, contact_id: int) -> _Look:
    """Look until nothing became new meanwhile; where that has no end, the look under the lock will
    say so.
    """
    look = _look(session, contact_id)
    for _ in range(LOOKS - 1):
        if not _anything_new(session, contact_id, look):
            break
        look = _look(session, contact_id, look)

    return look


def _anything_new(session: Session, contact_id: int, look: _Look) -> bool:
    """Whether there is anything that the look may have missed. It takes no reading."""
    return bool(
        _keys(session, contact_id) != look.keys
        or _standing(session) - look.standing
        or _by_journal(session, contact_id) - look.files.keys()
    )


def _standing(session: Session) -> frozenset[Any]:
    """Each import with what changes when there is something new in it: a start, a correction, a
    check.
    """
    return frozenset(db.execute(session, SQL.standing))


def _by_journal(session: Session, contact_id: int) -> frozenset[UUID]:
    return frozenset(db.execute(session, SQL.by_journal, {"id": contact_id}).scalars())


def _keys(session: Session, contact_id: int) -> dict[str, list[str]]:
    """The keys that the contact has or ever had, as the journal knows them."""
    held = db.execute(session, SQL.keys, {"id": contact_id}).mappings().one()
    return {
        name: sorted(value for value in set(values or []) if value)
        for name, values in held.items()
    }


def erase(session: Session, contact_id: int, also: Also = ()) -> Traces:
    """Erase the person behind a contact, and what `also` says beside what is theirs.

    The caller commits.

    Raises Refusal("erase_while_running", filename=…) while an import that holds them is worked on,
    and "erase_meanwhile" where more came in than could be looked at, and "erase_busy" while a batch
    has the contact.
    """
    look = _settled(session, contact_id)
    session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'"))

    try:
        return _erase(session, contact_id, look, also)
    except OperationalError as error:
        session.rollback()
        held = getattr(error.orig, "sqlstate", None) in journal.HELD
        raise (Refusal("erase_busy") if held else error) from None


def _erase(session: Session, contact_id: int, look: _Look, also: Also) -> Traces:
    """The contact comes last: nothing that wants it waits for the files and rows to be deleted."""
    rows, files = look.theirs(also)
    files = _sharing(session, files)
    traced = Traces(rows, list(db.execute(session, SQL.lock_imports, {"ids": files})))
    if traced.busy:
        raise Refusal("erase_while_running", filename=traced.busy[0].filename)

    _forget_headers(session, look, files)

    facts = _facts(traced)

    for statement in (
        *erased_columns.of_rows(),
        *erased_columns.of_files(),
        SQL.empty_imports,
        SQL.log_erased,
        *erased_columns.of_unused(),
    ):
        db.execute(session, statement, facts)

    erased_columns.scrub(session, look.sought, files)
    contact = session.get_one(
        Contact, contact_id, with_for_update=True, populate_existing=True
    )
    if _anything_new(session, contact_id, look):
        raise Refusal("erase_meanwhile")

    _forget_contacts(session, look)
    session.delete(contact)
    session.flush()

    return traced


def _forget_contacts(session: Session, look: _Look) -> None:
    """What hangs on the contact and on those that were merged into it, in the journals of others
    too, where a merge was undone.
    """
    for statement in (SQL.forget_while_merged, SQL.forget_undone_merges):
        db.execute(session, statement, look.keys)

    for number in look.keys["contacts"]:
        for statement in erased_columns.of_contact():
            db.execute(session, statement, {"id": int(number)})


def _forget_headers(session: Session, look: _Look, files: list[UUID]) -> None:
    """Columns that were named by the person are named by their letters."""
    for import_id, _ in person_search.in_headers(session, look.sought, files):
        headed = session.get_one(ContactImport, import_id)
        headed.columns = column_names(len(headed.columns))
        headed.mapping = headed.mapping and mapping.relabelled(headed.mapping, headed.columns)
        headed.suggested_mapping = mapping.relabelled(headed.suggested_mapping, headed.columns)

    session.flush()


def _facts(traced: Traces) -> dict[str, list[Any]]:
    return {
        "ids": [one.id for one in traced.imports],
        "unused": [one.id for one in traced.unused],
        "imports": [import_id for import_id, _ in traced.rows],
        "rows": [row for _, row in traced.rows],
    }
