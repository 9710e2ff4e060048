"""The search index, kept behind the contacts: a second, or until an import has ended.

Triggers on `contacts` note in `contact_words_pending` which contacts a statement created, or
changed in what a search reads, in its own transaction and once for all of them. A worker's
sweeper reads these contacts and writes their words, and what they are listed by. So does a search
where few are pending, that what a person has just changed is found.

Words are written and their note is deleted in one transaction, so that a process that ends between
the two has done nothing. A process that is late with words leaves a contact alone that was changed
since: that change has a note of its own. A deletion takes the words with it. It waits for words
that are being written, some milliseconds long, so no words outlive their contact.
"""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from webapp import queries
from webapp.contacts import search_words, sort_keys
from webapp.vocabulary.fields import SEARCHED

WRITE_LOCK = 7_665_102  # deletions hold it shared: the triggers of the migrations name it too
AT_ONCE = 1_000  # contacts in one transaction, and at most in one note
FEW = 200  # contacts that may be taken in while there is no time for all
NOTES_AT_ONCE = 200

SQL = queries.load(
    "search",
    texts=", ".join(f"c.{name}" for name in SEARCHED if name != "phone"),
    lock=str(WRITE_LOCK),
    name_key=sort_keys.as_sql(sort_keys.name()),
    company_key=sort_keys.as_sql(sort_keys.company()),
)


def catch_up(
    conn: psycopg.Connection[Any], should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Write the words of all contacts that are pending, or until told to stop; how many were.

    Each thousand contacts are a transaction: what stands in the one that is open is committed.
    Raises psycopg.Error.
    """
    done = 0
    while not should_stop() and (written := write_some(conn)):
        done += written

    return done


def write_some(conn: psycopg.Connection[Any], at_once: int = AT_ONCE) -> int:
    """Write the words of the next pending contacts, at most so many, and commit; how many were
    noted.

    None where the smallest note holds more; none does more than a thousand.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        noted = cursor.execute(
            SQL.pending, {"notes": NOTES_AT_ONCE, "contacts": at_once}
        ).fetchall()
        ids = {contact_id for note in noted for contact_id in note["contact_ids"]}
        found = cursor.execute(SQL.texts, {"ids": list(ids)}).fetchall() if ids else []

    # Nothing is held while the words are made.
    conn.commit()
    if noted:
        _write(conn, [note["id"] for note in noted], found)

    return sum(len(note["contact_ids"]) for note in noted)


def _write(
    conn: psycopg.Connection[Any], notes: list[int], found: list[dict[str, Any]]
) -> None:
    read = {
        "ids": [row["id"] for row in found],
        "versions": [row["version"] for row in found],
        "words": [_words(row) for row in found],
    }
    # All of it is sent at once: a client that is stopped in between holds up no deletion.
    with conn.pipeline(), conn.cursor() as cursor:
        cursor.execute(SQL.give_way)
        cursor.execute(SQL.lock_contacts)
        cursor.execute(SQL.lock_index)
        cursor.execute(SQL.keep, read)
        cursor.execute(SQL.keep_pending, read)
        cursor.execute(SQL.done, {"notes": notes})
        conn.commit()


def _words(row: dict[str, Any]) -> str:
    return " ".join(search_words.words_of(row["texts"], row["phones"].splitlines()))


def flush(conn: psycopg.Connection[Any]) -> None:
    """Sort in the words that were written since; a search is slower before it. Commits."""
    conn.execute(SQL.flush)
    conn.commit()
