"""Searching text in the database without regard to case, and without regard to the language of the
database.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    collate,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from webapp import folding
from webapp.models import Contact
from webapp.vocabulary.fields import SEARCHED
from webapp.vocabulary.keys import FURTHER_COLUMN


def holds_sought(text: str) -> str:
    """SQL: `holds`, for the parameter `sought` of `folding.pattern`."""
    return f'({text} COLLATE "C") ~ %(sought)s'


def further_values(column: str) -> str:
    """SQL: the further e-mails or phones of such a column, a line each; null where there are none."""
    each = f"SELECT string_agg(one #>> '{{}}', E'\\n') FROM jsonb_path_query({column}, '$[*].value') one"
    return f"CASE WHEN {column} <> '[]' THEN ({each}) END"


def holds(text: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the text holds `sought`, in upper or lower case: see `folding.searchable`."""
    return collate(text, "C").regexp_match(folding.pattern(sought))


def condition(sought: str) -> ColumnElement[bool]:
    """Whether a contact has every word of `sought`, as a condition on `Contact`; true where there
    is none.
    """
    columns = [getattr(Contact, name) for name in SEARCHED]
    further: list[ColumnElement[str]] = [
        literal_column(further_values(f"contacts.{name}")) for name in FURTHER_COLUMN.values()
    ]

    # Words hold no line feed, so none is found across two columns.
    searched = func.concat_ws("\n", *columns, *further)
    return and_(true(), *(holds(searched, word) for word in sought.split()))


def matching(sought: str, imported_from: UUID | None) -> Select[Contact]:
    """Contacts that have every word of `sought`, and that the import created where one is named."""
    wanted = select(Contact).where(condition(sought))
    return wanted.where(Contact.imported_from == imported_from) if imported_from else wanted


def unknown(session: Session) -> int:  # noqa: ARG001
    """How many contacts changed that a search does not know of yet."""
    return 0
