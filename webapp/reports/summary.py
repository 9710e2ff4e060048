"""ImportReporter: one report value, read from the ledger and the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.engine.progress import outcomes_of, sums
from webapp.engine.states import Outcome, State
from webapp.intake import sentences
from webapp.models import ContactImport, ImportDifference, User
from webapp.reports.wording import contacts_word, number, rows_word

BARS = 60  # of the chart of rows over time
PROBLEMS = (Outcome.INVALID, Outcome.CONFLICT, Outcome.FAILED)


@dataclass(frozen=True)
class Problem:
    """Rows that share a reason. `outcome` and `code` find them again."""

    outcome: str
    code: str
    rows: int

    @property
    def title(self) -> str:
        return sentences.title(self.code, rows=self.rows)

    @property
    def instruction(self) -> str:
        return sentences.instruction(self.code)


@dataclass(frozen=True)
class Report:
    """What became of an import: the numbers, who and when, and what still needs the person."""

    found: ContactImport
    person: str
    outcomes: dict[str, int]
    total: int
    success: int
    failed: int
    skipped: int
    duplicates: int
    processed: int
    needs_you: int
    duration_seconds: float | None
    batches: int
    retries: int
    smallest_batch: int
    largest_batch: int
    differences: int  # rows that came out differently than the preview said
    problems: list[Problem] = field(default_factory=list)
    throughput: list[int] = field(default_factory=list)  # rows in each of at most 60 equal spans of the run

    @property
    def headline(self) -> str:
        """The sentence that matters first."""
        return _headline(self)


def report(session: Session, import_id: UUID) -> Report:
    """The report on an import that has ended, in whatever way."""
    found = session.get_one(ContactImport, import_id, populate_existing=True)
    person = session.get_one(User, found.created_by)
    outcomes = outcomes_of(found)
    return Report(
        found=found,
        person=person.name or person.email,
        outcomes=outcomes,
        total=found.total or 0,
        needs_you=sum(outcomes[problem] for problem in PROBLEMS),
        duration_seconds=_seconds(found),
        differences=_differences(session, import_id),
        problems=_problems(session, import_id),
        throughput=_throughput(session, import_id),
        **_batches(session, import_id),
        **sums(outcomes),
    )


def _differences(session: Session, import_id: UUID) -> int:
    counted = select(func.count()).select_from(ImportDifference).where(ImportDifference.import_id == import_id)
    return session.scalar(counted) or 0


def _headline(report: Report) -> str:
    found = report.found
    if found.state == State.ROLLED_BACK:
        undone = found.rollback or {}
        return (
            f"This import was taken back: {contacts_word(undone.get('removed', 0))} removed,"
            f" {number(undone.get('restored', 0))} restored, {number(undone.get('kept', 0))} kept."
        )
    if found.total is None:
        return "The file could not be read to its end. Nothing was written."
    if report.success == report.total:
        return f"All {contacts_word(report.total)} are in." if report.total != 1 else "The contact is in."
    return " ".join(filter(None, [_stopped(found), _how_many(report), _needs(report)]))


def _stopped(found: ContactImport) -> str:
    words = {State.CANCELLED: "Stopped by you.", State.FAILED: "Stopped at the first bad row."}
    return words.get(State(found.state), "")


def _how_many(report: Report) -> str:
    if report.outcomes[Outcome.DUPLICATE_SKIPPED] == report.total:
        return f"You have all {contacts_word(report.total)} already. Nothing was changed."
    return f"{number(report.success)} of {contacts_word(report.total)} are in."


def _needs(report: Report) -> str:
    if not report.needs_you:
        return ""
    return f"{rows_word(report.needs_you)} {'needs' if report.needs_you == 1 else 'need'} you."


def _seconds(found: ContactImport) -> float | None:
    if not found.started_at or not found.completed_at:
        return None
    return (found.completed_at - found.started_at).total_seconds()


def _problems(session: Session, import_id: UUID) -> list[Problem]:
    rows = session.execute(
        text(
            """SELECT outcome::text AS outcome, COALESCE(code, outcome::text) AS code, count(*) AS rows
               FROM contact_import_results
               WHERE import_id = :id AND outcome IN ('invalid', 'conflict', 'failed')
               GROUP BY 1, 2 ORDER BY rows DESC, code"""
        ),
        {"id": import_id},
    )
    return [Problem(row.outcome, row.code, row.rows) for row in rows]


def _batches(session: Session, import_id: UUID) -> dict[str, int]:
    row = session.execute(
        text(
            """SELECT count(*) FILTER (WHERE result <> 'retried') AS batches,
                 count(*) FILTER (WHERE result = 'retried') AS retries,
                 COALESCE(min(rows) FILTER (WHERE result = 'done'), 0) AS smallest_batch,
                 COALESCE(max(rows) FILTER (WHERE result = 'done'), 0) AS largest_batch
               FROM contact_import_logs WHERE import_id = :id AND event = 'batch'"""
        ),
        {"id": import_id},
    ).one()
    return dict(row._mapping)  # noqa: SLF001 - the documented way to a row's dict


def _throughput(session: Session, import_id: UUID) -> list[int]:
    """Rows committed in equal spans of the time between the first and the last batch."""
    rows = session.execute(
        text(
            """WITH done AS (
                 SELECT at, rows FROM contact_import_logs
                 WHERE import_id = :id AND event = 'batch' AND result = 'done'),
               span AS (SELECT min(at) AS first, max(at) AS last FROM done)
               SELECT least(floor(extract(epoch FROM at - first) * :bars
                   / greatest(extract(epoch FROM last - first), 0.000001)), :bars - 1)::int AS bar,
                 sum(rows)::int AS rows
               FROM done, span GROUP BY 1"""
        ),
        {"id": import_id, "bars": BARS},
    ).all()
    found = {row.bar: row.rows for row in rows}
    return [found.get(bar, 0) for bar in range(BARS)] if len(found) > 1 else []


@dataclass(frozen=True)
class Row:
    """A ledger entry as people read it. `changes` lists {"field", "before", "after"} of what the row changed."""

    row: int
    outcome: str
    contact_id: int | None
    code: str | None
    detail: dict[str, Any] | None
    changes: list[dict[str, Any]]
    promised: str | None = None  # the outcome that the preview said, where it was another one

    @property
    def sentence(self) -> str | None:
        """Why, and what to do; the database's own words where there are some."""
        if self.code is None:
            return None
        facts = {"row": (self.detail or {}).get("row", self.row)}
        said = sentences.instruction(self.code, **facts)
        message = (self.detail or {}).get("message")
        return f"{sentences.title(self.code, **facts)}: {message}. {said}" if message else said


