"""The commands that a person may give an import, and when.

Each request looks at the state under a row lock, or is one UPDATE that names the state it comes
from, so two clicks, two tabs or twenty parallel requests have one effect. The caller commits, then
enqueues the import (`jobs.wake`).
"""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import mapping
from webapp.config import Settings
from webapp.db import driver
from webapp.imports import deadlines, mappings, transitions
from webapp.imports.locks import (
    enter,
    lock_lease,
    locked,
    locked_with_lease,
    log,
    refuse_too_many,
    refuse_while_correcting,
    require,
)
from webapp.models import ContactImport, ImportLease, ImportPreview, ImportRow
from webapp.vocabulary.keys import DEFAULT_KEYS, MATCH_KEYS
from webapp.vocabulary.outcomes import Outcome
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import ENDED, Command, State, sources_of
from webapp.vocabulary.strategies import Strategy

SQL = queries.load("imports")


def map_columns(
    session: Session,
    import_id: UUID,
    targets: list[str | None],
    *,
    default_country: str | None = None,
    match_keys: list[str] | None = None,
    clear_token: str | None = None,
    date_order: str | None = None,
    drop_bad_cells: bool = False,
    blank_words: list[str] | None = None,
    keep_words: list[int] | None = None,
) -> None:
    """Say which column is what; the check starts over. Raises Refusal for a target off the list."""
    opened = locked_with_lease(session, import_id)
    require(opened, Command.MAP)
    refuse_while_correcting(opened)
    mapping.check(targets, opened.columns)
    enter(session, opened, State.CHECKING)
    opened.mapping = list(targets)
    if targets == mappings.suggested(session, opened.columns, opened.sample):
        # No choice: a better suggestion is to take its place.
        mappings.forget_last(session, opened.created_by, opened.columns)
    else:
        mappings.remember(session, opened.created_by, opened.columns, targets)
    opened.default_country = default_country
    opened.match_keys = [key for key in MATCH_KEYS if key in (match_keys or DEFAULT_KEYS)]
    opened.clear_token = clear_token or None
    opened.date_order = date_order
    opened.drop_bad_cells = drop_bad_cells
    opened.blank_words = blank_words
    opened.keep_words = sorted(set(keep_words or []))
    _from_the_top(session, opened)


def check_again(session: Session, import_id: UUID) -> None:
    """Check an import that waits once more, as it was mapped, under rules that are newer than its
    check. One that moved on meanwhile stays as it is.
    """
    opened = locked_with_lease(session, import_id)
    if opened.state != State.READY or opened.correcting:
        return

    enter(session, opened, State.CHECKING)
    _from_the_top(session, opened)


def _from_the_top(session: Session, opened: ContactImport) -> None:
    """The check begins at the file's first row, and what was computed of its rows goes."""
    opened.read_bytes, opened.read_position, opened.total, opened.check_summary = (
        0,
        None,
        None,
        {},
    )
    session.execute(delete(ImportPreview).where(ImportPreview.import_id == opened.id))
    _wanted(session, opened.id)
    session.flush()


def execute(
    session: Session,
    import_id: UUID,
    *,
    strategy: Strategy,
    skip_errors: bool = True,
    batch_size: int | str = 100,
    notification_email: str | None = None,
    site_url: str | None = None,
) -> bool:
    """Queue the import. True for the call that did it, False when it was queued or running before.

    `site_url` is where the web process is reached: a worker may have other settings, and links to
    it.

    Raises Refusal("invalid_rows_block_start", rows=n) when `skip_errors` is off and rows are
    invalid.
    """
    opened = locked_with_lease(session, import_id)
    if Command.EXECUTE in State(opened.state).repeats:
        return False

    require(opened, Command.EXECUTE)
    refuse_while_correcting(opened)
    if not skip_errors and (rows := invalid_rows(session, import_id)):
        raise Refusal("invalid_rows_block_start", rows=rows)

    enter(session, opened, State.QUEUED)
    opened.duplicate_strategy = Strategy(strategy)
    opened.skip_errors = skip_errors
    opened.batch_size = 0 if batch_size == "auto" else int(batch_size)
    opened.notification_email, opened.site_url = notification_email, site_url
    _wanted(session, import_id)
    session.flush()

    return True


def invalid_rows(session: Session, import_id: UUID) -> int:
    """How many staged rows cannot be imported as they are."""
    # The partial index over rows with problems answers this, however long the file is.
    staged = select(func.count()).where(
        ImportRow.import_id == import_id,
        ImportRow.problems.is_not(None),
        ImportRow.status == "invalid",
    )
    return session.scalar(staged) or 0


def cancel(session: Session, import_id: UUID) -> None:
    """Ask an import to stop. What is committed stays; a batch at work is finished first.

    The request is a fact of its own row, so that asking waits for no batch.
    """
    state = session.scalar(select(ContactImport.state).where(ContactImport.id == import_id))
    known = State(state) if state else None
    if known is None or Command.CANCEL not in known.commands | known.repeats:
        raise Refusal("wrong_state", state=state or "")

    if state == State.CHECKING:
        _cancel_check(session, import_id)
        return

    if state == State.QUEUED and _cancel_queued(session, import_id):
        return

    asked = _ask_to_stop(session, import_id)
    transitions.move(
        driver(session), import_id, State.CANCELLING, where=SQL.is_free, event=None
    )
    if asked:
        log(session, import_id, "cancel_requested")

    session.flush()


