"""The plan: what an execution would do, row by row, before anything is written.

It is kept with each preview, and goes with it: a CSV in blocks, each with the lines of the rows
whose number divided by `BLOCK_ROWS` is the block's. Block -1 is the header, in which the options
stand. So the download is the blocks one after the other, and the plan's digest is SHA-256 over the
download. A line says `row,outcome,contact_id,code,joins_row,changed` and no values; what is blank
is not there. After the run the ledger's lines, made by the same SQL, are held against it
(`plan_differences`).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp import db, queries
from webapp.db import Connection
from webapp.deciding.decision import Options
from webapp.models import ImportPreview
from webapp.queries import fill
from webapp.reading.formulas import BLANKS, SIGNS, protected, unprotected
from webapp.vocabulary.fields import CUSTOM, SCALARS, SEVERAL
from webapp.vocabulary.keys import FURTHER_COLUMN, KEY_FIELDS, LABEL_COLUMN
from webapp.vocabulary.outcomes import STORED_OUTCOMES, WRITTEN, sql_case, sql_list
from webapp.vocabulary.strategies import Variant

BLOCK_ROWS = 1000
HEADER = -1  # the block that holds the header
COLUMNS = ("row", "outcome", "contact_id", "code", "joins_row", "changed")
BOM = "\ufeff"  # Excel takes a file for UTF-8 only with this
BETWEEN = "|"  # the names of changed fields in their cell


def _columns_of() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields as programs name them, in the order of the plan, each with the columns by which
    the journal tells that it changed.
    """
    for name in SCALARS:
        if name in SEVERAL:
            yield name, (name, KEY_FIELDS[name], LABEL_COLUMN[name])
            yield f"{name}s", (FURTHER_COLUMN[name],)
        else:
            yield name, (name,)

    yield "tags", ("tags",)


COLUMNS_OF = dict(_columns_of())


def _in_brackets(signs: str) -> str:
    """Signs as they stand in brackets of one of PostgreSQL's patterns; its texts have no NUL."""
    return "".join(sign if sign in "-\\" else f"\\u{max(ord(sign), 1):04x}" for sign in signs)


_BLANKS = _in_brackets(BLANKS)
_MET = {outcome.value for outcome in STORED_OUTCOMES if outcome.duplicate}
SQL = queries.load(
    "plan",
    word=sql_case({outcome: f",{outcome}," for outcome in STORED_OUTCOMES}, "l.outcome"),
    changing=sql_list(tuple(outcome for outcome in WRITTEN if outcome.duplicate)),
    # Where a spreadsheet may begin a cell with a formula, within a text.
    formula=f"([;\\t][{_BLANKS}]*)(?=[{_BLANKS}''\"]*[{_in_brackets(SIGNS)}])",
)


def line(writes: str, differs: Mapping[str, str], labels: str) -> str:
    """SQL: a row's line, line feed included, of the entry `l` (row, outcome, contact_id, code,
    detail) of a ledger or of what is like one.

    `writes` is the condition that the row changes a contact; only then the others are asked.
    `differs` has a condition for each column that can change (`JOURNALLED`, and `custom` for any
    of the custom fields), and `labels` is a set in SQL, as behind FROM, of the names of changed
    fields: of these, `custom:<label>` are taken.
    """
    return fill(SQL.line, writes=writes, **_changed(differs, labels))


def changed(differs: Mapping[str, str], labels: str) -> str:
    """SQL: the cell of a line that names the changed fields; blank where none is."""
    return fill(SQL.changed, **_changed(differs, labels))


def _changed(differs: Mapping[str, str], labels: str) -> dict[str, str]:
    named = [
        f"CASE WHEN {' OR '.join(differs[column] for column in columns)} THEN '{name}' END"
        for name, columns in COLUMNS_OF.items()
    ]
    return {"fields": ",\n".join(named), "names": labels, "has_labels": differs["custom"]}


# The columns of a contact that its journal tells apart, but for the custom ones.
JOURNALLED = tuple(column for columns in COLUMNS_OF.values() for column in columns)
_IN_JOURNAL = {column: f"l.before ? '{column}'" for column in JOURNALLED} | {
    # As text: it may say so of a value, and never does not of a name.
    "custom": f"strpos(l.before::text, '\"{CUSTOM}') > 0"
}
# SQL: the line of a ledger's entry `l` that has `before` of its journal's entry, null without one.
JOURNAL_LINE = line("l.before IS NOT NULL", _IN_JOURNAL, "jsonb_object_keys(l.before)")
_LEDGER_BLOCK = fill(
    SQL.ledger_block,
    writes="l.before IS NOT NULL",
    **_changed(_IN_JOURNAL, "jsonb_object_keys(l.before)"),
)


