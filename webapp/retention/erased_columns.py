"""What an erasure empties, derived from the tables: every column that may hold something of a
person.

A table that hangs on a contact loses the contact's rows. Of a row of a file, the staged row and the
ledger's entry stay, emptied; all else that hangs on the row, or on an import whose file goes, is
deleted. Texts of imports, of their logs and of kept mappings are read one by one, and those that
tell of the person are emptied.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp import queries
from webapp.contacts.bulk_acts import AT_WORK, State
from webapp.models import DERIVED, OF_FILE, Base, personal_columns
from webapp.retention.person_search import Sought

ERASED = "erased"  # in place of a text that can't be null
IMPORTS, LOGS, LEDGER, ROWS, CHOICES, LISTED, MAPPINGS, VIEWS, ACTS = (
    Base.metadata.tables[name]
    for name in (
        "contact_imports",
        "contact_import_logs",
        "contact_import_results",
        "contact_import_rows",
        "contact_import_choices",
        "contact_import_listed_cells",
        "mapping_templates",
        "contact_views",
        "contact_acts",
    )
)

SQL = queries.load("erased_columns")

# Assignments for the columns of an import that hold cells of its file, where that is deleted.
CELLS_EMPTIED = ", ".join(
    f"{column.name} = {column.info['left']}" for column in IMPORTS.c if "left" in column.info
)
# What stays of a JSON column, since counts and lists are made of it.
INSTEAD = {(ROWS, "problems"): SQL.problems, (LEDGER, "detail"): SQL.detail}


def tables(*columns: str, without: Sequence[str] = ()) -> list[Table]:
    """The tables that have all of these columns and none of the others."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if set(columns) <= {*table.c.keys()} and not {*table.c.keys()} & set(without)
    ]


def of_contact() -> Iterator[str]:
    """Statements that delete what hangs on the contact `id`.

    The ledger's numbers stay: they lead nowhere. So does a choice of the contact, without which the
    row could go to another one; as it is, it goes to none.
    """
    for table in tables("contact_id"):
        if table not in {LEDGER, CHOICES} and table.info != DERIVED:
            yield f"DELETE FROM {table} WHERE contact_id = %(id)s"
        if "other_id" in table.c:
            yield f"DELETE FROM {table} WHERE other_id = %(id)s"
    yield SQL.forget_counts


def of_rows() -> Iterator[str]:
    """Statements that empty the rows `rows` of `imports`, and delete what hangs on them."""
    theirs = f"WHERE (import_id, row) IN {SQL.their_rows}"

    for table in [LEDGER, *tables("import_id", "row", without=["contact_id"])]:
        if table in (LEDGER, ROWS):
            yield f"UPDATE {table} SET {', '.join(emptied(table))} {theirs}"
        # The hash of a listed cell tells whether a guess at its value is right.
        elif table is LISTED or personal_columns(table):
            yield f"DELETE FROM {table} {theirs}"

    yield SQL.empty_logs


def emptied(table: Table) -> list[str]:
    """An assignment for each column that may hold something of a person."""
    return [
        f"{column.name} = {INSTEAD.get((table, column.name), 'NULL')}"
        for column in personal_columns(table)
        if not column.primary_key
    ]


def of_files() -> Iterator[str]:
    """Statements that delete what hangs on the imports `ids` as a whole, files among it."""
    for table in tables("import_id", without=["contact_id", "row", "first_row"]):
        if personal_columns(table) and table.info != DERIVED:
            yield f"DELETE FROM {table} WHERE import_id = ANY(%(ids)s)"


def of_unused() -> Iterator[str]:
    """Statements that delete the uploads `unused`, which were not run yet, and what hangs
    on them.
    """
    for table in reversed(tables("import_id", without=["contact_id"])):
        yield f"DELETE FROM {table} WHERE import_id = ANY(%(unused)s)"
    yield f"DELETE FROM {IMPORTS} WHERE id = ANY(%(unused)s)"