def _ask_to_stop(session: Session, import_id: UUID) -> bool:
    """Note the request, unless it stands there or the import has ended since its state was read:
    whether it is new.
    """
    # Locked, so that the next statement sees what the last holder committed.
    lock_lease(session, import_id)
    going_on = select(ContactImport.id).where(
        ContactImport.id == import_id,
        ContactImport.state.in_([*sources_of(State.CANCELLING), State.CANCELLING]),
    )

    asked = session.execute(
        update(ImportLease)
        .where(ImportLease.import_id.in_(going_on), ImportLease.cancel_requested_at.is_(None))
        .values(cancel_requested_at=func.clock_timestamp())
        .returning(ImportLease.import_id)
        .execution_options(synchronize_session=False)
    )

    return asked.first() is not None


def _cancel_check(session: Session, import_id: UUID) -> None:
    """Back to the columns. Moving the token makes the worker's next block roll back."""
    # The check may have ended, and the import be gone, since its state was read: then nothing
    # moves.
    transitions.move(
        driver(session),
        import_id,
        State.UPLOADED,
        sources=(State.CHECKING,),
        also="read_bytes = 0, read_position = NULL, lease_token = lease_token + 1",
    )


def _cancel_queued(session: Session, import_id: UUID) -> bool:
    """End an import that no worker has begun.

    A second run over failed rows goes back to where it was.
    """
    also = "lease_token = lease_token + 1, completed_at = clock_timestamp(), retrying = false"

    return any(
        transitions.move(
            driver(session), import_id, end, sources=(State.QUEUED,), where=where, also=also
        )
        for end, where in ((State.CANCELLED, "NOT retrying"), (State.COMPLETED, "retrying"))
    )


def roll_back(session: Session, import_id: UUID) -> None:
    """Start the undo of an ended import. Asking twice is one undo."""
    opened = locked_with_lease(session, import_id)
    if Command.ROLL_BACK in State(opened.state).repeats:
        return

    require(opened, Command.ROLL_BACK)
    _not_expired(session, opened)
    enter(session, opened, State.ROLLING_BACK)
    opened.rollback = None
    _wanted(session, import_id)
    session.flush()


def _not_expired(session: Session, run: ContactImport) -> None:
    """Refuse what needs data that retention has deleted, or may delete at any moment."""
    if deadlines.is_over(run, deadlines.days(session)):
        raise Refusal("undo_expired")


def retry_failed(session: Session, import_id: UUID) -> None:
    """Run the rows that failed again. Their earlier reasons are kept in the log."""
    opened = locked_with_lease(session, import_id)
    require(opened, Command.RETRY)
    _not_expired(session, opened)
    if not getattr(opened, Outcome.FAILED):
        raise Refusal("nothing_failed")

    db.execute(session, SQL.log_failed_rows, {"import_id": import_id})
    enter(session, opened, State.QUEUED)
    opened.retrying, opened.last_row = True, 0
    _wanted(session, import_id)
    session.flush()


def run_again(
    session: Session, import_id: UUID, user_id: int, settings: Settings | None = None
) -> ContactImport:
    """A new import of the same file and mapping, checked afresh; the one that waits already, where
    there is one.

    The old one is locked meanwhile, so that pressing twenty times at once is pressing once. Raises
    Refusal: wrong_state, file_gone or too_many_pending.
    """
    old = locked(session, import_id)
    require(old, Command.RUN_AGAIN)
    if old.file_gone or deadlines.is_over(old, deadlines.days(session)):
        raise Refusal("file_gone")

    going_on = select(ContactImport).where(
        ContactImport.run_again_of == old.id,
        ContactImport.created_by == user_id,
        ContactImport.state.not_in(ENDED),
        ContactImport.expired_at.is_(None),
    )

    if made := session.scalars(
        going_on.order_by(ContactImport.created_at.desc()).limit(1)
    ).first():
        return made

    refuse_too_many(session, user_id, settings or Settings())
    new = ContactImport(
        id=uuid4(),
        created_by=user_id,
        run_again_of=old.id,
        file_of=old.file_id,
        **{name: getattr(old, name) for name in COPIED},
    )
    session.add(new)
    session.flush()
    session.add(ImportLease(import_id=new.id))
    db.execute(session, SQL.copy_corrections, {"new": new.id, "old": old.id})
    map_columns(
        session,
        new.id,
        list(old.mapping or []),
        **choices_of(old),
    )

    return new


def choices_of(run: ContactImport) -> dict[str, Any]:
    """What was chosen beside the columns, as `map_columns` takes it."""
    return {name: getattr(run, name) for name in CHOICES}


CHOICES = (
    "default_country",
    "match_keys",
    "clear_token",
    "date_order",
    "drop_bad_cells",
    "blank_words",
    "keep_words",
)
COPIED = (
    *(
        "filename",
        "size_bytes",
        "sha256",
        "format",
        "encoding",
        "delimiter",
        "sheet",
        "header_row",
    ),
    *("columns", "sample", "head", "suggested_mapping"),
)


def _wanted(session: Session, import_id: UUID) -> None:
    """Note since when a worker is wanted, and forget an earlier request to stop."""
    session.execute(
        update(ImportLease)
        .where(ImportLease.import_id == import_id)
        .values(
            enqueued_at=func.clock_timestamp(),
            cancel_requested_at=None,
            waiting_for=None,
            deaths=0,
        )
    )
