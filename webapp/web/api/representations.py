"""Rows of the tables → answers of the API."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.contacts import journal
from webapp.imports import uploads
from webapp.imports.progress import ImportProgress, outcomes_of
from webapp.models import Contact, ContactImport, User
from webapp.reports import ledger, summary
from webapp.undoing import undo_preview
from webapp.vocabulary import messages
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.outcomes import Outcome, sums
from webapp.vocabulary.states import Command, State
from webapp.web.access import undo_is_over
from webapp.web.api import schemas


def session_of(session: Session, run: ContactImport) -> schemas.ImportSession:
    """An import as the API shows it."""
    outcomes = outcomes_of(run)
    derived: dict[str, Any] = {
        "import_id": run.id,
        "imported_from": str(run.id),
        "rollback_possible": State(run.state).allows(Command.ROLL_BACK)
        and not undo_is_over(run),
        "imported_count": sums(outcomes)["success"],
        "options": _options(run),
        "outcomes": schemas.Outcomes(**outcomes),
        "warnings": summary.warnings_of(run),
        "read_as_blank": _counted(run, "read_as_blank"),
        "repeated_values": _counted(run, "value_repeated"),
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
    return schemas.Options(**{**chosen, "batch_size": run.batch_size or "auto"})


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
    session: Session, import_id: UUID, outcome: str | None, after: int, limit: int
) -> list[schemas.LedgerRow]:
    """Ledger rows in file order."""
    return [
        schemas.LedgerRow(
            row=entry.row,
            outcome=Outcome(entry.outcome),
            contact_id=entry.contact_id,
            code=entry.code,
            message=entry.sentence,
            warnings=[schemas.RowWarning(**warning) for warning in entry.warnings],
            changes=[schemas.Change(**change) for change in entry.changes],
        )
        for entry in ledger.rows(session, import_id, outcome=outcome, after=after, limit=limit)
    ]


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


def contact_of(contact: Contact) -> schemas.Contact:
    return schemas.Contact(**_fields(contact))


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

    return {name: getattr(contact, name) for name in names}
