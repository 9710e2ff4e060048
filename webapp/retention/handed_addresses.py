"""What an undone change of addresses had found, handed on when it is forgotten.

It counts for nothing, so the next change of the same address found what that one had found, and did
not do what only led from the one to the other. An entry tells of addresses by lists, so both of its
sides are written anew.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp import queries
from webapp.checking.checked_rows import Address, identity
from webapp.contacts.addresses import addresses_of, as_columns
from webapp.db import Connection
from webapp.undoing import undo_rules
from webapp.vocabulary.fields import SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN

SQL = queries.load(
    "handed_addresses",
    fields_of_p=undo_rules.fields("p"),
    fields_of_q=undo_rules.fields("q"),
    journal_since_p=undo_rules.journal("p.contact_id", since="p.id"),
    is_of_addresses=undo_rules.IS_OF_ADDRESSES,
    lists=", ".join(f"'{name}'" for name in FURTHER_COLUMN.values()),
)

Entry = dict[str, Any]


def hand_on(conn: Connection, import_id: UUID, limit: int) -> None:
    """Tell the heirs of the import's next `limit` entries, which the caller empties in the same
    transaction.
    """
    handed = conn.execute(SQL.handed, {"id": import_id, "limit": limit}).fetchall()

    for number, rows in groupby(handed, key=lambda row: row["id"]):
        some = list(rows)
        before, after = some[0]["before"], some[0]["after"]
        for kind in SEVERAL:
            before, after = _told(kind, before, after, some)
        sides = {"before": Jsonb(before), "after": Jsonb(after), "id": number}
        conn.execute(SQL.tell, sides)


def _told(kind: str, before: Entry, after: Entry, rows: list[Entry]) -> tuple[Entry, Entry]:
    """An entry's two sides, once it found what `rows` (field, found, had) had found."""
    found = {
        row["field"].partition(":")[2]: row
        for row in rows
        if row["field"].startswith(f"{kind}:")
    }
    of_main = [row for row in rows if row["field"] == kind]
    if not found and not of_main:
        return before, after

    was = _with(
        addresses_of(before, kind), {known: row["found"] for known, row in found.items()}
    )
    is_ = addresses_of(after, kind)
    for row in of_main:
        main = row["found"]
        own = {identity(one): one for one in addresses_of(row["had"], kind)}
        was = _with(
            was,
            {known: one for known, one in own.items() if known == main} | _by_identity(was),
        )
        was.sort(key=lambda one: identity(one) != main)
        # What the undo brought back beside it, the entry did not take.
        if main not in found and main in _by_identity(addresses_of(row["now"] or {}, kind)):
            is_ = _with(is_, {main: own[main]} | _by_identity(is_))

    return before | _columns(kind, was, before), after | _columns(kind, is_, before)


def _by_identity(addresses: list[Address]) -> dict[str, Address]:
    return {identity(one): one for one in addresses}


def _with(addresses: list[Address], changes: Mapping[str, Address | None]) -> list[Address]:
    """The addresses, with those that `changes` has by their identity, or without."""
    return [one for one in {**_by_identity(addresses), **changes}.values() if one]


def _columns(kind: str, addresses: list[Address], before: Entry) -> Entry:
    """The addresses as the entry tells of them: one that names no main one has those behind it."""
    if kind not in before:
        return {FURTHER_COLUMN[kind]: addresses}

    return as_columns(addresses, kind)
