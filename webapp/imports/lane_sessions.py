"""What becomes of the sessions of lanes once these have worked, of executions and undos alike."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from uuid import UUID

import psycopg

from webapp.db import Connection
from webapp.imports import leases
from webapp.imports.faults import Paused

Lane = Future[None]


def settle(
    conn: Connection, import_id: UUID, lanes: Iterable[Lane], close: Callable[[], None]
) -> bool:
    """After all lanes have ended: whether one failed in the database.

    What may go on in its session is ended then; `close` lets those beside the first one, `conn`, go.
    That one is outside a transaction afterwards, and in autocommit no more. Raises what else ended a
    lane, and Paused where a session is lost that the work needs.
    """
    errors = [error for lane in lanes if (error := lane.exception())]
    if errors:
        close()
    for error in errors:
        if not isinstance(error, psycopg.Error):
            raise error
    if conn.closed:
        raise Paused("database", "the session is lost")

    conn.rollback()
    conn.autocommit = False
    if errors and not leases.end_lanes(conn, import_id):
        raise Paused("database", "a session of a lane does not end")

    return bool(errors)