HIDDEN = {"email_key", "phone_key", "(contact)"}  # the journal's own fields, which travel with others


def rows(
    session: Session,
    import_id: UUID,
    *,
    outcome: str | None = None,
    code: str | None = None,
    after: int = 0,
    limit: int = 100,
    search: str | None = None,
    differing: bool = False,
) -> list[Row]:
    """Ledger entries in file order, after row number `after`; `search` looks into the staged values.

    `differing` narrows them to rows that came out differently than the preview said.
    """
    conditions = ["l.import_id = :id", "l.row > :after"]
    if outcome:
        conditions.append("l.outcome = CAST(:outcome AS outcome)")
    if code:
        conditions.append("COALESCE(l.code, l.outcome::text) = :code")
    if search:
        conditions.append(_SEARCH)
    if differing:
        conditions.append(_DIFFERING)
    found = session.execute(
        text(_ROWS.format(conditions=" AND ".join(conditions))),
        {"id": import_id, "after": after, "outcome": outcome, "code": code, "limit": limit, "search": _like(search)},
    )
    return [
        Row(row.row, row.outcome, row.contact_id, row.code, row.detail, changes_of(row.before, row.after), row.promised)
        for row in found
    ]


def _like(search: str | None) -> str:
    escaped = (search or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def changes_of(before: Sequence[dict[str, Any]] | dict[str, Any] | None, after: Any) -> list[dict[str, Any]]:
    """A journal entry field by field, without the derived keys."""
    if not isinstance(before, dict):
        return []
    return [
        {"field": name, "before": value, "after": (after or {}).get(name)}
        for name, value in before.items()
        if name not in HIDDEN
    ]


_SEARCH = """EXISTS (SELECT FROM contact_import_rows r WHERE r.import_id = l.import_id AND r.row = l.row
    AND concat_ws(' ', r.external_id, r.email, r.first_name, r.last_name, r.company, r.phone,
      array_to_string(r.record, ' ')) ILIKE :search)"""

_DIFFERING = "l.row IN (SELECT d.row FROM contact_import_differences d WHERE d.import_id = :id AND d.row > :after)"

_ROWS = """
    SELECT l.row, l.outcome::text AS outcome, l.contact_id, l.code, l.detail, h.before, h.after,
      (SELECT d.promised::text FROM contact_import_differences d WHERE d.import_id = l.import_id AND d.row = l.row)
        AS promised
    FROM (SELECT * FROM contact_import_results l WHERE {conditions} ORDER BY l.row LIMIT :limit) l
    LEFT JOIN LATERAL (SELECT h.before, h.after FROM contact_changes h
      WHERE h.contact_id = l.contact_id AND h.import_id = l.import_id AND h.row = l.row AND h.kind = 'import'
      ORDER BY h.id DESC LIMIT 1) h ON true
    ORDER BY l.row"""
