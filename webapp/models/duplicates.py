"""Possible duplicates of the book: pairs, what was answered about them, and searches for them. Of
imports, the contacts that new rows look like.
"""

import uuid
from datetime import datetime

from sqlalchemy import Double, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from webapp.models.base import CODE, Base, one_of


class DuplicatePair(Base):
    """Two contacts that may be one person, the smaller number first, as they were at `version` and
    `other_version`.

    `score` is in bits of log-odds, `evidence` the names in the table of weights. What was answered
    outlasts the searches; `later` stands behind all others.
    """

    __tablename__ = "duplicate_pairs"

    contact_id: Mapped[int] = mapped_column(primary_key=True)
    other_id: Mapped[int] = mapped_column(primary_key=True)
    score: Mapped[float] = mapped_column(Double)
    evidence: Mapped[list[str]] = mapped_column(ARRAY(Text), info=CODE)
    version: Mapped[int]
    other_version: Mapped[int]
    answer: Mapped[str | None] = mapped_column(
        one_of("duplicate_answer", "not_the_same", "later")
    )
    answered_by: Mapped[int | None]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        Index("duplicate_pairs_other", "other_id"),
        Index(
            "duplicate_pairs_open",
            text("(answer IS NOT NULL)"),
            text("(- score)"),
            "contact_id",
            "other_id",
            postgresql_where=text("answer IS DISTINCT FROM 'not_the_same'"),
        ),
    )


class DuplicateSearch(Base):
    """A search for duplicates; at most one of them waits or runs.

    `claims` counts the workers that began it: what an earlier one still writes finds no row.
    `percent` is how far it is. `counts` are the hashed counts of values by which pairs are judged
    again, until a person of the book is erased.
    """

    __tablename__ = "duplicate_searches"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(
        one_of("duplicate_search_state", "waiting", "running", "done", "cancelled", "failed"),
        server_default=text("'waiting'"),
    )
    requested_by: Mapped[int | None]  # null: by itself, after a large import
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claims: Mapped[int] = mapped_column(server_default=text("0"))
    heartbeat_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    contacts: Mapped[int] = mapped_column(server_default=text("0"))
    percent: Mapped[int] = mapped_column(server_default=text("0"))
    pairs: Mapped[int] = mapped_column(server_default=text("0"))
    counts: Mapped[bytes | None]

    __table_args__ = (
        Index(
            "duplicate_searches_one",
            text("(true)"),
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )


class PossibleMatch(Base):
    """A new row of an import, and the contact of the book that it looks like most. It stays
    beside a choice of the row.
    """

    __tablename__ = "contact_import_possible_matches"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int]
    score: Mapped[float] = mapped_column(Double)
    evidence: Mapped[list[str]] = mapped_column(ARRAY(Text), info=CODE)

    __table_args__ = (Index("contact_import_possible_matches_contact", "contact_id"),)


class MatchSearch(Base):
    """The search for contacts that an import's new rows look like, as its rows were at `mended_at`.

    `claims` counts the workers that began it, `attempts` those since rows were changed, of which
    none came to its end. `rows` were looked at.
    """

    __tablename__ = "contact_import_match_searches"

    import_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="CASCADE"), primary_key=True
    )
    mended_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(
        one_of("duplicate_search_state", "waiting", "running", "done", "cancelled", "failed")
    )
    claims: Mapped[int]
    attempts: Mapped[int]
    heartbeat_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(server_default=text("0"))