def labels() -> list[Column[Any]]:
    """The columns of an import that say something of their own, not of its file."""
    return [column for column in personal_columns(IMPORTS) if not _is_of_file(column)]


def _is_of_file(column: Column[Any]) -> bool:
    return column.info.items() >= OF_FILE.items()


def labelled(session: Session, sought: Sought) -> dict[UUID, str]:
    """The imports with a label that tells of the person, such as their file's name; the names by
    id.
    """
    found = session.execute(select(IMPORTS.c.id, IMPORTS.c.filename, *labels())).mappings()
    return {
        row["id"]: row["filename"]
        for row in found
        if any(tells(sought, value) for value in row.values())
    }


def scrub(session: Session, sought: Sought, without_file: Sequence[UUID]) -> None:
    """Empty every text of imports and logs that tells of the person, of those files all columns;
    kept mappings and views of the list that do go as a whole.
    """
    _scrub(session, IMPORTS, personal_columns(IMPORTS), sought, IMPORTS.c.id.in_(without_file))
    _scrub(session, IMPORTS, labels(), sought, IMPORTS.c.id.not_in(without_file))
    _scrub(session, LOGS, personal_columns(LOGS), sought)
    _scrub_acts(session, sought)
    for table in (MAPPINGS, VIEWS):
        columns = personal_columns(table)
        for row in session.execute(select(table.c.id, *columns)).mappings().all():
            if any(tells(sought, row[column.name]) for column in columns):
                session.execute(delete(table).where(table.c.id == row["id"]))


def _scrub_acts(session: Session, sought: Sought) -> None:
    """One that is not at its end would go on with a blank for the text: it is stopped."""
    at_work = ACTS.c.state.in_(AT_WORK)
    for row in session.execute(select(ACTS).where(at_work).with_for_update()).mappings().all():
        if any(tells(sought, row[column.name]) for column in personal_columns(ACTS)):
            stopped = update(ACTS).where(ACTS.c.id == row["id"])
            session.execute(stopped.values(state=State.STOPPED.value, ended_at=func.now()))
    _scrub(session, ACTS, personal_columns(ACTS), sought)


def _scrub(
    session: Session, table: Table, columns: Sequence[Column[Any]], sought: Sought, *which: Any
) -> None:
    is_key = list(table.primary_key)
    some = or_(*[column.is_not(None) for column in columns])
    found = (
        session.execute(select(*{*is_key, *columns}).where(some, *which).order_by(*is_key))
        .mappings()
        .all()
    )

    for row in found:
        told = {column.name: _without(sought, row[column.name], column) for column in columns}
        changed = {name: value for name, value in told.items() if value != row[name]}

        if changed:
            this = [column == row[column.name] for column in is_key]
            session.execute(update(table).where(*this).values(changed))


def tells(sought: Sought, value: Any) -> bool:
    """Whether any text in a value, of JSON too, tells of the person."""
    if isinstance(value, str):
        # A file's name has signs between names, and an ending that would be one of an address's.
        return sought.is_in([value, value.replace("_", " "), value.rpartition(".")[0]])
    if isinstance(value, dict):
        return any(tells(sought, part) for part in (*value.keys(), *value.values()))

    return isinstance(value, list) and any(tells(sought, part) for part in value)


def _without(sought: Sought, value: Any, column: Column[Any]) -> Any:
    """A column's value without the texts that tell of the person."""
    if isinstance(value, str) and tells(sought, value):
        return None if column.nullable else ERASED
    return _blanked(sought, value)


def _blanked(sought: Sought, value: Any) -> Any:
    """A value of JSON with a blank for each text that tells of the person."""
    if isinstance(value, str):
        return "" if tells(sought, value) else value
    if isinstance(value, dict):
        return {_blanked(sought, name): _blanked(sought, part) for name, part in value.items()}

    return [_blanked(sought, part) for part in value] if isinstance(value, list) else value
