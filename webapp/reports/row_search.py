"""The search over an import's rows, by the words that the search for contacts knows
(`search_words`).

Rows are searched in blocks. Of each the table keeps a line of words for each row, and a signature:
a bit for each beginning of a word, two to seven signs long, by which nearly all blocks without a
word are passed over. An index of the words took three times as long to make and twice the room;
this is read through, 1,000,000 rows in some hundredths of a second.

The blocks are made once an import has ended, behind the index of the book and beside no import
that writes. Those of few rows a search makes itself. A trigger on the rows forgets a block's
words in the transaction that changes one of its rows.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID
from zlib import crc32

import psycopg
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.contacts import search_index, search_words
from webapp.models import ContactImport
from webapp.vocabulary.states import ENDED, UNCHECKED, UNUSED

ROWS = 64  # in a block: the trigger of the migration names it too
LOCK = 7_665_105  # and this
BLOCKS_AT_ONCE = 16  # in a transaction
FEW = 32  # blocks that a search makes itself
FEW_ROWS = 5_000  # whose blocks are searched alone
SIGNATURE_BITS = 1 << 14
BEGINNINGS = (2, 3, 5, 7)  # signs of a word that have a bit in the signature
# Blocks come from the index in their order, and the first rows of a page are soon there.
IN_ORDER = {"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_sort": "off"}
STATES = [state.value for state in ENDED - UNUSED]

SQL = queries.load(
    "row_search",
    rows=str(ROWS),
    lock=str(LOCK),
    texts_of=search_index.SQL.texts_of,
    phones_of=search_index.SQL.phones_of,
)


def catch_up(conn: psycopg.Connection[Any], should_stop: Callable[[], bool]) -> None:
    """Make the blocks of all imports that have ended, or until told to stop; what stands in the
    transaction that is open is committed. Raises psycopg.Error.
    """
    while not should_stop():
        if _make_some(conn, SQL.of_kept, {}):
            continue
        if not (found := _rows(conn, SQL.unprepared, {"states": STATES})):
            conn.commit()
            return
        _begin(conn, found[0]["id"])


def unknown(session: Session, run: ContactImport) -> int:
    """How many of the import's rows a search does not know yet.

    Of few it makes the blocks at once, and ends the transaction.
    """
    if run.expired_at:
        return 0  # Its rows go.

    known = db.execute(session, SQL.unknown, {"import_id": run.id}).one()
    rows = known.rows if known.blocks else run.total or 0
    if not 0 < rows <= FEW * ROWS or run.state in UNCHECKED:
        return int(rows)

    conn = db.driver(session)
    try:
        if not known.blocks:
            _begin(conn, run.id)
        while _make_some(conn, SQL.of_import, {"import_id": run.id}):
            pass
    except psycopg.Error:
        # It knows as much as it did, and the worker catches up.
        with suppress(psycopg.Error):
            conn.rollback()

    return int(db.execute(session, SQL.unknown, {"import_id": run.id}).one().rows)


def found(
    session: Session,
    sought: str,
    source: str,
    conditions: str,
    asked: dict[str, Any],
    *,
    indexed: bool,
) -> list[int]:
    """The numbers of the first rows that have, for each word of `sought`, one that begins with it,
    and that the conditions on `source`, as `l`, hold for; `indexed`: an index finds such rows.

    `asked` has the parameters `id`, `after` and `limit`, and those of the conditions.
    """
    wanted = search_words.sought(sought)
    if not wanted:
        return []

    blocks = _few_blocks(session, source, conditions, asked) if indexed else None
    values: dict[str, Any] = {"blocks": blocks}
    columns = "w.words", "l.words"
    statement = queries.fill(
        SQL.found,
        source=source,
        conditions=conditions,
        among=SQL.behind if blocks is None else SQL.of_these,
        may_have=" AND ".join(map(_may_have, wanted)),
        has=" AND ".join(_has(wanted, column, values) for column in columns),
    )
    with db.planned(session, **IN_ORDER):
        return list(db.execute(session, statement, {**asked, **values}).scalars())


def _few_blocks(
    session: Session, source: str, conditions: str, asked: dict[str, Any]
) -> list[int] | None:
    """The blocks with rows that the conditions hold for; None where these are many."""
    statement = queries.fill(SQL.few, source=source, conditions=conditions)
    rows = db.execute(session, statement, {**asked, "most": FEW_ROWS + 1}).scalars().all()
    return list(set(rows)) if len(rows) <= FEW_ROWS else None


def _has(wanted: list[search_words.Wanted], column: str, values: dict[str, Any]) -> str:
    """Whether a text has the words; the beginnings become parameters."""

    def begins(word: str) -> str:
        name = f"word_{len(values)}"
        values[name] = f" {word}"
        return f"strpos({column}, %({name})s) > 0"

    return " AND ".join(
        "(" + " OR ".join(" AND ".join(map(begins, all_of)) for all_of in one_of) + ")"
        for one_of in wanted
    )


def _may_have(one_of: search_words.Wanted) -> str:
    """Whether the signature allows for one of the ways in which a word is there."""
    return "(" + " OR ".join(map(_has_bits, one_of)) + ")"


def _has_bits(all_of: search_words.Beginnings) -> str:
    # The longest first: they stand in the fewest blocks.
    bits = [
        _bit(word[:length])
        for length in reversed(BEGINNINGS)
        for word in all_of
        if len(word) >= length
    ]
    return " AND ".join(f"get_bit(w.signature, {bit}) = 1" for bit in bits) or "true"


def _bit(beginning: str) -> int:
    return crc32(beginning.encode()) % SIGNATURE_BITS


def _signature(words: Iterable[str]) -> bytes:
    beginnings = {
        word[:length] for word in words for length in BEGINNINGS if len(word) >= length
    }
    bits = bytearray(SIGNATURE_BITS // 8)
    for beginning in beginnings:
        bit = _bit(beginning)
        bits[bit >> 3] |= 1 << (bit & 7)
    return bytes(bits)


def _rows(conn: psycopg.Connection[Any], statement: str, asked: Any) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, asked).fetchall()


def _begin(conn: psycopg.Connection[Any], import_id: UUID) -> None:
    """Note the blocks of an import, to be made, and commit."""
    conn.commit()
    conn.execute(SQL.give_way)
    conn.execute(SQL.lock)
    conn.execute(SQL.begin, {"import_id": import_id})
    conn.commit()


def _make_some(conn: psycopg.Connection[Any], whose: str, asked: dict[str, Any]) -> bool:
    """Make the next blocks, and commit; false where there were none to make."""
    statement = queries.fill(SQL.pending, whose=whose)
    pending = _rows(conn, statement, {**asked, "blocks": BLOCKS_AT_ONCE})
    if not pending:
        conn.commit()
        return False

    which = {
        "imports": [block["import_id"] for block in pending],
        "blocks": [block["block"] for block in pending],
    }
    texts = _rows(conn, SQL.texts, which)
    # Nothing is held while the words are made.
    conn.commit()
    lines = _lines(texts, len(pending))
    kept = {
        **which,
        "versions": [block["version"] for block in pending],
        "signatures": [_signature(" ".join(block).split()) for block in lines],
        "words": ["\n".join(block) for block in lines],
    }
    with conn.pipeline():
        conn.execute(SQL.give_way)
        conn.execute(SQL.keep, kept)
        conn.commit()

    return True


def _lines(texts: Sequence[dict[str, Any]], blocks: int) -> list[list[str]]:
    """The words of each row, a blank before each, for each block."""
    lines = [[""] * ROWS for _ in range(blocks)]
    for row in texts:
        words = search_words.words_of(row["texts"], row["phones"].splitlines())
        lines[row["number"] - 1][row["place"]] = "".join(f" {word}" for word in words)

    return lines
