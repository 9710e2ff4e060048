"""Mappings as people keep them: the last one for each header by itself, and those saved under a
name.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import mapping
from webapp.models import MappingTemplate
from webapp.reading.records import column_names
from webapp.vocabulary.refusals import Refusal

SQL = queries.load("imports")
LONGEST_NAME = 80
MOST_OFFERED = 100
# Where labels of custom fields are looked for.
LATEST_CONTACTS, LATEST_IMPORTS, MOST_LABELS = 1_000, 200, 2_000
UNKNOWN = ""  # no target is called that


@dataclass(frozen=True)
class Saved:
    """A mapping that has a name."""

    id: int
    name: str


def suggested(
    session: Session, columns: Sequence[str], sample: Sequence[Sequence[str]]
) -> list[str | None]:
    """A target for each column, by its label and its values; custom fields are called as in the
    book, where it has them in another case.
    """
    limits = {"contacts": LATEST_CONTACTS, "imports": LATEST_IMPORTS, "labels": MOST_LABELS}
    known = [row.label for row in db.execute(session, SQL.custom_labels, limits)]

    return mapping.suggest(columns, sample, known)


def remember(
    session: Session, user_id: int, columns: Sequence[str], targets: Sequence[str | None]
) -> None:
    """Keep a mapping for the next file with this header."""
    _keep(session, user_id, None, columns, targets)


def forget_last(session: Session, user_id: int, columns: Sequence[str]) -> None:
    """Have the next file with this header get what is suggested."""
    session.execute(delete(MappingTemplate).where(*_last_for(user_id, columns)))


def save(
    session: Session,
    user_id: int,
    name: str,
    columns: Sequence[str],
    targets: Sequence[str | None],
) -> None:
    """Keep a mapping under a name; one of that name is replaced.

    The first 80 characters of the name count.
    """
    _keep(session, user_id, name[:LONGEST_NAME], columns, targets)


def _keep(
    session: Session,
    user_id: int,
    name: str | None,
    columns: Sequence[str],
    targets: Sequence[str | None],
) -> None:
    kept = {
        "columns": list(columns),
        "mapping": list(targets),
        "header_hash": header_hash(columns),
    }
    new = insert(MappingTemplate).values(user_id=user_id, name=name, **kept)
    by = "header_hash" if name is None else "name"
    where = (
        MappingTemplate.name.is_(None) if name is None else MappingTemplate.name.is_not(None)
    )
    session.execute(
        new.on_conflict_do_update(
            index_elements=["user_id", by],
            index_where=where,
            set_={**kept, "used_at": func.now()},
        )
    )


def remembered(
    session: Session, user_id: int, columns: Sequence[str]
) -> tuple[list[str | None], datetime] | None:
    """The mapping that this person last gave to a file with this header, and when.

    None where no column has a label: those of another file may hold anything.
    """
    if list(columns) == column_names(len(columns)):
        return None

    found = session.scalar(select(MappingTemplate).where(*_last_for(user_id, columns)))

    return (
        (list(found.mapping), found.used_at)
        if found and _fits(found.mapping, columns)
        else None
    )


def _last_for(user_id: int, columns: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """The row that keeps the last mapping for this header."""
    return (
        MappingTemplate.user_id == user_id,
        MappingTemplate.header_hash == header_hash(columns),
        MappingTemplate.name.is_(None),
    )


def saved(session: Session, user_id: int) -> list[Saved]:
    """The person's mappings that have a name, the last used first."""
    wanted = select(MappingTemplate.id, MappingTemplate.name).where(
        MappingTemplate.user_id == user_id, MappingTemplate.name.is_not(None)
    )
    newest = wanted.order_by(MappingTemplate.used_at.desc(), MappingTemplate.name).limit(
        MOST_OFFERED
    )

    return [Saved(row.id, str(row.name)) for row in session.execute(newest)]


def applied(
    session: Session,
    user_id: int,
    template_id: int,
    columns: Sequence[str],
    otherwise: Sequence[str | None],
) -> list[str | None] | None:
    """A saved mapping on these columns, column by column by its label; None where there is none of
    that number.

    Columns that it does not know keep what `otherwise` says, unless that field is taken.
    """
    found = _own(session, user_id, template_id)
    if found is None:
        return None

    known: dict[str, list[str | None]] = defaultdict(list)

    for label, target in zip(found.columns, found.mapping, strict=True):
        known[label].append(target)

    targets = [known[label].pop(0) if known[label] else UNKNOWN for label in columns]

    return [
        target if target != UNKNOWN else None if other in targets else other
        for target, other in zip(targets, otherwise, strict=True)
    ]


def forget(session: Session, user_id: int, template_id: int) -> None:
    """Delete a saved mapping; imports that used it keep theirs."""
    session.execute(
        delete(MappingTemplate).where(
            MappingTemplate.id == template_id, MappingTemplate.user_id == user_id
        )
    )


def _own(session: Session, user_id: int, template_id: int) -> MappingTemplate | None:
    found = session.get(MappingTemplate, template_id)
    return found if found and found.user_id == user_id and found.name is not None else None


def _fits(targets: Sequence[str | None], columns: Sequence[str]) -> bool:
    """Whether a kept mapping is one still: fields may have been added or taken away since."""
    try:
        mapping.check(targets, columns)
    except Refusal:
        return False

    return True


def header_hash(columns: Sequence[str]) -> str:
    """SHA-256 of the column labels."""
    return hashlib.sha256("\x1f".join(columns).encode()).hexdigest()
