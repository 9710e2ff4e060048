"""Where an import stands: the closed list of its states, what may be asked in each, and which
follow.

Waiting for a worker or the database is a fact beside the state, not a state.
"""

from enum import StrEnum
from typing import NamedTuple, Self

from webapp.vocabulary.catalogue import gettext, gettext_noop


class Command(StrEnum):
    """What a person may ask of an import. `imports/import_commands.py` has a function for each."""

    READ_AGAIN = "read_again"  # read the file's head with other choices
    MAP = "map"  # say which column is what; the check starts
    CORRECT = "correct"  # correct rows, settle them, or leave them out
    EXECUTE = "execute"
    APPROVE = "approve"  # let the execution run that another person asked for
    REFUSE = "refuse"  # the same, but it does not run
    CANCEL = "cancel"
    RETRY = "retry"  # run rows again that failed, were corrected or are left over
    ROLL_BACK = "roll_back"
    RUN_AGAIN = "run_again"  # a new import of the same file
    DISCARD = "discard"  # delete the import, which wrote nothing


class Work(StrEnum):
    """What a worker does for an import of this state.

    The value is the log event from which the pace is read.
    """

    CHECK = "block_checked"
    EXECUTE = "batch"
    UNDO = "batch_undone"


class Pill(StrEnum):
    """The colour class of a state's label."""

    PLAIN = ""
    LIVE = "live"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Facts(NamedTuple):
    """What is known of a state.

    - `page`: the endpoint of the page that shows an import of this state.
    - `label`: one or two words, for lists, in English.
    - `sentence`: in English, what the person reads about it on the progress page or in the report; empty where
      numbers say it.
    - `pill`: the colour class of the label.
    - `commands`: what may be asked of the import.
    - `repeats`: what was asked already, so that asking again is no mistake and changes nothing.
    - `work`: what a worker is at, None where none is.
    - `ended`: whether the state is an end. Some commands lead on from it.
    """

    page: str
    label: str
    sentence: str = ""
    pill: Pill = Pill.PLAIN
    commands: frozenset[Command] = frozenset()
    repeats: frozenset[Command] = frozenset()
    work: Work | None = None
    ended: bool = False


NOTHING = Facts(page="", label="")


