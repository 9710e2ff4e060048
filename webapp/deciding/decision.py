"""The row decision: which of its parts, in `sql/decide.sql`, a strategy and its match keys take.

That file is the decision; here it is joined. What comes out is kept in `sql/rendered` for reading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from webapp import folding, queries
from webapp.imports.faults import LOST_RACE
from webapp.queries import fill
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import (
    DERIVED_KEYS,
    KEY_COLUMN,
    KEY_FIELDS,
    MATCH_KEYS,
    UNIQUE_KEYS,
)
from webapp.vocabulary.outcomes import STORED_OUTCOMES
from webapp.vocabulary.strategies import Strategy, Writes

WRITTEN = (*SCALARS, "tags", "custom", *DERIVED_KEYS)
_EMPTY = {"tags": "COALESCE(tags, '{}')", "custom": "COALESCE(custom, '{}')"}


def _lines(columns: Iterable[str], at_a_time: int = 8) -> str:
    """A list of columns, so many a line."""
    names = list(columns)
    starts = range(0, len(names), at_a_time)
    return ",\n".join(", ".join(names[start : start + at_a_time]) for start in starts)


SQL = queries.load(
    "decide",
    row_keys=", ".join(f"r.{column}" for column in KEY_COLUMN.values()),
    key_columns=", ".join(KEY_COLUMN.values()),
    written=_lines(WRITTEN),
    written_values=_lines(_EMPTY.get(name, name) for name in WRITTEN),
    new=_lines(f"n.{name}" for name in WRITTEN),
    old=_lines((f"c.{name} AS old_{name}" for name in WRITTEN), 4),
    assignments=_lines((f"{name} = m.{name}" for name in WRITTEN), 4),
    counts=",\n".join(
        f"count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}"
        for outcome in STORED_OUTCOMES
    ),
    counts_and_part=_lines(
        (
            f"counts[{place}] + part.{outcome}"
            for place, outcome in enumerate(STORED_OUTCOMES, 1)
        ),
        3,
    ),
    number_of_outcomes=str(len(STORED_OUTCOMES)),
    lost_race=LOST_RACE,
)


@dataclass(frozen=True)
class Rules:
    """What the person chose, as far as the decision needs it."""

    strategy: Strategy
    match_keys: tuple[str, ...]
    only_failed: bool = False  # a second run: only rows whose ledger outcome is `failed`

    @property
    def enabled(self) -> tuple[str, ...]:
        return tuple(key for key in MATCH_KEYS if key in self.match_keys)

    @property
    def guarded(self) -> tuple[str, ...]:
        """The keys that are looked up: those matched on, and those that are unique in any case."""
        return tuple(key for key in MATCH_KEYS if key in self.match_keys or key in UNIQUE_KEYS)

    @property
    def holders(self) -> tuple[str, ...]:
        """By which keys a row reaches contacts; of those who share its phone, two are looked up."""
        return (*self.guarded, "phone_too") if "phone" in self.enabled else self.guarded

    @property
    def writes_to_matches(self) -> bool:
        return self.strategy.writes_to_matches

    @property
    def frees_shared_phones(self) -> bool:
        """Whether a row can take a phone from one of several contacts that share it."""
        return self.strategy.writes is Writes.FILLED_CELLS and "phone" in self.enabled


def function(rules: Rules, taken_together: int) -> str:
    """The definition of `pg_temp.decide`: the decision, and again for the rows left aside.

    Rows left aside are taken together while at least one in `taken_together` of them can be decided
    at once, and then one by one.
    """
    return fill(
        SQL.function,
        decide_next=statement(rules),
        decide_listed=statement(rules, listed=True),
        taken_together=str(taken_together),
    )


@lru_cache(maxsize=64)
def statement(rules: Rules, *, listed: bool = False) -> str:
    """The decision as SQL for these rules: on the next rows, or on those listed."""
    steps = ",\n".join(_steps(rules, listed=listed))
    return f"WITH {steps}\n{_totals(rules)}"


def _steps(rules: Rules, *, listed: bool) -> Iterator[str]:
    yield find_existing_contacts(rules, listed=listed)
    yield SQL.span
    yield fill(SQL.aside, groups="\nUNION ALL\n".join(_interfering(rules)))
    yield SQL.judged
    yield SQL.inserted

    if rules.writes_to_matches:
        yield _matched(rules)

    yield _entries(rules)

    if rules.writes_to_matches:
        yield merge_into_contacts()
        yield SQL.journalled

    yield SQL.ledger_corrected if rules.only_failed else SQL.ledger


def find_existing_contacts(rules: Rules, *, listed: bool = False) -> str:
    """The step that looks up who holds a row's keys, its owner, and any conflict."""
    rows = SQL.listed_rows if listed else SQL.next_rows
    holders = [fill(SQL.holder, key=key, column=KEY_COLUMN[key]) for key in rules.guarded] + [
        SQL.second_holder_of_phone
    ] * ("phone" in rules.enabled)

    return fill(
        SQL.looked,
        columns=",\n".join(_looked_up(rules)),
        rows=fill(rows, only_failed=SQL.still_failed if rules.only_failed else ""),
        holders="\n".join(holders),
    )


