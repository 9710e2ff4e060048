"""Choices: how a person settles rows in conflict, and says that a new row is a contact which it
looks like. They are kept beside the staged rows, as
corrections are, so that another check leaves them alone; the decision obeys them.

Before the run the rows in conflict are those that the previews found, and after it those of the
ledger. The caller commits and wakes a worker.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import driver
from webapp.models import Contact, ContactImport, ImportChoice, PossibleMatch
from webapp.queries import fill
from webapp.staging import corrections, reopening
from webapp.vocabulary.choices import Chosen
from webapp.vocabulary.keys import MATCH_KEYS
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.states import RUN_ENDED

KINDS = sorted(MATCH_KEYS)  # in which order a kind names its keys
SQL = queries.load(
    "row_choices",
    rank=f"array_position(ARRAY[{', '.join(map(repr, MATCH_KEYS))}], key)",
    keys=", ".join(f"has_{key}" for key in KINDS),
    has_keys=", ".join(
        f"COALESCE(detail -> 'by' ? '{key}', true) AS has_{key}" for key in KINDS
    ),
    named_keys=", ".join(f"CASE WHEN has_{key} THEN '{key}' END" for key in KINDS),
)


@dataclass(frozen=True)
class Choice:
    """What a person chose for a row. `contact_id` goes with CONTACT; `by`, the key whose owner is
    meant, with OWNER_OF.
    """

    chosen: Chosen
    contact_id: int | None = None
    by: str | None = None


@dataclass(frozen=True)
class Conflict:
    """A row in conflict: `candidates` as {"contact_id", "by"}, or {"row", "by"} for a contact
    that an earlier row of the file makes; strongest keys first in `by`.

    Rows of one `kind` are alike: they have the same code, and candidates by the same keys. A choice
    that came to nothing settles no row until it is made anew.
    """

    row: int
    code: str
    kind: str
    candidates: list[dict[str, Any]]
    choice: Choice | None
    is_settled: bool

    def candidates_by(self, key: str) -> list[dict[str, Any]]:
        return [one for one in self.candidates if key in one["by"]]


@dataclass(frozen=True)
class _Unseen:
    """In place of what the person saw, where nothing is known of it."""


UNSEEN: Final = _Unseen()
Seen = Choice | None | _Unseen


def listed(
    session: Session,
    import_: ContactImport,
    after: int,
    limit: int,
    *,
    unsettled: bool = False,
) -> list[Conflict]:
    """The rows in conflict after row `after`, at most `limit`; with them those that were settled,
    unless it is the others that are asked for.
    """
    found = db.execute(
        session,
        fill(
            SQL.listed,
            conflicts=_conflicts(import_),
            only=SQL.unsettled if unsettled else "",
        ),
        {"import_id": import_.id, "after": after, "limit": limit},
    )
    return [
        Conflict(one.row, one.code, one.kind, one.candidates, _choice(one), one.is_settled)
        for one in found
    ]


@dataclass(frozen=True)
class Place:
    """Where a row stands among those in conflict: from 1, and the rows before and behind it."""

    number: int
    before: int | None
    behind: int | None


def place(session: Session, import_: ContactImport, row: int) -> Place:
    """Where this row stands, by the order of the file."""
    rows = SQL.rows_after_run if import_.state in RUN_ENDED else SQL.rows_before_run
    found = db.execute(
        session, fill(SQL.place, rows=rows), {"import_id": import_.id, "row": row}
    ).one()
    return Place(found.number, found.before, found.behind)


def kinds(session: Session, import_: ContactImport) -> dict[str, tuple[int, int]]:
    """How many rows in conflict there are of each kind, and how many of them are settled."""
    has_run = import_.state in RUN_ENDED
    statement = SQL.kinds_after_run if has_run else SQL.kinds_before_run
    found = db.execute(session, statement, {"import_id": import_.id})
    return {one.kind: (one.rows, one.settled) for one in found}


def choose(
    session: Session, import_id: UUID, row: int, choice: Choice, *, seen: Seen = UNSEEN
) -> None:
    """Settle a row in conflict, or say of one that looks like a contact whether it is that one.
    `seen` is the choice that the person saw, None where there was none.

    Raises Refusal: wrong_state; row_not_in_conflict for a row that is neither; choice_changed or
    choice_taken_back where another person was faster; choice_no_candidate for a contact that is
    none of the row's, or a key that no contact holds; choice_of_several for a key that several
    hold; candidate_gone for a deleted contact.
    """
    import_ = corrections.open_for_corrections(session, import_id)
    made = {
        "chosen": choice.chosen.value,
        "contact_id": choice.contact_id,
        "by": _keys_of(session, import_, row, choice, seen),
    }
    new = insert(ImportChoice).values(import_id=import_id, row=row, **made)
    session.execute(new.on_conflict_do_update(index_elements=["import_id", "row"], set_=made))
    _settled(session, import_, [row])


def choose_alike(
    session: Session, import_id: UUID, row: int, choice: Choice, *, seen: Seen = UNSEEN
) -> int:
    """Settle this row and all that are alike, also those settled otherwise; how many rows that was.

    Rows of which several contacts hold the key whose owner is meant stay as they are.

    Raises Refusal as `choose` does, and choice_not_for_all where another row lacks the contact.
    """
    import_ = corrections.open_for_corrections(session, import_id)
    conflict = _conflict(session, import_, row, seen)
    _grounds(session, conflict, choice)
    asked = {
        "import_id": import_id,
        "kind": conflict.kind,
        "chosen": choice.chosen.value,
        "contact_id": choice.contact_id,
        "by": choice.by,
    }
    conflicts = _conflicts(import_)
    if choice.chosen is Chosen.CONTACT:
        others = db.execute(session, fill(SQL.rows_without, conflicts=conflicts), asked)
        if rows := others.scalar_one():
            raise Refusal("choice_not_for_all", at="/contact_id", rows=rows)

    settled = db.execute(session, fill(SQL.choose_alike, conflicts=conflicts), asked)
    rows = list(settled.scalars())
    _settled(session, import_, rows)

    return len(rows)


def take_back(session: Session, import_id: UUID, row: int, *, seen: Seen = UNSEEN) -> int:
    """Have a row unsettled again; where it is already, nothing changes. How many rows had a choice.

    Raises Refusal: wrong_state, choice_changed, choice_taken_back.
    """
    import_ = corrections.open_for_corrections(session, import_id)
    made = session.get(ImportChoice, (import_id, row), populate_existing=True)
    _refuse_unseen(row, _choice(made) if made else None, seen)
    if made is None:
        return 0

    session.execute(
        delete(ImportChoice).where(
            ImportChoice.import_id == import_id, ImportChoice.row == row
        )
    )
    _settled(session, import_, [row])

    return 1


def _settled(session: Session, import_: ContactImport, rows: list[int]) -> None:
    """These rows were settled: what has run is to run again for them. What the rows look like stays
    known, since none of them says anything else now.
    """
    session.flush()
    reopening.reopen(driver(session), import_.id, rows)
    known = {"import_id": import_.id, "mended_at": import_.mended_at}
    corrections.rows_changed(session, import_)
    db.execute(session, SQL.keep_matches, known)


def _conflicts(import_: ContactImport) -> str:
    return SQL.after_run if import_.state in RUN_ENDED else SQL.before_run


def _conflict(session: Session, import_: ContactImport, row: int, seen: Seen) -> Conflict:
    conflict = _in_conflict(session, import_, row)
    if conflict is None:
        raise Refusal("row_not_in_conflict", row=row)

    _refuse_unseen(row, conflict.choice, seen)
    return conflict


def _in_conflict(session: Session, import_: ContactImport, row: int) -> Conflict | None:
    found = listed(session, import_, row - 1, 1)
    return found[0] if found and found[0].row == row else None


def _keys_of(
    session: Session, import_: ContactImport, row: int, choice: Choice, seen: Seen
) -> list[str] | None:
    """The keys by which a contact is chosen; None for a contact that the row only looks like."""
    if _in_conflict(session, import_, row):
        return _grounds(session, _conflict(session, import_, row, seen), choice)

    match = session.get(PossibleMatch, (import_.id, row))
    if match is None or import_.state in RUN_ENDED:
        raise Refusal("row_not_in_conflict", row=row)

    made = session.get(ImportChoice, (import_.id, row), populate_existing=True)
    _refuse_unseen(row, _choice(made) if made else None, seen)
    if choice.chosen is Chosen.OWNER_OF:
        raise Refusal("choice_no_candidate", at="/owner_of")
    if choice.chosen is Chosen.CONTACT:
        if choice.contact_id != match.contact_id:
            raise Refusal("choice_no_candidate", at="/contact_id")
        if session.get(Contact, choice.contact_id) is None:
            raise Refusal("candidate_gone")

    return None


def _refuse_unseen(row: int, choice: Choice | None, seen: Seen) -> None:
    if not isinstance(seen, _Unseen) and seen != choice:
        raise Refusal("choice_changed" if choice else "choice_taken_back", row=row)


def _choice(made: Any) -> Choice | None:
    """From the columns of a choice."""
    if made.chosen is None:
        return None

    chosen = Chosen(made.chosen)
    return Choice(chosen, made.contact_id, made.by[0] if chosen is Chosen.OWNER_OF else None)


def _grounds(session: Session, conflict: Conflict, choice: Choice) -> list[str] | None:
    """The keys by which the chosen contact is a candidate of the row."""
    if choice.chosen is Chosen.OWNER_OF:
        holders = conflict.candidates_by(choice.by or "")
        if not holders:
            raise Refusal("choice_no_candidate", at="/owner_of")
        if len(holders) > 1:
            raise Refusal("choice_of_several", at="/owner_of", rows=len(holders))
        return [choice.by or ""]

    if choice.chosen is not Chosen.CONTACT:
        return None

    keys = [
        one["by"] for one in conflict.candidates if one.get("contact_id") == choice.contact_id
    ]
    if choice.contact_id is None or not keys:
        raise Refusal("choice_no_candidate", at="/contact_id")
    if session.get(Contact, choice.contact_id) is None:
        raise Refusal("candidate_gone")

    return list(keys[0])
