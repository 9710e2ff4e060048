"""What the undo of an import would do now, counted and listed before it runs: the same SQL judges,
without writing.

All that the undo does batch by batch is looked at here at once, and all keys as claims. So counts
and list are those that the undo comes to, as long as the contacts do not change in between.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import driver
from webapp.models import UndoPreview
from webapp.undoing import undo_keys, undo_rules, undo_writing

LISTED = 100
SECONDS = 1.0  # that a request takes for it; longer than that, and it is a job
FRESH = timedelta(
    seconds=30
)  # for so long a preview is shown although the book goes on changing


_THIS = queries.fill(undo_rules.OF_IMPORT, h="h")
_JUDGED = f"({undo_rules.NAMES_KEYS} OR h.id IN (SELECT unnest(rest) FROM counted))"
_REMOVED = "SELECT FROM removed r WHERE r.contact_id = h.contact_id"

SQL = queries.load(
    "undo_preview",
    judging=undo_rules.judging(
        undo_rules.OF_IMPORT, f"{_THIS} AND {_JUDGED} AND NOT EXISTS ({_REMOVED})"
    ),
    of_import=_THIS,
    with_contact=undo_rules.WITH_CONTACT,
    returns=undo_rules.RETURNS,
    names_keys=undo_rules.NAMES_KEYS,
    is_plain=undo_rules.is_plain(undo_rules.OF_IMPORT),
    standing_change=undo_rules.standing_change("m.contact_id", "m.undone", _THIS),
    undone_alone=undo_rules.UNDONE_ALONE,
    undone_import=undo_rules.undone_import("d.import_id"),
    deletion_of_made=undo_rules.deletion("m.contact_id"),
    deletion_of_found=undo_rules.deletion("f.contact_id"),
    why_g_deleted=undo_rules.why_gone("g.deletion"),
    listed=undo_rules.LISTED,
    void=undo_rules.void(_THIS),
    field_of_d=undo_rules.DUE_FIELD,
    blocked=undo_rules.BLOCKED,
    giver_of_listed=undo_rules.giver("l.holder", "l.field", "l.key"),
    kinds=undo_rules.KINDS,
    id_field=undo_rules.ID,
    kinds_of_addresses=undo_rules.KINDS_OF_ADDRESSES,
    addresses_after=undo_rules.addresses("w.after"),
    addresses_before=undo_rules.addresses("w.before"),
)


@dataclass(frozen=True)
class RollbackPreview:
    """What an undo would do, in contacts.

    `conflicts` lists the first hundred of what stays, and who changed it.
    """

    removed: int
    restored: int
    kept: int
    conflicts: list[dict[str, Any]] = field(default_factory=list)


def preview(session: Session, import_id: UUID) -> RollbackPreview:
    """What an undo would do now: contacts removed, restored and kept, and why. Read-only."""
    session.flush()

    # Nothing is known of the sizes of its parts: joined by hashing, no size does harm.
    with db.planned(session, jit="off", enable_nestloop="off"):
        unit = {**undo_writing.of_import(import_id), "limit": LISTED}
        (found,) = undo_keys.rows(driver(session), SQL.preview, unit)

    return RollbackPreview(
        found["removed"], found["restored"], found["kept"], found["conflicts"] or []
    )


def soon(
    session: Session, import_id: UUID, seconds: float = SECONDS
) -> RollbackPreview | None:
    """The preview that a job kept, or one made at once; None where that takes more than so many
    seconds.
    """
    if (known := kept(session, import_id)) is not None:
        return known

    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
            found = preview(session, import_id)
            session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
            return found
    except psycopg.errors.QueryCanceled:
        return None


def compute_and_keep(session: Session, import_id: UUID) -> None:
    """Make the preview, however long it takes, and keep it. The caller commits."""
    seen = _seen(session)
    session.execute(text("SET LOCAL statement_timeout = 0"))
    result = asdict(preview(session, import_id))
    values = {"seen": seen, "result": result, "made_at": datetime.now(UTC)}
    made = insert(UndoPreview).values(import_id=import_id, **values)
    session.execute(made.on_conflict_do_update(index_elements=["import_id"], set_=values))


def kept(session: Session, import_id: UUID) -> RollbackPreview | None:
    """The preview that a job kept, unless it is out of date."""
    found = session.get(UndoPreview, import_id, populate_existing=True)
    if found is None or (
        found.seen != _seen(session) and found.made_at < datetime.now(UTC) - FRESH
    ):
        return None

    return RollbackPreview(**found.result)


def _seen(session: Session) -> str:
    """What changes when contacts, journal or undos do."""
    return str(db.execute(session, SQL.seen).scalar())
