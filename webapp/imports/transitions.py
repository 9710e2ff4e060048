"""The one writer of an import's state."""

from typing import Any
from uuid import UUID

from webapp import queries
from webapp.db import Connection
from webapp.queries import fill
from webapp.vocabulary.states import TRANSITIONS, State, sources_of

SQL = queries.load("imports")
_ANY_EVENT = "event of the table"


def move(
    conn: Connection,
    import_id: UUID,
    target: State,
    *,
    sources: tuple[State, ...] = (),
    token: int | None = None,
    also: str = "",
    where: str = "",
    event: str | None = _ANY_EVENT,
    **values: Any,
) -> bool:
    """Move an import to `target` from a state that the table of transitions leads from, and log the
    event.

    - `sources`: the states to move from, where not all that the table knows are meant.
    - `token`: the lease under which a worker moves the import; the import stays where the lease has
      passed on.
    - `also`: further columns to set, as SQL, and `where` one more condition. Both take `values` by
      name.
    - `event`: what the log gets in place of the table's event; None where the caller writes the
      log.

    False where nothing was moved: the import is gone, in another state, or a condition fails. The
    caller commits. Raises KeyError for a source from which the table does not lead to the target.
    """
    sources = sources or tuple(sources_of(target))
    events = {TRANSITIONS[source][target] for source in sources}
    if event == _ANY_EVENT:
        (event,) = events

    conditions = ["id = %(import_id)s", "state = ANY(%(sources)s)"]
    conditions += ["lease_token = %(token)s"] if token is not None else []
    conditions += [where] if where else []

    moved = conn.execute(
        fill(
            SQL.move,
            also=f",\n{also}" if also else "",
            conditions=" AND ".join(conditions),
        ),
        {
            "import_id": import_id,
            "sources": [source.value for source in sources],
            "target": target.value,
            "token": token,
            **values,
        },
    ).fetchone()

    if moved and event:
        conn.execute(SQL.log_event, {"import_id": import_id, "event": event})

    return moved is not None
