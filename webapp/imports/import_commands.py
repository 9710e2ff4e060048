"""The commands that a person may give an import, and when.

Each request looks at the state under a row lock, or is one UPDATE that names the state it comes
from, so two clicks, two tabs or twenty parallel requests have one effect. The caller commits, then
enqueues the import (`jobs.wake`).
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.checking import column_rules as rules_of_columns
from webapp.checking import constants as of_all
from webapp.checking import mapping
from webapp.config import Settings
from webapp.db import driver
from webapp.imports import approval_requests, deadlines, mappings, reruns, transitions
from webapp.imports.approval_requests import End
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
from webapp.models import ContactImport, ImportLease, ImportPreview, ImportRow, MatchSearch
from webapp.vocabulary.fields import TAGS
from webapp.vocabulary.keys import DEFAULT_KEYS, MATCH_KEYS
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import ENDED, PREVIEWED, Command, State, allowing, sources_of
from webapp.vocabulary.strategies import Strategy, Variant

SQL = queries.load("imports")
# What a new import of the same file begins with.
OF_COPY = (
    *(SQL.copy_corrections, SQL.copy_act, SQL.copy_choices, SQL.copy_settled),
    SQL.copy_matches,
)
# The request for approval that an execution needs first: `deciding/approval.needed`.
ApprovalFor = Callable[[ContactImport, Variant], dict[str, Any] | None]


def choose_strategy(session: Session, import_id: UUID, strategy: Strategy) -> None:
    """Keep the strategy that a person chose for an import that is ready; any other stays as it
    is.
    """
    session.execute(
        update(ContactImport)
        .where(ContactImport.id == import_id, ContactImport.state == State.READY)
        .values(duplicate_strategy=strategy)
    )


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
    constants: dict[str, str] | None = None,
    tag: str | None = None,
    column_rules: dict[str, str | None] | None = None,
) -> None:
    """Say which column is what, what holds for all rows, and what columns do to contacts that are
    there; the check starts over.

    Raises Refusal for a target off the list, for what cannot hold for all rows, and for rules of
    what no column is.
    """
    opened = locked_with_lease(session, import_id)
    require(opened, Command.MAP)
    refuse_while_correcting(opened)
    mapping.check(targets, opened.columns)
    of_all.check(
        targets,
        constants or {},
        tag,
        default_country=default_country,
        date_order=date_order,
        clear_token=clear_token or None,
        blank_words=blank_words,
    )
    ruled = [*targets, *(constants or {}), TAGS.name if tag else None]
    checked_rules = rules_of_columns.checked(column_rules or {}, ruled)
    enter(session, opened, State.CHECKING)
    opened.draft = None
    opened.mapping, opened.column_rules = list(targets), checked_rules
    opened.constants, opened.tag = constants or {}, tag
    suggested = mappings.suggested(session, opened.columns, opened.sample)
    plain = targets == suggested and not mappings.choices_kept(opened)
    if plain and not mappings.has_named(session, opened.created_by, opened.columns):
        # No choice: a better suggestion is to take its place.
        mappings.forget_last(session, opened.created_by, opened.columns)
    else:
        mappings.remember(session, opened)

    opened.default_country = default_country
    opened.match_keys = [key for key in MATCH_KEYS if key in (match_keys or DEFAULT_KEYS)]
    opened.clear_token = clear_token or None
    opened.date_order = date_order
    opened.drop_bad_cells = drop_bad_cells
    opened.blank_words = blank_words
    opened.keep_words = sorted(set(keep_words or []))
    _from_the_top(session, opened)


def keep_draft(session: Session, import_id: UUID, draft: dict[str, Any]) -> None:
    """Keep the form of the columns before it is sent. Raises Refusal once the columns are
    closed.
    """
    opened = locked(session, import_id)
    require(opened, Command.MAP)
    opened.draft = draft
    session.flush()


def check_again(session: Session, import_id: UUID) -> None:
    """Check an import that waits once more, as it was mapped, under rules that are newer than its
    check; a request for approval is void then. One that moved on meanwhile stays as it is.
    """
    opened = locked_with_lease(session, import_id)
    if opened.state not in PREVIEWED or opened.correcting:
        return

    require(opened, Command.MAP)
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
    for table in (ImportPreview, MatchSearch):
        session.execute(delete(table).where(table.import_id == opened.id))
    wanted(session, opened.id)
    session.flush()


def execute(
    session: Session,
    import_id: UUID,
    *,
    strategy: Strategy,
    create_new: bool = True,
    hold_other_names: bool = False,
    skip_errors: bool = True,
    batch_size: int | str = 100,
    notification_email: str | None = None,
    site_url: str | None = None,
    approval_for: ApprovalFor | None = None,
) -> bool:
    """Queue the import, or have it wait for approval. True for the call that did it, False when it
    was queued or running before, or waits for approval of just this.

    `site_url` is where the web process is reached: a worker may have other settings, and links to
    it. `approval_for` gives the request for approval that this execution needs, None for none.

    Raises Refusal: nothing_to_write, invalid_rows_block_start (rows=n) when `skip_errors` is off
    and rows are invalid, and what `approval_for` raises.
    """
    variant = Variant(Strategy(strategy), create_new, hold_other_names)
    if variant.writes_nothing:
        raise Refusal("nothing_to_write", at="/create_new")

    opened = locked_with_lease(session, import_id)
    if Command.EXECUTE in State(opened.state).repeats:
        return False

    require(opened, Command.EXECUTE)
    refuse_while_correcting(opened)
    if not skip_errors and (rows := invalid_rows(session, import_id)):
        raise Refusal("invalid_rows_block_start", rows=rows)

    options = {
        "duplicate_strategy": variant.strategy,
        "create_new": create_new,
        "hold_other_names": hold_other_names,
        "skip_errors": skip_errors,
        "batch_size": 0 if batch_size == "auto" else int(batch_size),
        "notification_email": notification_email,
        "site_url": site_url,
    }

    return _begin(
        session, opened, options, approval_for(opened, variant) if approval_for else None
    )


def _begin(
    session: Session,
    opened: ContactImport,
    options: dict[str, Any],
    request: dict[str, Any] | None,
) -> bool:
    """Queue a locked import with these options, or, with a request, have it wait for approval.

    False where it waits for approval of just this already.
    """
    if opened.state == State.AWAITING_APPROVAL:
        asked = {name: getattr(opened, name) for name in options}
        if request and (asked, (opened.approval or {})["plan"]) == (options, request["plan"]):
            return False
        approval_requests.end(session, opened, End.VOIDED)

    for name, value in options.items():
        setattr(opened, name, value)

    opened.approval = None
    if request:
        approval_requests.begin(session, opened, request)
    else:
        enter(session, opened, State.QUEUED)

    wanted(session, opened.id)
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


def cancel(session: Session, import_id: UUID, *, by: int | None = None) -> None:
    """Ask an import to stop. What is committed stays; a batch at work is finished first. One that
    waits for approval goes back to `ready`.

    The request is a fact of its own row, so that asking waits for no batch.
    """
    state = session.scalar(select(ContactImport.state).where(ContactImport.id == import_id))
    known = State(state) if state else None
    if known is None or Command.CANCEL not in known.commands | known.repeats:
        raise Refusal("wrong_state", state=state or "")

    if state == State.CHECKING:
        _cancel_check(session, import_id)
        return

    if state == State.AWAITING_APPROVAL and _withdraw(session, import_id, by):
        return

    # It may have been approved since its state was read.
    if state in {State.QUEUED, State.AWAITING_APPROVAL} and _cancel_queued(session, import_id):
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


def _withdraw(session: Session, import_id: UUID, by: int | None) -> bool:
    """Take a request for approval back; whether there still was one."""
    opened = locked_with_lease(session, import_id)
    if opened.state != State.AWAITING_APPROVAL:
        return False

    approval_requests.end(session, opened, End.WITHDRAWN, by)
    return True


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
    """End an import that no worker has begun. A second run goes back to where it was."""
    return any(
        transitions.move(
            driver(session),
            import_id,
            end,
            sources=(State.QUEUED,),
            where=f"COALESCE(rerun_from, '{State.CANCELLED}') = '{end}'",
            also=SQL.cancelled_in_the_queue,
        )
        for end in allowing(Command.RETRY)
    )


def roll_back(session: Session, import_id: UUID, user_id: int | None = None) -> None:
    """Start the undo of an ended import, for this account. Asking twice is one undo."""
    opened = locked_with_lease(session, import_id)
    if Command.ROLL_BACK in State(opened.state).repeats:
        return

    require(opened, Command.ROLL_BACK)
    refuse_while_correcting(opened)
    _not_expired(session, opened)
    enter(session, opened, State.ROLLING_BACK)
    opened.rollback, opened.rolled_back_by = None, user_id
    wanted(session, import_id)
    session.flush()


def _not_expired(session: Session, run: ContactImport) -> None:
    """Refuse what needs data that retention has deleted, or may delete at any moment."""
    if deadlines.is_over(run, deadlines.days(session)):
        raise Refusal("undo_expired")


def retry(
    session: Session,
    import_id: UUID,
    rerun: Rerun = Rerun.FAILED,
    *,
    above: int | None = None,
) -> None:
    """Run these rows of an ended import again. What became of them before is kept in the log.

    `above` is APPROVAL_ABOVE, None where it is off: no one has approved what rows say now that were
    changed since the run before.

    Raises Refusal: undo_expired, invalid_rows_block_start (rows=n), second_run_large (rows=n,
    above=n) for more changed rows than that, or that there are no such rows.
    """
    opened = locked_with_lease(session, import_id)
    require(opened, Command.RETRY)
    refuse_while_correcting(opened)
    _not_expired(session, opened)
    rows_again = reruns.counts(session, opened)[rerun]
    if not rows_again:
        raise Refusal(NOTHING[rerun])
    if above is not None and rows_again > above and _says_something_new(opened, rerun):
        raise Refusal("second_run_large", rows=f"{rows_again:,}", above=f"{above:,}")
    if not opened.skip_errors and (rows := invalid_rows(session, import_id)):
        raise Refusal("invalid_rows_block_start", rows=rows)

    reruns.log_outcomes(session, import_id, rerun)
    reruns.forget_previews(session, import_id)
    opened.rerun, opened.rerun_from = rerun, opened.state
    opened.last_row = reruns.start_after(session, import_id, rerun)
    opened.failure_reason = None
    enter(session, opened, State.QUEUED)
    wanted(session, import_id)
    session.flush()


NOTHING = {
    Rerun.FAILED: "nothing_failed",
    Rerun.CORRECTED: "nothing_corrected",
    Rerun.REMAINING: "nothing_remaining",
}


def _says_something_new(run: ContactImport, rerun: Rerun) -> bool:
    """Whether a second run might change contacts by what its rows did not say in the first."""
    if not Strategy(run.duplicate_strategy or "").writes_to_matches:
        return False
    changed = run.mended_at and run.started_at and run.mended_at > run.started_at
    return rerun is Rerun.CORRECTED or bool(changed)


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
    for copy in OF_COPY:
        db.execute(session, copy, {"new": new.id, "old": old.id})

    map_columns(
        session,
        new.id,
        list(old.mapping or []),
        **choices_of(old),
    )

    return new


def choices_of(run: ContactImport) -> dict[str, Any]:
    """What was chosen beside the columns, as `map_columns` takes it."""
    choices = {name: getattr(run, name) for name in CHOICES}
    # An erasure blanks what tells of a person.
    choices["constants"] = {name: text for name, text in run.constants.items() if text}

    return choices


CHOICES = (
    "default_country",
    "match_keys",
    "clear_token",
    "date_order",
    "drop_bad_cells",
    "blank_words",
    "keep_words",
    "constants",
    "tag",
    "column_rules",
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


def wanted(session: Session, import_id: UUID) -> None:
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