@dataclass(frozen=True)
class PlanLine:
    """A row of a plan, or of a ledger in its terms. `changed` names fields as the API does, custom
    ones as `custom:<label>`.
    """

    row: int
    outcome: str
    contact_id: int | None
    code: str | None
    joins_row: int | None
    changed: list[str]


def parsed(text: str) -> PlanLine:
    """A line, with its line feed or without."""
    row, outcome, contact_id, code, joins_row, names = next(csv.reader([text]))
    return PlanLine(
        int(row),
        outcome,
        int(contact_id) if contact_id else None,
        code or None,
        int(joins_row) if joins_row else None,
        [unprotected(name) for name in next(csv.reader([names], delimiter=BETWEEN), [])],
    )


def row_of(text: str) -> int:
    """The row that a line tells of."""
    return int(text.partition(",")[0])


def header(options: Options) -> str:
    """The first line: the columns' names, and behind them a cell for each of the options."""
    chosen = {
        "duplicate_strategy": options.strategy.value,
        "create_new": str(options.create_new).lower(),
        "hold_other_names": str(options.hold_other_names).lower(),
        "match_keys": BETWEEN.join(options.enabled),
        **{f"rules.{name}": rule.value for name, rule in sorted(options.rules)},
    }
    out = io.StringIO(newline="")
    cells = [*COLUMNS, *(protected(f"{name}={value}") for name, value in chosen.items())]
    csv.writer(out, lineterminator="\n").writerow(cells)

    return BOM + out.getvalue()


def ledger_block(conn: Connection, import_id: UUID, block: int, last_row: int) -> str:
    """The lines of a block's rows up to this one, as the ledger has them."""
    first = block * BLOCK_ROWS
    last = min(first + BLOCK_ROWS - 1, last_row)
    asked = {"import_id": import_id, "first": first, "last": last}
    row: Any = conn.execute(_LEDGER_BLOCK, asked, prepare=True).fetchone()
    return row["lines"] or ""


def digest(session: Session, import_id: UUID, variant: Variant) -> str | None:
    """SHA-256 over the plan's CSV, hexadecimal; None while there is no plan."""
    kept = session.get(ImportPreview, (import_id, *variant))
    return kept.plan_digest if kept else None


def contacts_changed(session: Session, import_id: UUID, variant: Variant) -> int:
    """How many contacts that were there before it updates or merges; 0 without a plan."""
    kept = session.get(ImportPreview, (import_id, *variant))
    if kept is None:
        return 0
    if kept.people is not None:
        return int(kept.people["contacts_changed"])

    return sum(kept.outcomes.get(outcome, 0) for outcome in WRITTEN if outcome.duplicate)


def blocks(session: Session, import_id: UUID, variant: Variant) -> Iterator[str]:
    """The plan's CSV in pieces, each a question of its own; nothing where there is no plan."""
    for _, lines in _blocks(session, import_id, variant, HEADER, ""):
        yield lines


def lines(
    session: Session,
    import_id: UUID,
    variant: Variant,
    *,
    after: int,
    limit: int,
    outcome: str | None = None,
    known: bool = False,
) -> list[PlanLine]:
    """At most so many rows behind row `after`, in the order of the file, of all outcomes or one;
    with `known` only those that met a contact of the book.
    """
    found: list[PlanLine] = []
    sought = f",{outcome}," if outcome else ""
    first = (after + 1) // BLOCK_ROWS

    for _, block in _blocks(session, import_id, variant, max(first, 0), sought):
        for text in filter(None, block.split("\n")):
            if row_of(text) > after and _is_sought(text, outcome, known=known):
                found.append(parsed(text))
            if len(found) == limit:
                return found

    return found


def _is_sought(text: str, outcome: str | None, *, known: bool) -> bool:
    _, its, contact, _ = text.split(",", 3)
    is_met = not known or (contact and its in _MET)
    return bool(is_met) and (not outcome or its == outcome)


def _blocks(
    session: Session, import_id: UUID, variant: Variant, first: int, sought: str
) -> Iterator[tuple[int, str]]:
    """The blocks from the first on that hold such a text, one at a time."""
    asked = {"import_id": import_id, **variant._asdict(), "first": first, "sought": sought}
    while row := db.execute(session, SQL.blocks, asked).first():
        yield row.block, row.lines
        asked["first"] = row.block + 1