class State(StrEnum):
    """Where an import stands. `Facts` says what each attribute means."""

    facts: Facts
    page: str
    pill: Pill
    commands: frozenset[Command]
    repeats: frozenset[Command]
    work: Work | None
    ended: bool

    # A type checker takes a look-up, such as State(code), for a call of this: hence the defaults.
    def __new__(cls, code: str, facts: Facts = NOTHING) -> Self:
        item = str.__new__(cls, code)
        item._value_ = code
        item.facts = facts
        item.__dict__.update(facts._asdict())
        return item

    # The bytes are stored and the head is read; the columns are not mapped yet.
    UPLOADED = (
        "uploaded",
        Facts(
            page="columns.show",
            label=gettext_noop("uploaded"),
            commands=frozenset({Command.READ_AGAIN, Command.MAP, Command.DISCARD}),
        ),
    )
    # A worker reads every row, cleans it and stages it.
    CHECKING = (
        "checking",
        Facts(
            page="wizard.checking",
            label=gettext_noop("checking"),
            sentence=gettext_noop("Nothing has been imported yet."),
            commands=frozenset({Command.CANCEL, Command.DISCARD}),
            work=Work.CHECK,
        ),
    )
    # Every row is staged and judged; nothing has been written to the contacts.
    READY = (
        "ready",
        Facts(
            page="wizard.review",
            label=gettext_noop("ready"),
            commands=frozenset(
                {
                    Command.READ_AGAIN,
                    Command.MAP,
                    Command.CORRECT,
                    Command.EXECUTE,
                    Command.DISCARD,
                }
            ),
        ),
    )
    # An execution was asked for that another person has to approve. A change takes it back to
    # `ready`: `imports/locks.require`.
    AWAITING_APPROVAL = (
        "awaiting_approval",
        Facts(
            page="approvals.show",
            label=gettext_noop("waits for approval"),
            sentence=gettext_noop(
                "Another person has to approve it. Nothing has been written."
            ),
            pill=Pill.WARN,
            commands=frozenset(
                {
                    Command.READ_AGAIN,
                    Command.MAP,
                    Command.CORRECT,
                    Command.EXECUTE,
                    Command.APPROVE,
                    Command.REFUSE,
                    Command.CANCEL,
                    Command.DISCARD,
                }
            ),
        ),
    )
    # The check refused the file; nothing has been written to the contacts.
    REFUSED = (
        "refused",
        Facts(
            page="runs.report",
            label=gettext_noop("refused"),
            sentence=gettext_noop(
                "The file could not be read to the end. Nothing was imported."
            ),
            pill=Pill.BAD,
            commands=frozenset({Command.MAP, Command.DISCARD}),
            ended=True,
        ),
    )
    # The person pressed the button; no batch has been committed yet.
    QUEUED = (
        "queued",
        Facts(
            page="runs.watch",
            label=gettext_noop("queued"),
            commands=frozenset({Command.CANCEL}),
            repeats=frozenset({Command.EXECUTE}),
            work=Work.EXECUTE,
        ),
    )
    # Batches are being committed.
    RUNNING = (
        "running",
        Facts(
            page="runs.watch",
            label=gettext_noop("running"),
            pill=Pill.LIVE,
            commands=frozenset({Command.CANCEL}),
            repeats=frozenset({Command.EXECUTE}),
            work=Work.EXECUTE,
        ),
    )
    # Told to stop; the batch at hand is finishing.
    CANCELLING = (
        "cancelling",
        Facts(
            page="runs.watch",
            label=gettext_noop("stopping"),
            sentence=gettext_noop("Stopping…"),
            repeats=frozenset({Command.EXECUTE, Command.CANCEL}),
            work=Work.EXECUTE,
        ),
    )
    # Every row has its outcome.
    COMPLETED = (
        "completed",
        Facts(
            page="runs.report",
            label=gettext_noop("completed"),
            pill=Pill.GOOD,
            commands=frozenset({Command.CORRECT, Command.RETRY, Command.ROLL_BACK}),
            ended=True,
        ),
    )
    # A person stopped it; what was committed stays until it is undone.
    CANCELLED = (
        "cancelled",
        Facts(
            page="runs.report",
            label=gettext_noop("cancelled"),
            sentence=gettext_noop("Stopped before the end."),
            commands=frozenset({Command.CORRECT, Command.RETRY, Command.ROLL_BACK}),
            ended=True,
        ),
    )
    # The first bad row stopped it, as asked. Where that was in the first batch, it can be
    # discarded.
    FAILED = (
        "failed",
        Facts(
            page="runs.report",
            label=gettext_noop("stopped"),
            sentence=gettext_noop("Stopped at the first bad row."),
            pill=Pill.BAD,
            commands=frozenset(
                {Command.CORRECT, Command.RETRY, Command.ROLL_BACK, Command.DISCARD}
            ),
            ended=True,
        ),
    )
    # The undo is at work.
    ROLLING_BACK = (
        "rolling_back",
        Facts(
            page="runs.watch",
            label=gettext_noop("undoing"),
            repeats=frozenset({Command.ROLL_BACK}),
            work=Work.UNDO,
        ),
    )
    # Undone; the ledger keeps the record.
    ROLLED_BACK = (
        "rolled_back",
        Facts(
            page="runs.report",
            label=gettext_noop("undone"),
            commands=frozenset({Command.RUN_AGAIN}),
            repeats=frozenset({Command.ROLL_BACK}),
            ended=True,
        ),
    )

    @property
    def label(self) -> str:
        """One or two words, for lists."""
        return gettext(self.facts.label)

    @property
    def sentence(self) -> str:
        """What the person reads about it; "" where numbers say it."""
        return gettext(self.facts.sentence)

    def allows(self, command: Command) -> bool:
        """Whether the command has an effect on an import of this state."""
        return command in self.commands

    @property
    def public(self) -> "State":
        """The state as the API tells it: programs knew `failed` before `refused` came."""
        return State.FAILED if self is State.REFUSED else self


