"""One job's work on bulk acts: the oldest that is not at its end, batch by batch, for one slice."""

import logging
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg

from webapp import db
from webapp.config import Settings
from webapp.contacts import bulk_acts, search
from webapp.imports.faults import Fault, classify, first_line
from webapp.jobs import queueing, work_horses
from webapp.undoing import undo_bulk_acts

logger = logging.getLogger(__name__)
AGAIN_SECONDS = 0.2  # after a lock that did not come in time


def act_on_contacts() -> None:
    """Do batches of bulk acts until none is left, or the slice is used up; then the next job stands
    behind the imports that wait.

    With the database out of reach the sweep enqueues again when it is back.
    """
    settings = Settings()
    work_horses.die_with_parent()
    until = time.monotonic() + settings.slice_seconds

    try:
        with db.connect_job(settings.database_url) as conn:
            while (act := bulk_acts.unfinished(conn)) is not None:
                if work_horses.stop_request.told or time.monotonic() > until:
                    queueing.request_bulk_acts(settings)
                    return
                if not _work_on(conn, act, settings, until):
                    return
    except psycopg.OperationalError as error:
        logger.warning("database out of reach: %s", type(error).__name__)


def _work_on(conn: Any, act: Mapping[str, Any], settings: Settings, until: float) -> bool:
    """Batches of one act; false where this job is to end, and the sweep sees to the rest."""
    try:
        _batches(conn, act, settings, until)
    except queueing.BaseTimeoutException:
        raise  # RQ's own, an ordinary Exception: swallowed, it would never end.
    except Exception as error:  # noqa: BLE001 - for every error, the attempt must be counted
        return _broke_off(conn, act, settings, error)

    # Not moved on: another worker holds it.
    left = bulk_acts.unfinished(conn)
    return left is None or left["id"] != act["id"] or time.monotonic() > until


def _batches(conn: Any, act: Mapping[str, Any], settings: Settings, until: float) -> None:
    if act["unlisted"]:
        with db.session(settings.database_url) as session:
            search.unknown(session)
        with db.session(settings.database_url) as session:
            bulk_acts.list_contacts(session, act["id"])

    undoing = act["state"] == bulk_acts.State.UNDOING
    batch = undo_bulk_acts.undo_batch if undoing else bulk_acts.do_batch
    while batch(conn, act["id"]):
        if work_horses.stop_request.told or time.monotonic() > until:
            return


def _broke_off(
    conn: Any, act: Mapping[str, Any], settings: Settings, error: Exception
) -> bool:
    """Count the attempt, unless the fault passes by itself: whether to go on at once."""
    fault = classify(error, conn) if isinstance(error, psycopg.Error) else Fault.DATA
    if fault is Fault.OUTAGE:
        return False

    conn.rollback()
    if fault in {Fault.TRANSIENT, Fault.RACE}:
        time.sleep(AGAIN_SECONDS)
        return True

    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__  # Not its text, which may quote a contact.
    logger.error(
        "act %s: broke off with %s at %s:%s", act["id"], kind, place.filename, place.lineno
    )
    message = first_line(error) if isinstance(error, psycopg.Error) else kind
    with suppress(psycopg.Error), db.connect_job(settings.database_url) as own:
        bulk_acts.broke_off(own, act["id"], message)
        own.commit()

    return True
