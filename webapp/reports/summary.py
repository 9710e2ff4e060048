"""ImportReporter: one report value, read from the ledger and the log."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.other_lines import LEFT_OUT
from webapp.imports.progress import outcomes_of
from webapp.models import ContactImport, ImportDifference, User
from webapp.reports.wording import contacts_word, number
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, ngettext
from webapp.vocabulary.outcomes import PROBLEMS, Outcome, sql_list, sums
from webapp.vocabulary.states import RUN_ENDED, State

SQL = queries.load("report", problems=sql_list(PROBLEMS))

BARS = 60  # of the chart of rows over time


@dataclass(frozen=True)
class Problem:
    """Rows that share a reason. `outcome` and `code` find them again."""

    outcome: str
    code: str
    rows: int

    @property
    def title(self) -> str:
        return messages.title(self.code, rows=self.rows)

    @property
    def instruction(self) -> str:
        return messages.instruction(self.code)


@dataclass(frozen=True)
class WarningCount:
    """Rows of the file that share a warning; one of a column has no list of them."""

    code: str
    rows: int

    @property
    def has_rows(self) -> bool:
        return self.code != "value_repeated"

    @property
    def title(self) -> str:
        return messages.title(self.code, rows=self.rows)


@dataclass(frozen=True)
class Trouble:
    """An attempt at a batch that did not come through."""

    batch: int | None
    attempt: int | None
    first_row: int | None
    last_row: int | None
    result: str  # retried | failed
    message: str | None


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
    contradictions: (
        str | None
    )  # sums that do not agree, in words; never, unless the tables were changed from outside
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0  # that were left out because they are no contacts
    warnings: list[WarningCount] = field(default_factory=list)
    dropped: dict[str, int] = field(
        default_factory=dict
    )  # by field, rows that came in without the cell that the file has
    blanked: list[tuple[str, int]] = field(default_factory=list)  # words, and how many cells
    troubles: list[Trouble] = field(
        default_factory=list
    )  # batches tried again or given up, the first twenty
    throughput: list[int] = field(
        default_factory=list
    )  # rows in each of at most 60 equal spans of the run

    @property
    def contacts(self) -> int:
        """Rows of the file but for lines that are no contacts."""
        return self.total - self.lines

    @property
    def headline(self) -> str:
        """The sentence that matters first."""
        return _headline(self)


def report(session: Session, import_id: UUID) -> Report:
    """The report on an import that has ended, completed or not."""
    run = session.get_one(ContactImport, import_id, populate_existing=True)
    person = session.get_one(User, run.created_by)
    outcomes = outcomes_of(run)

    return Report(
        found=run,
        person=person.name or person.email,
        outcomes=outcomes,
        total=run.total or 0,
        lines=_lines(session, import_id),
        needs_you=sum(outcomes[problem] for problem in PROBLEMS),
        duration_seconds=seconds(run),
        differences=_differences(session, import_id),
        problems=_problems(session, import_id),
        warnings=[WarningCount(code, rows) for code, rows in warnings_of(run).items()],
        dropped=run.check_summary.get("dropped", {}),
        blanked=read_as_blank(run),
        contradictions=_contradictions(session, import_id),
        troubles=_troubles(session, import_id),
        throughput=_throughput(session, import_id),
        **_batches(session, import_id),
        **sums(outcomes),
    )


def _lines(session: Session, import_id: UUID) -> int:
    asked = {"id": import_id, "codes": list(LEFT_OUT)}
    return int(db.execute(session, SQL.lines, asked).scalar_one())


def _differences(session: Session, import_id: UUID) -> int:
    counted = (
        select(func.count())
        .select_from(ImportDifference)
        .where(ImportDifference.import_id == import_id)
    )
    return session.scalar(counted) or 0


def _headline(report: Report) -> str:
    found = report.found
    if found.state == State.ROLLED_BACK:
        undone = found.rollback or {}
        return gettext(
            "This import was taken back: {removed} removed, {restored} restored, {kept} kept."
        ).format(
            removed=contacts_word(undone.get("removed", 0)),
            restored=number(undone.get("restored", 0)),
            kept=number(undone.get("kept", 0)),
        )

    if found.state == State.REFUSED:
        return State.REFUSED.sentence
    if report.success == report.contacts:
        everyone = ngettext(
            "The contact is in.", "All {total} contacts are in.", report.contacts
        )
        return everyone.format(total=number(report.contacts))

    ended = State(found.state).sentence
    return " ".join(filter(None, [ended, _how_many(report), _needs(report)]))


def _how_many(report: Report) -> str:
    if report.outcomes[Outcome.DUPLICATE_SKIPPED] == report.contacts:
        text = ngettext(
            "You have all {total} contact already. Nothing was changed.",
            "You have all {total} contacts already. Nothing was changed.",
            report.contacts,
        )
        return text.format(total=number(report.contacts))

    text = ngettext(
        "{success} of {total} contact is in.",
        "{success} of {total} contacts are in.",
        report.contacts,
    )
    return text.format(success=number(report.success), total=number(report.contacts))


def _needs(report: Report) -> str:
    if not report.needs_you:
        return ""
    text = ngettext("{count} row needs you.", "{count} rows need you.", report.needs_you)
    return text.format(count=number(report.needs_you))


def seconds(run: ContactImport) -> float | None:
    """How long the import took, from its first batch to its end."""
    if not run.started_at or not run.completed_at:
        return None
    return (run.completed_at - run.started_at).total_seconds()


def _problems(session: Session, import_id: UUID) -> list[Problem]:
    rows = db.execute(session, SQL.problems, {"id": import_id})
    return [Problem(row.outcome, row.code, row.rows) for row in rows]


def warnings_of(run: ContactImport) -> dict[str, int]:
    """How many rows of the file have which warning, by code; nothing once they are forgotten."""
    found = {
        entry["code"]: entry["rows"]
        for entry in run.check_summary.get("problems", [])
        if entry["severity"] == "warning"
    }
    if repeated := told_of_columns(run, "value_repeated"):
        found["value_repeated"] = sum(told["cells"] for told in repeated)

    return found


def told_of_columns(run: ContactImport, code: str) -> list[dict[str, Any]]:
    """What the check counted in the columns: `column` from 0, `value`, and how many `cells`."""
    return [told for told in run.check_summary.get("columns", []) if told["code"] == code]


def read_as_blank(run: ContactImport) -> list[tuple[str, int]]:
    """The words that were read as blank, and how many cells said each, in all columns."""
    words: Counter[str] = Counter()
    for told in told_of_columns(run, "read_as_blank"):
        words[told["value"]] += told["cells"]

    return words.most_common()


def _batches(session: Session, import_id: UUID) -> dict[str, int]:
    return dict(db.execute(session, SQL.batches, {"id": import_id}).mappings().one())


def _contradictions(session: Session, import_id: UUID) -> str | None:
    """What the check of sums found at the newest end of the import."""
    asked = {"id": import_id, "ends": [str(state) for state in RUN_ENDED]}
    end = db.execute(session, SQL.newest_end, asked).first()
    return end.message if end and end.result == "failed" else None


def _troubles(session: Session, import_id: UUID) -> list[Trouble]:
    rows = db.execute(session, SQL.troubles, {"id": import_id})
    return [Trouble(**row) for row in rows.mappings()]


def _throughput(session: Session, import_id: UUID) -> list[int]:
    """Rows committed in equal spans of the time between the first and the last batch."""
    spans = db.execute(session, SQL.throughput, {"id": import_id, "bars": BARS})
    bars = {span.bar: span.rows for span in spans}
    return [bars.get(bar, 0) for bar in range(BARS)] if len(bars) > 1 else []
