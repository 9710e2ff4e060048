"""Searching text in the database without regard to case, and without regard to the language of the
database.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, collate, func, select

from webapp import folding
from webapp.models import Contact
from webapp.vocabulary.fields import SEARCHED


def holds_sought(text: str) -> str:
    """SQL: `holds`, for the parameter `sought` of `folding.pattern`."""
    return f'({text} COLLATE "C") ~ %(sought)s'


def holds(text: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the text holds `sought`, in upper or lower case: see `folding.searchable`."""
    return collate(text, "C").regexp_match(folding.pattern(sought))


def matching(sought: str, imported_from: UUID | None) -> Select[Contact]:
    """Contacts in which every word of `sought` occurs somewhere."""
    wanted = select(Contact)
    columns = [getattr(Contact, name) for name in SEARCHED]

    # Words hold no line feed, so none is found across two columns.
    searched = func.concat_ws("\n", *columns)

    for word in sought.split():
        wanted = wanted.where(holds(searched, word))

    return wanted.where(Contact.imported_from == imported_from) if imported_from else wanted
