"""Which rows a second run of an import takes, and how many there are."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.imports.progress import outcomes_of
from webapp.models import ContactImport, RerunPreview
from webapp.queries import fill
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.reruns import Rerun

# How far behind the first row without an entry others may have one, by their numbers: two lanes
# (`executing/lanes.py`) take rows in any order, but none that is further ahead.
LOOK_AHEAD = 10_000
SQL = queries.load("reruns", look_ahead=str(LOOK_AHEAD))
_ROWS = {
    Rerun.NONE: SQL.remaining,
    Rerun.FAILED: SQL.failed,
    Rerun.CORRECTED: SQL.corrected,
    Rerun.REMAINING: SQL.remaining,
}


def rows(rerun: Rerun, import_id: str = "%(import_id)s", after: str = "%(after)s") -> str:
    """A query for the `row` numbers behind `after` that such a run has still to take, unordered.

    `import_id` and `after` are SQL. Of a first run and of one over what remains these are the
    staged rows without an entry.
    """
    return fill(_ROWS[rerun], import_id=import_id, after=after)


def counts(session: Session, run: ContactImport) -> dict[Rerun, int]:
    """How many rows each second run would take."""
    outcomes = outcomes_of(run)
    corrected = db.execute(session, SQL.count_corrected, {"import_id": run.id}).scalar_one()

    return {
        Rerun.FAILED: outcomes[Outcome.FAILED],
        Rerun.CORRECTED: int(corrected),
        Rerun.REMAINING: outcomes[Outcome.NOT_PROCESSED],
    }


def forget_previews(session: Session, import_id: UUID) -> None:
    """The rows, or what is to become of them, have changed."""
    session.execute(delete(RerunPreview).where(RerunPreview.import_id == import_id))


def start_after(session: Session, import_id: UUID, rerun: Rerun) -> int:
    """The checkpoint from which such a run goes on: a row number, with no row to take up to it."""
    if rerun is not Rerun.REMAINING:
        return 0
    asked = {"import_id": import_id}
    return int(db.execute(session, SQL.before_remaining, asked).scalar_one())


def log_outcomes(session: Session, import_id: UUID, rerun: Rerun) -> None:
    """Log what the run before made of the rows of such a run, and why."""
    if rerun.amends:
        statement = fill(SQL.log_outcomes, rows=rows(rerun))
        db.execute(session, statement, {"import_id": import_id, "after": 0})
