"""Rows of the tables → answers of the API."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.contacts import journal
from webapp.contacts.addresses import addresses_of
from webapp.deciding.plan import PlanLine
from webapp.imports import approval_requests, reruns, uploads
from webapp.imports.progress import ImportProgress, outcomes_of
from webapp.models import Contact, ContactImport, ImportRow, ReopenedRow, User
from webapp.reports import conflicts, ledger, plan_results, summary
from webapp.staging import acts, problem_list, row_choices
from webapp.undoing import undo_by_hand, undo_by_row, undo_preview
from webapp.vocabulary import messages
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.fields import SCALARS, SEVERAL
from webapp.vocabulary.outcomes import Outcome, sums
from webapp.vocabulary.states import Command, State
from webapp.web.access import undo_is_over
from webapp.web.api import schemas

if TYPE_CHECKING:
    from webapp.vocabulary.keys import MatchKey


def session_of(session: Session, run: ContactImport) -> schemas.ImportSession:
    """An import as the API shows it."""
    outcomes = outcomes_of(run)
    asked = approval_requests.of(session, run)
    derived: dict[str, Any] = {
        "approval": asked and _approval_of(asked),
        "approval_reason": asked.reason if asked and asked.end is None else None,
        "import_id": run.id,
        "imported_from": str(run.id),
        "rollback_possible": State(run.state).allows(Command.ROLL_BACK)
        and not undo_is_over(run),
        "imported_count": sums(outcomes)["success"],
        "options": _options(run),
        "outcomes": schemas.Outcomes(**outcomes),
        "warnings": summary.warnings_of(run),
        **summary.people_of(run),
        "read_as_blank": _counted(run, "read_as_blank"),
        "repeated_values": _counted(run, "value_repeated"),
        "rows_undone": undo_by_row.count(session, run.id),
        "cells_dropped": run.check_summary.get("dropped", {}),
        "failure_reason": _failure_reason(run),
        "created_by": session.get_one(User, run.created_by).email,
        "encoding_certain": run.head.get("encoding_certain", True),
        "sheets": [
            schemas.Sheet(name=found.name, rows=found.rows) for found in uploads.sheets_of(run)
        ],
    }

    return schemas.ImportSession(
        **{
            name: getattr(run, name)
            for name in schemas.ImportSession.model_fields
            if name not in derived
        },
        **derived,
    )


def _approval_of(asked: approval_requests.Request) -> schemas.Approval:
    return schemas.Approval(
        reason=asked.reason,
        asked_by=asked.asked_by.email,
        asked_at=asked.asked_at,
        plan=asked.plan,
        end=asked.end,
        ended_by=asked.ended_by.email if asked.ended_by else None,
        ended_at=asked.ended_at,
    )


def _counted(run: ContactImport, code: str) -> list[schemas.ColumnCount]:
    names = schemas.ColumnCount.model_fields
    return [
        schemas.ColumnCount(**{name: told[name] for name in names})
        for told in summary.told_of_columns(run, code)
    ]


def _failure_reason(run: ContactImport) -> str | None:
    """The code, or, for a file that the check refused, its sentence."""
    if (
        run.failure_reason
        and run.failure_facts is not None
        and run.failure_reason != "check_broken_off"
    ):
        return messages.whole(run.failure_reason, **run.failure_facts)

    return run.failure_reason


def _options(run: ContactImport) -> schemas.Options:
    chosen = {name: getattr(run, name) for name in schemas.Options.model_fields}
    named = {"batch_size": run.batch_size or "auto", "rules": run.column_rules}
    return schemas.Options(**{**chosen, **named})


def progress_of(now: ImportProgress) -> schemas.Progress:
    return schemas.Progress.model_validate(asdict(now), extra="ignore")


def result_of(session: Session, import_id: UUID) -> schemas.ImportResult:
    """What became of an import that has ended; durations in milliseconds."""
    run = session.get_one(ContactImport, import_id, populate_existing=True)
    outcomes = outcomes_of(run)
    counts = sums(outcomes)
    seconds = (
        (run.completed_at - run.started_at).total_seconds()
        if run.completed_at and run.started_at
        else 0
    )

    return schemas.ImportResult(
        import_id=import_id,
        total_contacts=run.total or 0,
        successfully_imported=counts["success"],
        failed_contacts=counts["failed"],
        duplicate_contacts=counts["duplicates"],
        import_duration_ms=round(seconds * 1000),
        error_log=_error_log(session, import_id),
        outcomes=schemas.Outcomes(**outcomes),
        warnings=summary.warnings_of(run),
        plan=_plan_result_of(session, run),
        runs_again=schemas.RunsAgain(**_runs_again(session, run)),
        **summary.people_of(run),
    )


def _runs_again(session: Session, run: ContactImport) -> dict[str, int]:
    """Nothing, once the import is undone or its rows are gone."""
    may = State(run.state).allows(Command.RETRY) and not undo_is_over(run)
    counted = reruns.counts(session, run)
    return {rerun.value: rows if may else 0 for rerun, rows in counted.items()}


def judged_row(
    session: Session, run: ContactImport, row: int, corrected: int
) -> schemas.JudgedRow:
    """A row as it is staged; `corrected` is how many rows were corrected with it."""
    staged = session.get_one(ImportRow, (run.id, row), populate_existing=True)
    status: Any = staged.status
    names = ("code", "field", "column", "value", "severity")

    return schemas.JudgedRow(
        row=row,
        status=status,
        problems=[
            schemas.RowProblem(
                **{name: problem.get(name) for name in names},
                message=messages.of_problem(problem, row),
            )
            for problem in staged.problems or []
        ],
        runs_again=session.get(ReopenedRow, (run.id, row)) is not None,
        corrected=corrected,
    )


def row_cells(line: problem_list.Line) -> dict[str, Any]:
    """What `RowCells` and `ProblemRow` say of a line."""
    names = ("code", "field", "column", "value", "severity", "suggestion", "mark")
    said: list[dict[str, Any]] = [
        {name: problem.get(name) for name in names} for problem in line.problems
    ]
    return {
        "row": line.row,
        "status": line.status,
        "cells": line.cells,
        "problems": [
            schemas.CellProblem(
                **told,
                also=problem.get("also") or {},
                message=messages.of_problem(problem, line.row),
            )
            for problem, told in zip(line.problems, said, strict=True)
        ],
        "was": line.was,
        "correction": line.changed and line.changed.act,
    }


def problem_rows(found: problem_list.Page, counts: problem_list.Counts) -> schemas.ProblemRows:
    """A page of the list of problems."""
    return schemas.ProblemRows(
        items=[
            schemas.ProblemRow(
                **row_cells(line), column=line.column, code=line.code or "", group=line.group
            )
            for line in found.lines
        ],
        groups=[
            schemas.ValueGroup(
                group=one.number,
                column=one.column,
                code=one.code,
                value=one.value,
                rows=one.rows,
            )
            for one in found.groups.values()
        ],
        counts=schemas.ProblemCounts(
            to_fix=counts.to_fix,
            look=counts.look,
            left_out=counts.left_out,
            corrected=counts.done,
            suggestions=counts.suggestions,
            columns=[
                schemas.ColumnTally(column=column, **tally._asdict())
                for column, tally in sorted(counts.columns.items())
            ],
        ),
        next=found.next,
    )


def correction_of(act: acts.Act) -> schemas.Correction:
    """An act of correction."""
    told: dict[str, Any] = {
        name: act.asked.get(name) for name in ("column", "value", "find", "replace_with")
    }
    kind: Any = act.kind
    return schemas.Correction(
        number=act.number,
        act=kind,
        rows=act.rows,
        made_by=act.by,
        made_at=act.at,
        undone_at=act.undone_at,
        undone_by=act.undone_by,
        **told,
    )


def _error_log(session: Session, import_id: UUID) -> list[schemas.LogEntry]:
    return [
        schemas.LogEntry(
            row=entry.row, code=entry.code, category=_category(entry), message=entry.sentence
        )
        for entry in ledger.problem_rows(session, import_id, schemas.ERROR_LOG_ENTRIES)
    ]


def _category(entry: ledger.Row) -> Any:
    return "system" if entry.code == "workers_lost" else Outcome(entry.outcome).category


def rows_of(
    session: Session, import_id: UUID, query: schemas.RowsQuery, limit: int
) -> list[schemas.LedgerRow]:
    """Ledger rows in file order."""
    found = ledger.rows(
        session,
        import_id,
        outcome=query.outcome,
        after=query.after,
        limit=limit,
        differing=query.differing,
    )
    candidates = conflicts.candidates_of(session, [entry.detail for entry in found])

    return [
        schemas.LedgerRow(
            row=entry.row,
            outcome=Outcome(entry.outcome),
            contact_id=entry.contact_id,
            code=entry.code,
            message=entry.sentence,
            warnings=[schemas.RowWarning(**warning) for warning in entry.warnings],
            changes=[schemas.Change(**change) for change in entry.changes],
            planned=plan_row_of(entry.planned) if entry.planned else None,
            candidates=[_candidate(one) for one in named],
            undone_at=entry.undone_at,
        )
        for entry, named in zip(found, candidates, strict=True)
    ]


def _candidate(candidate: conflicts.Candidate) -> schemas.Candidate:
    told = {name: getattr(candidate, name) for name in schemas.Candidate.model_fields}
    return schemas.Candidate(**{**told, "by": list(candidate.by)})


def conflicts_of(
    session: Session, run: ContactImport, after: int, limit: int
) -> list[schemas.Conflict]:
    """Rows in conflict, in file order."""
    found = row_choices.listed(session, run, after, limit)
    return [_conflict(card) for card in conflicts.cards(session, run.id, found)]


def _conflict(card: conflicts.Card) -> schemas.Conflict:
    return schemas.Conflict(
        row=card.row,
        code=card.code,
        message=messages.whole(card.code, row=card.row),
        candidates=[_candidate(one) for one in card.candidates],
        choice=choice_of(card.choice) if card.choice else None,
    )


def choice_of(choice: row_choices.Choice) -> schemas.Choice:
    return schemas.Choice(
        contact_id=choice.contact_id,
        owner_of=cast("MatchKey | None", choice.by),
        new=choice.chosen is Chosen.NEW,
        leave_out=choice.chosen is Chosen.LEAVE_OUT,
    )


def plan_row_of(line: PlanLine) -> schemas.PlanRow:
    """A line of a plan, or of a ledger in its terms."""
    return schemas.PlanRow(**{**asdict(line), "outcome": Outcome(line.outcome)})


def _plan_result_of(session: Session, run: ContactImport) -> schemas.PlanResult:
    result = plan_results.plan_result(session, run)
    found = plan_results.differences(session, run.id, limit=schemas.ERROR_LOG_ENTRIES)

    return schemas.PlanResult(
        verdict=result.verdict,
        digest=result.digest,
        rows_differing=result.rows_differing,
        differences=[
            schemas.Difference(
                planned=plan_row_of(one.planned), came_to=plan_row_of(one.came_to)
            )
            for one in found
        ],
    )


def rollback_of(preview: undo_preview.RollbackPreview) -> schemas.RollbackPreview:
    return schemas.RollbackPreview(
        contacts_removed=preview.removed,
        contacts_restored=preview.restored,
        contacts_kept=preview.kept,
        conflicts=[_kept(kept) for kept in preview.conflicts],
    )


def _kept(kept: dict[str, Any]) -> schemas.KeptField:
    names = ("contact_id", "row", "field", "code", "wanted", "now")
    plain = {name: kept[name] for name in names}
    return schemas.KeptField(
        **plain, changed_by_import=kept["by_import"], changed_by=kept["by_person"]
    )


def undone_of(run: ContactImport) -> schemas.RollbackResult:
    """What the rollback of a rolled-back import did."""
    undone, done_at = run.rollback or {}, run.rolled_back_at
    assert done_at is not None  # noqa: S101 - set together with the state

    return schemas.RollbackResult(
        success=True,
        contacts_removed=undone.get("removed", 0),
        contacts_restored=undone.get("restored", 0),
        contacts_kept=undone.get("kept", 0),
        rollback_completed_at=done_at,
    )


def row_undone_of(undone: undo_by_row.RowUndone) -> schemas.RowUndone:
    return schemas.RowUndone(
        row=undone.row,
        contact_id=undone.contact_id,
        contact_removed=undone.removed,
        fields_restored=undone.restored,
        conflicts=[_kept(kept) for kept in undone.kept],
    )


def unmerged_of(undone: undo_by_hand.ChangeUndone) -> schemas.Unmerged:
    assert undone.other_id is not None  # noqa: S101 - it was a merge
    return schemas.Unmerged(
        contact_id=undone.contact_id,
        contact_there=undone.there,
        other_id=undone.other_id,
        other_there=undone.other_there,
        fields_restored=undone.restored,
        conflicts=[_kept(kept) for kept in undone.kept],
    )


def contact_of(contact: Contact) -> schemas.Contact:
    return schemas.Contact(**_fields(contact))


def past_contact(contact: Contact, day: date) -> schemas.PastContact:
    names = (*SCALARS, "id", "tags", "custom", "created_at")
    held: dict[str, Any] = {name: getattr(contact, name) for name in names}
    held |= {f"{kind}s": _addresses(contact, kind) for kind in SEVERAL}
    return schemas.PastContact(**held, day=day)


def contact_with_provenance(
    session: Session, contact: Contact
) -> schemas.ContactWithProvenance:
    origins = {
        name: schemas.Origin(
            **{part: getattr(origin, part) for part in schemas.Origin.model_fields}
        )
        for name, origin in journal.provenance(session, contact).items()
    }

    return schemas.ContactWithProvenance(**_fields(contact), provenance=origins)


def _fields(contact: Contact) -> dict[str, Any]:
    names = (
        *SCALARS,
        "id",
        "tags",
        "custom",
        "imported_from",
        "created_at",
        "updated_at",
        "version",
    )

    addresses = {f"{kind}s": _addresses(contact, kind) for kind in SEVERAL}

    return {**{name: getattr(contact, name) for name in names}, **addresses}


def _addresses(contact: Contact, kind: str) -> list[schemas.Address]:
    return [
        schemas.Address(value=one["value"] or "", label=one["label"])
        for one in addresses_of(contact, kind)
    ]


OF_BULK_ACT = (
    *("id", "kind", "state", "parameters", "filter", "total", "through"),
    *("touched", "restored", "ended_at", "undone_at"),
)


def bulk_act_of(act: Any, kept: Sequence[Any], days: int) -> schemas.BulkAct:
    """A bulk act, with what it and its undo left as it was."""
    return schemas.BulkAct(
        **{name: getattr(act, name) for name in OF_BULK_ACT},
        kept=[_kept_by_act(one) for one in kept],
        started_by=act.by,
        started_at=act.at,
        undo_until=act.at + timedelta(days=days),
    )


def _kept_by_act(one: Any) -> schemas.KeptByAct:
    return schemas.KeptByAct(
        contact_id=one.contact_id,
        field=one.field,
        code=one.code,
        message=one.message or messages.title(one.code),
        wanted=one.wanted,
        now=one.now,
        changed_by_import=one.by_import,
        changed_by=one.by_person,
        on_undo=one.undo,
    )
