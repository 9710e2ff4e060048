"""What contacts are listed by where that is a text: without case and accents, blanks last.

The search index keeps these keys beside the words of each contact, so that a list is read from an
index. All of what they are made of is searched too, so each change of it is noted.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, collate, func, literal_column
from sqlalchemy.dialects import postgresql

from webapp.models import Contact
from webapp.vocabulary.fields import CALLED, NAMES

SORTED = 40  # characters of a text by which contacts are ordered
LAST = "\U0010ffff"  # in place of a blank, so that it comes behind all texts
ACCENTS = "[\u0300-\u036f]"


def name() -> ColumnElement[Any]:
    """The key of a contact's name, or of what else it is called."""
    parts = [getattr(Contact, part) for part in NAMES]
    whole = func.nullif(func.concat_ws(" ", *parts), "")
    return _key(func.coalesce(whole, *(getattr(Contact, other) for other in CALLED)))


def company() -> ColumnElement[Any]:
    """The key of a contact's company."""
    return _key(Contact.__table__.c.company)


def without_accents(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text in small letters without accents; a text of ASCII is not looked through for them."""
    decomposed = func.normalize(column, literal_column("NFKD"))
    bare = func.regexp_replace(decomposed, ACCENTS, "", "g", type_=Text())
    is_ascii = func.octet_length(column) == func.char_length(column)
    return func.lower(collate(case((is_ascii, column), else_=bare), "C"), type_=Text())


def as_sql(key: ColumnElement[Any]) -> str:
    """The key as SQL over `contacts`."""
    dialect = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    return str(key.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _key(column: ColumnElement[Any]) -> ColumnElement[Any]:
    bare = without_accents(func.left(column, SORTED, type_=Text()))
    return collate(func.coalesce(bare, LAST, type_=Text()), "C")
