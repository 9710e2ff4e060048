"""Discarding: an import that was never executed goes altogether, at its person's wish.

What ran stays on record.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.models import ContactImport, ImportLease
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import Command, State

SQL = queries.load("discard")

# The tables whose rows name an import without a foreign key; deleting the import takes all others
# with it.
LOOSE = (
    *("contact_import_rows", "contact_import_problems", "contact_import_logs"),
    *("contact_import_listed_cells", "contact_import_corrected_cells"),
)


def possible(run: ContactImport) -> bool:
    """Whether the import never wrote anything: it waits for its person, or it failed before its
    first batch.
    """
    untouched = not run.batches_done and not any(
        getattr(run, outcome.value) for outcome in STORED_OUTCOMES
    )
    return State(run.state).allows(Command.DISCARD) and (
        run.state != State.FAILED or untouched
    )


def discard(session: Session, import_id: UUID) -> None:
    """Delete the import with its bytes, rows, corrections and previews.

    Raises Refusal for one that ran.

    A check or preview at work finds no import to move on, so that its worker rolls back and leaves
    nothing.
    """
    # The lease first, as a claim has it, so that neither ever waits for the other in a circle.
    session.execute(
        select(ImportLease.import_id)
        .where(ImportLease.import_id == import_id)
        .with_for_update()
    )
    run = session.get(ContactImport, import_id, with_for_update=True, populate_existing=True)
    if run is None:
        return  # Another click was first.
    if not possible(run):
        raise Refusal("wrong_state", state=run.state)

    file_id = run.file_id
    session.expunge(run)

    for table in LOOSE:
        db.execute(session, f"DELETE FROM {table} WHERE import_id = %(id)s", {"id": import_id})

    db.execute(session, "DELETE FROM contact_imports WHERE id = %(id)s", {"id": import_id})
    db.execute(session, SQL.delete_file, {"file_id": file_id})
