"""Searching text in the database without regard to case, and without regard to the language of the database."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, collate

from webapp.intake import folding

# The same as SQL text, for the parameter :sought of `folding.pattern`.
HOLDS = '({text} COLLATE "C") ~ :sought'


def holds(text: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the text holds what is sought, whichever case it is in: see `folding.searchable`."""
    return collate(text, "C").regexp_match(folding.pattern(sought))
