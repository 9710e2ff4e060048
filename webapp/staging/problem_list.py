"""The list of rows with a problem, as the review page shows it, page by page."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp import db
from webapp.limits import PAGE_CHARS
from webapp.models import ImportProblem, ImportRow

# Both indexes have the rows in the order of the list: without statistics PostgreSQL might fetch and
# sort them all.
WAYS_ROUND = (
    "enable_sort",
    "enable_bitmapscan",
    "enable_seqscan",
    "enable_hashjoin",
    "enable_mergejoin",
)
IN_ORDER = dict.fromkeys(WAYS_ROUND, "off")


def problem_rows(
    session: Session, import_id: UUID, *, code: str | None, after: int, limit: int
) -> list[ImportRow]:
    """Rows with a problem, or with this one, by row number after `after`.

    Any page costs the same, however many rows there are.
    """
    with db.planned(session, **IN_ORDER):
        return _bounded(
            session, page_of_problems(import_id, code, after).limit(limit), PAGE_CHARS
        )


def problem_page(
    session: Session, import_id: UUID, *, code: str | None, after: int, limit: int
) -> tuple[list[ImportRow], bool]:
    """A page of at most `limit` rows and so much text, and whether there are more."""
    rows = problem_rows(session, import_id, code=code, after=after, limit=limit + 1)
    more = len(rows) > limit or (len(rows) > 1 and sum(map(_chars, rows)) > PAGE_CHARS)
    return rows[:-1] if more else rows, more


def page_of_problems(import_id: UUID, code: str | None, after: int) -> Select[ImportRow]:
    """The question that `problem_rows` asks."""
    if not code:
        return (
            select(ImportRow)
            .where(
                ImportRow.import_id == import_id,
                ImportRow.row > after,
                ImportRow.problems.is_not(None),
            )
            .order_by(ImportRow.row)
        )

    return (
        select(ImportRow)
        .join(
            ImportProblem,
            (ImportProblem.import_id == ImportRow.import_id)
            & (ImportProblem.row == ImportRow.row),
        )
        .where(
            ImportProblem.import_id == import_id,
            ImportProblem.code == code,
            ImportProblem.row > after,
        )
        .order_by(ImportProblem.row)
    )


def _bounded(session: Session, wanted: Select[ImportRow], most: int) -> list[ImportRow]:
    """The first rows, two at least, up to the one with which they hold more than so many
    characters.

    They come one by one: a row may hold megabytes.
    """
    rows: list[ImportRow] = []
    size = 0

    with session.scalars(wanted, execution_options={"yield_per": 1}) as found:
        for row in found:
            rows.append(row)
            size += _chars(row)
            if size > most and len(rows) > 1:
                break

    return rows


def _chars(row: ImportRow) -> int:
    return sum(map(len, row.record or []))
