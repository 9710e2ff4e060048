"""The closed list of an import's states and the transitions that are allowed between them."""

from enum import StrEnum


class State(StrEnum):
    """Where an import session stands. Waiting for a worker or the database is a fact beside it, not a state."""

    UPLOADED = "uploaded"  # The bytes are stored and the head is read; the columns are not mapped yet.
    CHECKING = "checking"  # A worker reads every row, cleans it and stages it.
    READY = "ready"  # Every row is staged and judged; nothing has been written to the contacts.
    QUEUED = "queued"  # The person pressed the button; no batch has been committed yet.
    RUNNING = "running"  # Batches are being committed.
    CANCELLING = "cancelling"  # Told to stop; the batch at hand is finishing.
    COMPLETED = "completed"  # Every row has its outcome.
    CANCELLED = "cancelled"  # Stopped by a person; what was committed stays until taken back.
    FAILED = "failed"  # Stopped by the first bad row, as asked, or because it cannot go on.
    ROLLING_BACK = "rolling_back"  # Undo is at work.
    ROLLED_BACK = "rolled_back"  # Undone; the ledger keeps the record.


TRANSITIONS: dict[State, frozenset[State]] = {
    State.UPLOADED: frozenset({State.CHECKING}),
    State.CHECKING: frozenset({State.READY, State.UPLOADED, State.FAILED}),
    State.READY: frozenset({State.CHECKING, State.QUEUED}),
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLING, State.CANCELLED}),
    State.RUNNING: frozenset({State.CANCELLING, State.COMPLETED, State.CANCELLED, State.FAILED}),
    State.CANCELLING: frozenset({State.CANCELLED, State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset({State.QUEUED, State.ROLLING_BACK}),
    State.CANCELLED: frozenset({State.ROLLING_BACK}),
    State.FAILED: frozenset({State.ROLLING_BACK, State.CHECKING}),  # the latter only where the check itself failed
    State.ROLLING_BACK: frozenset({State.ROLLED_BACK}),
    State.ROLLED_BACK: frozenset(),
}

PENDING = (State.UPLOADED, State.CHECKING, State.READY)  # waits for its person; nothing was written to the contacts
NEVER_RUN = frozenset({State.UPLOADED, State.READY})  # of these, those that no worker is at
ENDED = frozenset({State.COMPLETED, State.CANCELLED, State.FAILED, State.ROLLED_BACK})
WORKED_ON = frozenset({State.CHECKING, State.QUEUED, State.RUNNING, State.CANCELLING, State.ROLLING_BACK})


def sources_of(target: State) -> list[State]:
    """The states from which `target` may be entered."""
    return [state for state, targets in TRANSITIONS.items() if target in targets]


class Outcome(StrEnum):
    """What became of a row: exactly one each. `not_processed` is never stored; it is total minus processed."""

    CREATED = "created"
    UPDATED = "updated"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    DUPLICATE_SKIPPED = "duplicate_skipped"
    LEFT_OUT = "left_out"
    INVALID = "invalid"
    CONFLICT = "conflict"
    FAILED = "failed"
    NOT_PROCESSED = "not_processed"


STORED_OUTCOMES: tuple[Outcome, ...] = tuple(outcome for outcome in Outcome if outcome is not Outcome.NOT_PROCESSED)
SUCCESS = (Outcome.CREATED, Outcome.UPDATED, Outcome.MERGED, Outcome.UNCHANGED)
FAILURES = (Outcome.FAILED, Outcome.CONFLICT)
SKIPPED = (Outcome.INVALID, Outcome.LEFT_OUT, Outcome.DUPLICATE_SKIPPED)
DUPLICATES = (Outcome.UPDATED, Outcome.MERGED, Outcome.UNCHANGED, Outcome.DUPLICATE_SKIPPED)


class Strategy(StrEnum):
    """How a row is treated whose contact is already in the book."""

    SKIP = "skip"
    UPDATE = "update"
    MERGE = "merge"
