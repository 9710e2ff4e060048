"""Searching text in the database without regard to case, and without regard to the language of the database."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, collate, func

from webapp.intake import folding

# The same as SQL text, with the parameters of a `folding.Needle`: what text, and in which.
FOLDED = 'lower(translate({text} COLLATE "C", :capitals, :smalls))'


def holds(text: SQLColumnExpression[Any], sought: str) -> ColumnElement[bool]:
    """Whether the text holds what is sought, whichever case it is in: see `folding.searchable`."""
    needle = folding.needle(sought)
    folded = func.lower(func.translate(collate(text, "C"), needle.capitals, needle.smalls))
    return func.strpos(folded, needle.text) > 0
