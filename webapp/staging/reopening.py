"""Rows that are run again: which ones a correction or a choice reopens after an import has run."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import queries
from webapp.db import Connection
from webapp.models import ContactImport, ImportResult
from webapp.vocabulary.outcomes import OPEN, Outcome, sql_list
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import ENDED, RUN_ENDED

SQL = queries.load(
    "reopening",
    reopened=sql_list(tuple(outcome for outcome in OPEN if outcome is not Outcome.FAILED)),
)


def reopen(conn: Connection, import_id: UUID, rows: Sequence[int]) -> None:
    """Note that these rows are to be run again, once they were staged anew or settled.

    Only rows that were invalid, in conflict or left out are, and not those that would come out as
    they stand in the ledger: a row that is still invalid, say. Before an import has run it does
    nothing. The caller commits.
    """
    asked = {"import_id": import_id, "rows": list(rows)}
    conn.execute(SQL.close, asked)
    conn.execute(SQL.reopen, asked)


def refuse_final(session: Session, import_: ContactImport, row: int) -> None:
    """Raises Refusal("row_is_in") for a row of which the outcome is final."""
    if import_.state not in RUN_ENDED:
        return

    entry = session.get(ImportResult, (import_.id, row), populate_existing=True)
    if entry is not None and entry.outcome not in OPEN:
        raise Refusal("row_is_in", outcome=Outcome(entry.outcome).one)


def final(session: Session, import_: ContactImport, rows: Sequence[int]) -> dict[int, str]:
    """Of these rows those of which the outcome is final, each with its outcome's word."""
    if import_.state not in ENDED:
        return {}

    entries = select(ImportResult.row, ImportResult.outcome).where(
        ImportResult.import_id == import_.id,
        ImportResult.row.in_(rows),
        ImportResult.outcome.not_in(OPEN),
    )
    return {row: Outcome(outcome).one for row, outcome in session.execute(entries)}