# Which states follow a state, and the event that the import's log gets with it; None where it gets
# none.
TRANSITIONS: dict[State, dict[State, str | None]] = {
    State.UPLOADED: {State.CHECKING: "check_started"},
    State.CHECKING: {
        State.READY: "checked",
        State.UPLOADED: "check_cancelled",
        State.REFUSED: None,
    },
    State.READY: {
        State.CHECKING: "check_started",
        State.QUEUED: "queued",
        State.AWAITING_APPROVAL: "approval_requested",
        State.UPLOADED: None,
    },
    # Who refuses or takes the request back logs that instead.
    State.AWAITING_APPROVAL: {State.QUEUED: "approved", State.READY: "approval_voided"},
    State.REFUSED: {State.CHECKING: "check_started"},
    # A second run that is cancelled goes back to where it was.
    State.QUEUED: {
        State.RUNNING: "started",
        State.CANCELLING: "cancel_requested",
        State.CANCELLED: "cancelled",
        State.COMPLETED: "cancelled",
        State.FAILED: "cancelled",
    },
    State.RUNNING: {
        State.CANCELLING: "cancel_requested",
        State.COMPLETED: "completed",
        State.CANCELLED: "cancelled",
        State.FAILED: "failed",
    },
    State.CANCELLING: {
        State.COMPLETED: "completed",
        State.CANCELLED: "cancelled",
        State.FAILED: "failed",
    },
    State.COMPLETED: {State.QUEUED: "retry_started", State.ROLLING_BACK: "rollback_started"},
    State.CANCELLED: {State.QUEUED: "retry_started", State.ROLLING_BACK: "rollback_started"},
    State.FAILED: {State.QUEUED: "retry_started", State.ROLLING_BACK: "rollback_started"},
    State.ROLLING_BACK: {State.ROLLED_BACK: "rolled_back"},
    State.ROLLED_BACK: {},
}

ENDED = frozenset(state for state in State if state.ended)
WORKED_ON = frozenset(state for state in State if state.work)
WRITING = frozenset(
    state for state in State if state.work in (Work.EXECUTE, Work.UNDO)
)  # a worker's batches write contacts
# It waits for its person, and wrote nothing.
PENDING = tuple(state for state in State if state.allows(Command.DISCARD) and not state.ended)
# Of these, those that no worker is at.
NEVER_RUN = frozenset(PENDING) - WORKED_ON
# It wrote nothing and no worker is at it: when its time is over, all of it goes.
UNUSED = NEVER_RUN | {State.REFUSED}
# Its rows are staged and judged, and it waits for a person: previews are made of it.
PREVIEWED = frozenset({State.READY, State.AWAITING_APPROVAL})
# What changes an import that is to be approved: the request is void then.
VOIDING = frozenset({Command.READ_AGAIN, Command.MAP, Command.CORRECT})
# Whose rows a page offers to correct: one that is to be approved is taken back first.
CORRECTED_ON_PAGES = frozenset(state for state in State if state.allows(Command.CORRECT)) - {
    State.AWAITING_APPROVAL
}
# Its rows are not all staged and checked.
UNCHECKED = frozenset({State.UPLOADED, State.CHECKING, State.REFUSED})
# An execution came to an end in it.
RUN_ENDED = ENDED - UNUSED - {State.ROLLED_BACK}


def sources_of(target: State) -> list[State]:
    """The states from which `target` may be entered."""
    return [state for state, targets in TRANSITIONS.items() if target in targets]


def asked_for(state: State) -> list[State]:
    """The states that a query for this one finds: with `failed` also what is told as that."""
    return [one for one in State if state in {one, one.public}]


def allowing(command: Command) -> frozenset[State]:
    """The states in which the command has an effect."""
    return frozenset(state for state in State if state.allows(command))
