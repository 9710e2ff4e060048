"""Searching: contacts by their index (`search_index`), and other texts without regard to case and
to the language of the database.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    TextClause,
    bindparam,
    collate,
    false,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from webapp import db, folding
from webapp.contacts import search_index, search_words
from webapp.models import Contact
from webapp.queries import fill

SQL = search_index.SQL
SAMPLED_PAGES = 160  # of the index, some 4,000 contacts: a millisecond
FREQUENT = 0.01  # of the contacts, from which on a walk through them is quicker than the index
WALKED = 10_000  # contacts that are looked at one by one, before the index is asked


def holds_sought(column: str) -> str:
    """SQL: `holds`, for the parameter `sought` of `folding.pattern`."""
    return f'({column} COLLATE "C") ~ %(sought)s'


def further_values(column: str) -> str:
    """SQL: the further e-mails or phones of such a column, a line each; null where there are
    none.
    """
    each = f"SELECT string_agg(one #>> '{{}}', E'\\n') FROM jsonb_path_query({column}, '$[*].value') one"
    return f"CASE WHEN {column} <> '[]' THEN ({each}) END"


def holds(column: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the text holds `sought`, in upper or lower case: see `folding.searchable`."""
    return collate(column, "C").regexp_match(folding.pattern(sought))


def condition(sought: str, *, walking: bool = False) -> ColumnElement[bool] | TextClause:
    """Whether a contact has, for each word of `sought`, one that begins with it, as a condition on
    `contacts`; true where the text is blank, false where it holds nothing but signs.

    The index finds all of them at once; or, `walking`, each contact
    that the statement comes to is looked up.
    """
    if not sought.strip():
        return true()
    if not (wanted := search_words.sought(sought)):
        return false()

    return _asking(
        fill(SQL.has_words, contact="contacts.id") if walking else SQL.found, wanted
    )


def matching(sought: str, imported_from: UUID | None, *, walking: bool = False) -> Select[Any]:
    """Contacts that a search finds, and that the import created where one is named."""
    wanted = select(Contact).where(condition(sought, walking=walking))
    return wanted.where(Contact.imported_from == imported_from) if imported_from else wanted


def first(
    session: Session, ordered: Select[Any], sought: str, limit: int
) -> Sequence[Row[Any]]:
    """The first rows of a statement over `contacts`, in its order, that a search finds.

    Where many contacts have the words, the first ones soon turn up in the order itself. Where few
    have, or they all stand far behind, the index gives them, to be sorted.
    """
    wanted = search_words.sought(sought)
    if is_frequent(session, sought):
        walked = ordered.with_only_columns(Contact.id).limit(WALKED).subquery("walked")
        has_words = _asking(fill(SQL.has_words, contact="walked.id"), wanted)
        ids = session.scalars(select(walked.c.id).where(has_words).limit(limit)).all()
        if len(ids) == limit:
            return session.execute(ordered.where(Contact.id.in_(ids))).all()

    return session.execute(ordered.where(condition(sought)).limit(limit)).all()


def count(session: Session, sought: str, most: int) -> int:
    """How many contacts a search finds, at most so many; `sought` holds words."""
    wanted = search_words.sought(sought)
    looked_up = search_words.as_query(search_words.looked_up(wanted))
    asked = {"query": search_words.as_query(wanted), "looked_up": looked_up, "most": most}
    return int(db.execute(session, SQL.count, asked).scalar_one()) if wanted else 0


def unknown(session: Session) -> int:
    """How many contacts changed that a search does not know yet.

    A few of them it takes in at once, and ends the transaction.
    """
    pending = int(db.execute(session, SQL.unknown).scalar_one())
    if not 0 < pending <= search_index.FEW:
        return pending

    conn = db.driver(session)
    try:
        search_index.write_some(conn, search_index.FEW)
    except psycopg.Error:
        # It is as far behind as it was, and the worker catches up.
        with suppress(psycopg.Error):
            conn.rollback()

    return int(db.execute(session, SQL.unknown).scalar_one())


def is_frequent(session: Session, sought: str) -> bool:
    """Whether many contacts have the words, by a sample of the index: the planner knows too little
    of beginnings.
    """
    if not (wanted := search_words.sought(sought)):
        return False

    query = search_words.as_query(wanted)
    row = db.execute(session, SQL.sample, {"query": query, "pages": SAMPLED_PAGES}).one()
    return bool(row.found > FREQUENT * row.sampled)


def _asking(sql: str, wanted: list[search_words.Wanted]) -> TextClause:
    asked = {"query": wanted, "looked_up": search_words.looked_up(wanted)}
    values: list[BindParameter[str]] = [
        bindparam(name, search_words.as_query(words), unique=True)
        for name, words in asked.items()
        if f":{name} " in sql
    ]
    return text(sql).bindparams(*values)