def _looked_up(rules: Rules) -> Iterator[str]:
    yield "b.row, b.status, b.code"
    for key in rules.guarded:
        yield f"CASE WHEN of_{key}.id IS NULL THEN b.{KEY_COLUMN[key]} END AS free_{key}"

    for holder in rules.holders:
        yield f"of_{holder}.id AS by_{holder}"

    yield f"{_of_owner(rules, 'id')} AS owner"
    yield fill(
        SQL.conflict,
        two_contacts=_any(_two_contacts(rules)),
        key_taken=_any(_taken_keys(rules)),
        stronger_key_differs=_any(_stronger_differs(rules)),
    )
    yield fill(
        SQL.joins,
        imported_from=_of_owner(rules, "imported_from"),
        imported_row=_of_owner(rules, "imported_row"),
    )
    if rules.writes_to_matches:
        yield f"{_of_owner(rules, 'place')} AS place"
    if rules.frees_shared_phones:
        held = ", ".join(f"of_{key}.phone_key" for key in MATCH_KEYS)
        yield f"b.phone_key, ARRAY[{held}] AS held"


def _of_owner(rules: Rules, column: str) -> str:
    """A column of the contact that the row's strongest key reaches."""
    reached = " ".join(
        f"WHEN of_{key}.id IS NOT NULL THEN of_{key}.{column}" for key in rules.enabled
    )
    return f"CASE {reached or f'WHEN false THEN of_email.{column}'} END"


def _any(conditions: Iterable[str]) -> str:
    return "\n    OR ".join(conditions) or "false"


def _two_contacts(rules: Rules) -> Iterator[str]:
    """R1: the row's keys reach more than one contact."""
    for one, other in combinations(rules.enabled, 2):
        yield f"of_{one}.id <> of_{other}.id"

    if "phone" in rules.enabled:
        yield "of_phone_too.id IS NOT NULL"


def _taken_keys(rules: Rules) -> Iterator[str]:
    """R1: a key that is unique, but not matched on, belongs to a contact which is not the owner."""
    owner = _of_owner(rules, "id")
    for key in UNIQUE_KEYS:
        if key not in rules.enabled:
            yield f"(of_{key}.id IS NOT NULL AND of_{key}.id IS DISTINCT FROM {owner})"


def _stronger_differs(rules: Rules) -> Iterator[str]:
    """R2: a weaker key reached the owner, while a stronger one that both have differs."""
    for stronger, weaker in combinations(rules.enabled, 2):
        before = rules.enabled[: rules.enabled.index(weaker)]
        missed = " AND ".join(f"of_{key}.id IS NULL" for key in before)
        column = KEY_COLUMN[stronger]
        yield f"({missed} AND b.{column} <> of_{weaker}.{column})"


