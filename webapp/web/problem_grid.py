"""The grid of rows to fix: which rows a page of it shows, in which groups, and the numbers around
it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_login import current_user
from sqlalchemy import select

from webapp.imports import reruns
from webapp.models import ContactImport, User
from webapp.staging import acts, file_rows, problem_list, reopening
from webapp.staging.problem_list import WHOLE_ROW, Counts, Filter, Group, Kind, Line
from webapp.vocabulary import messages
from webapp.vocabulary.catalogue import gettext
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.states import CORRECTED_ON_PAGES, RUN_ENDED
from webapp.web import commands
from webapp.web.access import may_change, undo_is_over
from webapp.web.act_words import of_act
from webapp.web.extensions import db
from webapp.web.forms import queries, sent
from webapp.web.forms.queries import ROW, ProblemsQuery
from webapp.web.problem_rows import item, label

A_PAGE = 50
OPEN_GROUPS = 2  # the first are unfolded, as many as fit into a window
SHOWN = 120  # characters of a cell that find and replace shows


def lines_of(
    run: ContactImport, asked: ProblemsQuery
) -> tuple[Sequence[Line], Mapping[int, Group], str | None]:
    """The rows of the page, their groups, and the cursor of the next page."""
    if not asked.all:
        page = problem_list.page(
            db.session(), run, filter_of(asked), after=asked.after, limit=A_PAGE
        )
        return page.lines, page.groups, page.next

    after = sent.made(queries.AfterQuery, {"after": asked.after or "0"}).after
    rows = file_rows.page(db.session(), run, after, q=asked.q, limit=A_PAGE)
    return rows.lines, {}, None if rows.next is None else str(rows.next)


def filter_of(asked: ProblemsQuery) -> Filter:
    return Filter(
        kind=Kind(asked.kind),
        code=asked.code or None,
        column=asked.column_number(),
        q=asked.q,
    )


def view_of(run: ContactImport, asked: ProblemsQuery) -> dict[str, Any]:
    """What the page, and each part of it that is sent anew, knows of the import."""
    session = db.session()
    counts = problem_list.counts(session, run)
    may = run.state in CORRECTED_ON_PAGES and may_change(run) and not undo_is_over(run)
    last = acts.last(session, run.id) if may else None

    return {
        "found": run,
        "asked": asked,
        "filter": asked.filter(),
        "counts": counts,
        "chips": _chips(run, counts),
        "mapped": _mapped(run),
        "last": last,
        "act": last.number if last else 0,
        "said": of_act(run, last) if last else "",
        "ran": run.state in RUN_ENDED,
        "again": reruns.counts(session, run)[Rerun.CORRECTED] if may else 0,
        "open": may and not run.correcting,
        "row": ROW,
    }


def _chips(run: ContactImport, counts: Counts) -> list[dict[str, Any]]:
    """The columns in which rows have a fault, and what is wrong with rows as a whole."""
    found = [
        {"column": str(column), "label": label(run, column), "rows": tally.rows}
        for column, tally in sorted(counts.columns.items())
        if column != WHOLE_ROW
    ]
    if whole := counts.columns.get(WHOLE_ROW):
        found.append({"column": ROW, "label": _of_rows(counts), "rows": whole.rows})

    return found


def _of_rows(counts: Counts) -> str:
    """What is wrong with rows as a whole, where it is one thing."""
    codes = set(counts.codes) & {"no_identity"}
    return messages.title(codes.pop()) if codes else gettext("The whole row")


def columns_of(run: ContactImport, asked: ProblemsQuery) -> list[dict[str, Any]]:
    """The columns of the grid where it shows each cell of a row in a column of its own."""
    if not asked.all:
        return []
    return [
        {"column": column, "label": label(run, column)} for column in range(len(run.columns))
    ]


def items_of(
    run: ContactImport,
    asked: ProblemsQuery,
    lines: Iterable[Line],
    shown: Mapping[int, list[int]] | None = None,
) -> list[dict[str, Any]]:
    """The rows as the grid shows them; `shown` are the cells by row, where a page shows them."""
    lines = list(lines)
    final = reopening.final(db.session(), run, [line.row for line in lines])
    people = _people(lines)
    wide = list(range(len(run.columns))) if asked.all else None
    column = asked.column_number()
    one = None if column is None or column == WHOLE_ROW else [column]

    return [
        item(
            run,
            line,
            wide or (shown or {}).get(line.row) or one,
            people,
            final=final.get(line.row),
        )
        for line in lines
    ]


def _people(lines: Iterable[Line]) -> dict[int, str]:
    """The names of the others who changed these rows."""
    numbers = {line.changed.by for line in lines if line.changed}
    return names_of(numbers - {current_user.id})


def names_of(numbers: set[int | None]) -> dict[int, str]:
    """What people are called, by their number."""
    known = numbers - {None}
    if not known:
        return {}

    users = db.session.scalars(select(User).where(User.id.in_(known)))
    return {user.id: user.name or user.email for user in users}


def sections_of(
    items: Sequence[dict[str, Any]],
    groups: Mapping[int, Group],
    counts: Counts,
    asked: ProblemsQuery,
) -> list[dict[str, Any]]:
    """The rows under their heads: those with a suggestion, those that hold the same value, and the
    others.
    """
    found: list[dict[str, Any]] = []

    for row in items:
        name = "suggested" if row["suggestion"] is not None else row["group"]
        if asked.all or asked.kind != "to_fix":
            name = None
        if not found or found[-1]["name"] != name:
            found.append(
                {
                    "name": name,
                    "rows": [],
                    "group": groups.get(name) if isinstance(name, int) else None,
                }
            )
        found[-1]["rows"].append(row)

    for place, section in enumerate(found):
        first = section["rows"][0]
        section["id"] = "one" if section["name"] is None else section["name"]
        section["head"] = section["name"] is not None or place > 0
        section["count"] = suggestions_of(counts, asked)
        section["closed"] = section["group"] is not None and place >= OPEN_GROUPS
        section["words"] = first["fields"][0]["words"] if first["fields"] else ""

    return found


def suggestions_of(counts: Counts, asked: ProblemsQuery) -> int:
    """In how many rows of this list a suggestion could be used."""
    column = asked.column_number()
    if column is None:
        return counts.suggestions
    tally = counts.columns.get(column)
    return tally.suggestions if tally else 0


def panel_of(run: ContactImport, asked: ProblemsQuery) -> dict[str, Any]:
    """What find and replace holds: what was asked, and what would change."""
    found = None
    if asked.find:
        found = commands.preview_replace(run.id, sent.replacement(asked))

    return {
        "asked": asked,
        "found": found,
        "first": [_differing(one) for one in found.first] if found else [],
        "columns": _mapped(run),
        "column": asked.column_number() if asked.in_column is None else asked.in_column,
    }


def _differing(one: Any) -> dict[str, Any]:
    """A cell before and after: what differs, and `same`, what stands before and behind it."""
    before, after = one.before[:SHOWN], one.after[:SHOWN]
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])

    return {
        "row": one.row,
        "before": before[start : len(before) - end],
        "after": after[start : len(after) - end],
        "same": (before[:start], before[len(before) - end :]),
    }


def _shared(one: str, other: str) -> int:
    """With how many equal characters both begin."""
    return next(
        (
            at
            for at, (left, right) in enumerate(zip(one, other, strict=False))
            if left != right
        ),
        min(len(one), len(other)),
    )


def _mapped(run: ContactImport) -> list[dict[str, Any]]:
    """The columns that are read, each with what it is called."""
    return [
        {"column": column, "label": label(run, column)}
        for column, target in enumerate(run.mapping or [])
        if target is not None
    ]
