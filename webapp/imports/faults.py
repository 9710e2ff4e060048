"""What a failed statement means: try again, find the row at fault, or wait for better times."""

import re
from enum import StrEnum
from typing import Any

import psycopg

LOST_RACE = "RC001"  # our own SQLSTATE: a contact changed between being read and being written


class Category(StrEnum):
    """The four categories under which errors are logged."""

    VALIDATION = "validation"
    BUSINESS = "business"
    DATABASE = "database"
    SYSTEM = "system"


class Fault(StrEnum):
    """What the batch engine does about an error."""

    TRANSIENT = "transient"  # The same batch may pass in a moment.
    # A unique key or a version lost to another transaction: read again and decide again.
    RACE = "race"
    DATA = "data"  # A row that the database will never take.
    OUTAGE = "outage"  # The database is away or full: nothing is wrong with the batch.


# SQLSTATE classes and codes: https://www.postgresql.org/docs/16/errcodes-appendix.html
OUTAGE_CLASSES = ("08", "57P", "58")
OUTAGE_CODES = {
    *("53000", "53100", "53300"),  # The disk or the number of connections is used up.
    "40003",  # It is unknown whether the commit came through: the checkpoint has to be read again.
    *("25006", "25P03"),  # The server takes no writes, or has ended the session.
    *(
        "42P01",
        "42703",
        "42883",
        "3F000",
        "26000",
    ),  # The tables are not (yet) those of this program.
}
TRANSIENT_CODES = {"40001", "40P01", "55P03", "57014", "53200", "53400"}
REFUSAL_CLASSES = ("22", "23", "P0")
RACE_CODES = {"23505", LOST_RACE}  # a unique key or a version taken by another transaction


class Fenced(Exception):  # noqa: N818 - not an error: another worker carries on
    """The lease has passed to another worker; this one must stop and write nothing more."""


class Paused(Exception):  # noqa: N818 - not an error of the import: it waits and goes on by itself
    """The database is out of reach or full. `reason` is what the page shows as waiting for."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def classify(error: Exception, conn: psycopg.Connection[dict[str, Any]]) -> Fault:
    """The fault behind an exception that a statement raised on `conn`."""
    state = getattr(error, "sqlstate", None) or ""
    if conn.broken or conn.closed or state in OUTAGE_CODES or state.startswith(OUTAGE_CLASSES):
        return Fault.OUTAGE
    if state in RACE_CODES:
        return Fault.RACE
    if state in TRANSIENT_CODES:
        return Fault.TRANSIENT

    return Fault.DATA


def is_refusal(error: Exception) -> bool:
    """Whether the database refuses these rows for what they hold: a value, a constraint, a
    trigger.
    """
    return (getattr(error, "sqlstate", None) or "").startswith(REFUSAL_CLASSES)


def first_line(error: Exception) -> str:
    """The error in one line, without the values that the database quotes in it.

    The lines after the first are left out, and of a data exception (class 22) what stands in
    quotation marks; in other classes that is the name of a constraint, a column or a table.
    """
    line = (str(error).splitlines() or [type(error).__name__])[0][:500]
    quotes_values = (getattr(error, "sqlstate", None) or "").startswith("22")
    return QUOTED.sub('"…"', line) if quotes_values else line


QUOTED = re.compile('"[^"]*"?')