def _reached(rules: Rules) -> str:
    return f"ARRAY[{', '.join(f'by_{holder}' for holder in rules.holders)}]"


def _interfering(rules: Rules) -> Iterator[str]:
    for key in rules.guarded:
        yield fill(SQL.sharing_a_free_key, key=key)

    if rules.writes_to_matches:
        yield fill(SQL.sharing_a_contact, reached=_reached(rules))
    if rules.frees_shared_phones:
        yield SQL.sharing_a_phone


class NewValues(NamedTuple):
    """What a row and its contact come to, as SQL: a field, the key of one that has one, tags,
    custom fields; and a field with a key where that is another rule.
    """

    value: str
    key: str
    tags: str
    custom: str
    keyed_value: str | None = None


def _folded_tag(tag: str) -> str:
    capitals, small = folding.two_cases()
    return fill(SQL.folded_tag, tag=tag, capitals=capitals, small=small)


FOLDED_TAGS = {"folded_h": _folded_tag("h"), "folded_t": _folded_tag("t")}
# A strategy that writes nothing is not here, and asking for it is an error.
WRITES = {
    Writes.FILLED_CELLS: NewValues(
        SQL.filled_value,
        SQL.filled_key,
        fill(SQL.filled_tags, **FOLDED_TAGS),
        SQL.filled_custom,
        SQL.filled_keyed_value,
    ),
    Writes.BLANK_FIELDS: NewValues(
        SQL.blank_value, SQL.blank_key, fill(SQL.blank_tags, **FOLDED_TAGS), SQL.blank_custom
    ),
}


def _matched(rules: Rules) -> str:
    new = WRITES[rules.strategy.writes]
    values = {
        **{field: _new_value(new, field) for field in SCALARS},
        "tags": new.tags,
        "custom": new.custom,
        **{key: fill(new.key, field=field, key=key) for field, key in KEY_FIELDS.items()},
    }

    return fill(
        SQL.matched,
        before=_journal_entry("old_", "before"),
        after=_journal_entry("", "after"),
        values=",\n".join(f"{value} AS {name}" for name, value in values.items()),
    )


def _new_value(new: NewValues, field: str) -> str:
    if new.keyed_value and field in KEY_FIELDS:
        return fill(new.keyed_value, field=field, key=KEY_FIELDS[field])

    return fill(new.value, field=field)


def _journal_entry(side: str, name: str) -> str:
    texts = [
        fill(SQL.journal_text, differs=_differs(field), field=field, side=side)
        for field in WRITTEN
        if field not in {"tags", "custom"}
    ]

    return fill(
        SQL.journal_entry,
        texts=" ||\n".join(texts),
        tags=fill(SQL.journal_tags, side=side),
        custom=fill(SQL.journal_custom, side=side),
        name=name,
    )


def _differs(field: str) -> str:
    """A field and the key derived from it are journalled together, so that an undo has the key."""
    pair = next((pair for pair in KEY_FIELDS.items() if field in pair), (field,))
    return " OR ".join(f"n.{name} IS DISTINCT FROM n.old_{name}" for name in pair)


def _entries(rules: Rules) -> str:
    """Under skip a row that met a contact writes nothing, and so has its entry among the rest."""
    outcome = rules.strategy.changed
    writes = rules.writes_to_matches

    return fill(
        SQL.entries,
        of_matched=fill(SQL.entries_of_matched, outcome=outcome) if writes else "",
        else_skipped="" if writes else f"ELSE '{outcome}'",
        or_skipped="" if writes else f"OR {SQL.matches}",
        reached=_reached(rules),
    )


def merge_into_contacts() -> str:
    """The step that writes what the rows changed to their contacts."""
    return SQL.changed


def _totals(rules: Rules) -> str:
    changes = (
        fill(SQL.count_changes, outcome=rules.strategy.changed)
        if rules.writes_to_matches
        else "0 AS to_change, 0 AS changed"
    )
    return fill(SQL.totals, changes=changes)
