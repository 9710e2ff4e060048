"""ImportReporter: one report value, read from the ledger and the log."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking.other_lines import LEFT_OUT
from webapp.imports import approval_requests
from webapp.imports.approval_requests import Request
from webapp.imports.progress import outcomes_of
from webapp.models import ContactImport, ImportPreview, User
from webapp.reports.plan_results import PlanResult, plan_result
from webapp.reports.wording import contacts_word, number
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext, gettext_noop, ngettext
from webapp.vocabulary.outcomes import PROBLEMS, Outcome, sql_list, sums
from webapp.vocabulary.states import RUN_ENDED, State

SQL = queries.load("report", problems=sql_list(PROBLEMS))

PEOPLE = ("contacts_created", "contacts_changed", "repeats_in_file")
PEOPLE_TITLES = {
    "contacts_created": gettext_noop("New contacts"),
    "contacts_changed": gettext_noop("Existing contacts changed"),
    "repeats_in_file": gettext_noop("Rows that repeat an earlier person"),
}
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
    def counted(self) -> str:
        return messages.counted(self.code, self.rows)

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

    @property
    def counted(self) -> str:
        return messages.counted(self.code, self.rows)


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
    undone_by: str | None  # None: it stands, or the account is not known
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
    plan: PlanResult  # how it came out, held against the plan
    approval: Request | None  # of who let it run
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
    def people(self) -> list[tuple[str, int]]:
        """What is counted in people, each with its name; empty for imports from before."""
        counts = people_of(self.found)
        return [
            (gettext(PEOPLE_TITLES[name]), count)
            for name, count in counts.items()
            if count is not None
        ]

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
        undone_by=undone_by(session, run),
        outcomes=outcomes,
        total=run.total or 0,
        lines=_lines(session, import_id),
        needs_you=sum(outcomes[problem] for problem in PROBLEMS),
        duration_seconds=seconds(run),
        plan=plan_result(session, run),
        approval=_approval(session, run),
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


def undone_by(session: Session, run: ContactImport) -> str | None:
    """What the person is called who had the import undone; None where that is not known."""
    if run.rolled_back_at is None or run.rolled_back_by is None:
        return None

    person = session.get(User, run.rolled_back_by)
    return (person.name or person.email) if person else None


def _approval(session: Session, run: ContactImport) -> Request | None:
    asked = approval_requests.of(session, run)
    return asked if asked and asked.end is approval_requests.End.APPROVED else None


def _lines(session: Session, import_id: UUID) -> int:
    asked = {"id": import_id, "codes": list(LEFT_OUT)}
    return int(db.execute(session, SQL.lines, asked).scalar_one())


def _headline(report: Report) -> str:
    found = report.found
    if found.state == State.ROLLED_BACK:
        undone = found.rollback or {}
        return gettext(
            "This import was undone: {removed} removed, {restored} restored, {kept} kept."
        ).format(
            removed=contacts_word(undone.get("removed", 0)),
            restored=number(undone.get("restored", 0)),
            kept=number(undone.get("kept", 0)),
        )

    if found.state == State.REFUSED:
        return State.REFUSED.sentence
    if report.success == report.contacts:
        return f"{_all_in(report)} {_they_are(report)}".strip()

    ended = State(found.state).sentence
    said = [ended, _how_many(report), _they_are(report), _new_people(report), _needs(report)]
    return " ".join(filter(None, said))


def _all_in(report: Report) -> str:
    if _repeats(report):
        text = gettext("All {total} rows are in.")
    else:
        text = ngettext("The contact is in.", "All {total} contacts are in.", report.contacts)

    return text.format(total=number(report.contacts))


def _repeats(report: Report) -> int:
    """Rows that came in and are about a person of an earlier row."""
    skips = report.outcomes[Outcome.DUPLICATE_SKIPPED]
    return 0 if skips else people_of(report.found)["repeats_in_file"] or 0


def _they_are(report: Report) -> str:
    """How many people the rows are that came in, where some are of the same."""
    if not _repeats(report):
        return ""

    people = report.success - _repeats(report)
    text = ngettext("They are {count} contact.", "They are {count} contacts.", people)
    return text.format(count=number(people))


def _how_many(report: Report) -> str:
    if report.outcomes[Outcome.DUPLICATE_SKIPPED] == report.contacts:
        text = ngettext(
            "You have all {total} contact already. Nothing was changed.",
            "You have all {total} contacts already. Nothing was changed.",
            report.contacts,
        )
        return text.format(total=number(report.contacts))

    if (people_of(report.found)["repeats_in_file"] or 0) > 0:
        text = ngettext(
            "{success} of {total} row is in.",
            "{success} of {total} rows are in.",
            report.contacts,
        )
    else:
        text = ngettext(
            "{success} of {total} contact is in.",
            "{success} of {total} contacts are in.",
            report.contacts,
        )

    return text.format(success=number(report.success), total=number(report.contacts))


def _new_people(report: Report) -> str:
    skipped = report.outcomes[Outcome.NEW_SKIPPED]
    if not skipped:
        return ""
    text = ngettext(
        "{count} row is a new person, left out as asked.",
        "{count} rows are new people, left out as asked.",
        skipped,
    )
    return text.format(count=number(skipped))


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
    for code, rows in ((run.people or {}).get("warnings") or {}).items():
        found[code] = found.get(code, 0) + rows
    if repeated := told_of_columns(run, "value_repeated"):
        found["value_repeated"] = sum(told["cells"] for told in repeated)

    return found


def people_of(run: ContactImport | ImportPreview) -> dict[str, int | None]:
    """How many people the rows are; null while it runs, and for imports from before."""
    found = run.people or {}
    return {name: found.get(name) for name in PEOPLE}


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
