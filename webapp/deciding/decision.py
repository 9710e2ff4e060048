"""The row decision: which of its parts, in `sql/decide.sql`, a strategy and its match keys take.

That file is the decision; here it is joined. What comes out is kept in `sql/rendered` for reading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from webapp import queries
from webapp.checking.names import PARTS
from webapp.deciding import address_values, column_values, person_keys
from webapp.imports import reruns
from webapp.imports.faults import LOST_RACE
from webapp.queries import fill
from webapp.vocabulary.fields import ADDRESS, CUSTOM, IDENTITY, SCALARS, SEVERAL
from webapp.vocabulary.keys import (
    DERIVED_KEYS,
    FURTHER_COLUMN,
    KEY_COLUMN,
    KEY_FIELDS,
    KEYLESS,
    LABEL_COLUMN,
    MATCH_KEYS,
    PERSON,
    UNIQUE_KEYS,
    holdings,
)
from webapp.vocabulary.outcomes import FAILURES, OPEN, STORED_OUTCOMES, Outcome, sql_list
from webapp.vocabulary.reruns import Rerun
from webapp.vocabulary.strategies import Rule, Strategy

LISTS = tuple(FURTHER_COLUMN.values())
WRITTEN = (*SCALARS, "tags", "custom", *DERIVED_KEYS, *LABEL_COLUMN.values(), *LISTS)
_EMPTY = {
    "tags": "COALESCE(tags, '{}')",
    "custom": "COALESCE(custom, '{}')",
    **{further: f"COALESCE({further}, '[]')" for further in LISTS},
}


# How many contacts of each key a conflict names.
MOST_CANDIDATES = "20"
# By what another person behind a key is told.
CALLED = ("first_name", "middle_name", "last_name")


def _lines(columns: Iterable[str], at_a_time: int = 8) -> str:
    """A list of columns, so many a line."""
    names = list(columns)
    starts = range(0, len(names), at_a_time)
    return ",\n".join(", ".join(names[start : start + at_a_time]) for start in starts)


SQL = queries.load(
    "decide",
    row_keys=", ".join(f"r.{column}" for column in (*KEY_COLUMN.values(), *CALLED)),
    key_columns=", ".join((*KEY_COLUMN.values(), *CALLED)),
    written=_lines(WRITTEN),
    written_values=_lines(_EMPTY.get(name, name) for name in WRITTEN),
    new=_lines(f"n.{name}" for name in WRITTEN),
    old=_lines((f"c.{name} AS old_{name}" for name in WRITTEN), 4),
    assignments=_lines((f"{name} = m.{name}" for name in WRITTEN), 4),
    failures=sql_list(FAILURES),
    open=sql_list(OPEN),
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
class Options:
    """What the person chose, as far as the decision needs it."""

    strategy: Strategy
    match_keys: tuple[str, ...]
    rerun: Rerun = (
        Rerun.NONE
    )  # which rows are taken; those that remain, where some have an entry
    create_new: bool = True  # rows that match no contact become contacts
    hold_other_names: bool = False  # another person behind a row's key is a conflict
    # The columns' own rules, by field, `name`, `address`, `tags` and `custom:<label>`.
    rules: tuple[tuple[str, Rule], ...] = ()
    keyless: bool = False  # whether the file has rows without e-mail, phone and ID
    chosen: bool = False  # whether a person settled any of its rows (`contact_import_choices`)

    def rule_of(self, field: str) -> Rule:
        """What a cell does to this field of a contact that is there."""
        rules = dict(self.rules)
        return rules.get(column_values.rule_name(field, rules), self.strategy.rule)

    @property
    def rules_of_labels(self) -> bool:
        """Whether custom fields have rules of their own."""
        return any(name.startswith(CUSTOM) for name, _ in self.rules)

    @property
    def enabled(self) -> tuple[str, ...]:
        return tuple(key for key in MATCH_KEYS if key in self.match_keys)

    @property
    def guarded(self) -> tuple[str, ...]:
        """The keys that are looked up: those matched on, and those that are unique in any case."""
        return tuple(key for key in MATCH_KEYS if key in self.match_keys or key in UNIQUE_KEYS)

    @property
    def writes_to_matches(self) -> bool:
        return self.strategy.writes_to_matches

    @property
    def creates(self) -> bool:
        """Whether any row becomes a contact: a choice of a new one holds where others are
        skipped.
        """
        return self.create_new or self.chosen

    @property
    def frees_shared_phones(self) -> bool:
        """Whether a row can take a phone from one of several contacts that share it."""
        replaces = Rule.REPLACE in {self.strategy.rule, self.rule_of("phone")}
        return replaces and "phone" in self.enabled


def function(options: Options, taken_together: int) -> str:
    """The definition of `pg_temp.decide`: the decision, and again for the rows left aside.

    Rows left aside are taken together while at least one in `taken_together` of them can be decided
    at once, and then one by one.
    """
    return fill(
        SQL.function,
        decide_next=statement(options),
        decide_listed=statement(options, listed=True),
        taken_together=str(taken_together),
    )


@lru_cache(maxsize=64)
def statement(options: Options, *, listed: bool = False) -> str:
    """The decision as SQL for these options: on the next rows, or on those listed."""
    steps = ",\n".join(_steps(options, listed=listed))
    return f"WITH {steps}\n{_totals(options)}"


def _steps(options: Options, *, listed: bool) -> Iterator[str]:
    yield find_existing_contacts(options, listed=listed)
    yield SQL.span
    yield _aside(options)
    yield SQL.judged

    if options.creates:
        yield _inserted(options)

    if options.writes_to_matches:
        yield _matched(options)

    yield _entries(options)

    if options.writes_to_matches:
        yield merge_into_contacts(options)
        yield SQL.journalled

    yield SQL.ledger_amended if options.rerun.amends else SQL.ledger


def find_existing_contacts(
    options: Options, *, listed: bool = False, rows: str | None = None
) -> str:
    """The step that looks up who holds a row's keys, its owner, and any conflict: of the next rows,
    of those listed, or of other `rows`, as SQL behind FROM.
    """
    lists = [SQL.further_emails] + [SQL.further_phones] * ("phone" in options.enabled)
    holders = [SQL.choice_of_row] * options.chosen
    holders += [_holder(options, key) for key in options.guarded]
    person = fill(SQL.row_person, keyless=KEYLESS, key=person_keys.key_of("r"))
    if options.keyless:
        holders.append(SQL.holder_of_person)
    if options.chosen:
        holders += [_chosen_contact(options), _kept_keys(options)]

    return fill(
        SQL.looked,
        columns=",\n".join(_looked_up(options)),
        rows=rows or (SQL.listed_rows if listed else _next_rows(options)),
        row_lists=",\n".join(lists),
        person_of_row=person if options.keyless else "",
        holders="\n".join(holders),
    )


def _next_rows(options: Options) -> str:
    if options.rerun is Rerun.REMAINING:
        return SQL.next_rows_left
    if not options.rerun.amends:
        return SQL.next_rows

    return fill(SQL.rows_again, again=reruns.rows(options.rerun, "$1::uuid", "$2::bigint"))


def _holder(options: Options, key: str) -> str:
    if key == "phone":
        return SQL.holders_of_phone
    if key == "email":
        return fill(SQL.holder_of_email, email=_email(options))

    return fill(SQL.holder, key=key, column=KEY_COLUMN[key])


def _email(options: Options) -> str:
    """The row's main e-mail, unless the ID's contact has it as its own."""
    if "external_id" in options.enabled:
        unless = " AND choice.chosen IS NULL" if options.chosen else ""
        same = f"of_external_id.email_key = b.email_key{unless}"
        return f"CASE WHEN {same} THEN NULL ELSE b.email_key END"

    return "b.email_key"


def _looked_up(options: Options) -> Iterator[str]:
    yield SQL.chosen_status if options.chosen else "b.row, b.status, b.code"
    for key in options.guarded:
        found = "of_email.by_main" if key == "email" else f"of_{key}.id"
        value = _email(options) if key == "email" else f"b.{KEY_COLUMN[key]}"
        yield f"CASE WHEN {found} IS NULL THEN {value} END AS free_{key}"
        yield f"of_{key}.id AS by_{key}"

    yield "b.further_by_email, b.further_free_email"
    if "phone" in options.enabled:
        yield "phones_held.ids[2] AS by_phone_too, b.phones"
        yield SQL.further_free_phone

    other_name = _other_name(options)

    yield f"{_of_owner_or_chosen(options, 'id')} AS owner"
    yield f"{_conflict(options, other_name)} AS conflict"
    warned = "false" if options.hold_other_names else other_name
    unless_chosen = "choice.chosen IS NULL AND " if options.chosen else ""
    yield f"{unless_chosen}{warned} AS other_name"
    yield fill(
        SQL.joins,
        imported_from=_of_owner_or_chosen(options, "imported_from"),
        imported_row=_of_owner_or_chosen(options, "imported_row"),
    )
    if options.writes_to_matches:
        yield f"{_of_owner_or_chosen(options, 'place')} AS place"
    if options.keyless:
        yield "b.keyless, b.person"
    if options.chosen:
        yield from _looked_up_for_choices(options)


def _conflict(options: Options, other_name: str) -> str:
    natural = fill(
        SQL.conflict,
        two_contacts=_any(_two_contacts(options)),
        key_taken=_any(_keys_taken(options)),
        stronger_key_differs=_any(_stronger_differs(options)),
        held=fill(SQL.hold_other_name, other_name=other_name)
        if options.hold_other_names
        else "",
    )
    if not options.chosen:
        return natural

    without = (fill(SQL.no_addresses, **names) for names in _left_out_kinds(options))
    return fill(SQL.chosen_conflict, natural=natural, without_addresses=" AND ".join(without))


def _left_out_kinds(options: Options) -> Iterator[dict[str, str]]:
    """The kinds of addresses that are keys in this import, as parts `field` and `further`."""
    for field in SEVERAL:
        if field in options.guarded:
            yield {"field": field, "further": FURTHER_COLUMN[field]}


def _looked_up_for_choices(options: Options) -> Iterator[str]:
    kinds = list(_left_out_kinds(options))
    yield "choice.chosen, COALESCE(choice.contact_id, of_choice.id) AS chosen_contact"
    yield "kept.leaves_external_id"
    for kind in kinds:
        yield "kept.{further} AS kept_{further}".format_map(kind)

    left_out = ", ".join(
        "CASE WHEN kept.{further} IS NOT NULL THEN '{field}' END".format_map(kind)
        for kind in kinds
    )
    yield fill(SQL.left_out_keys, left_out=left_out)


def _chosen_contact(options: Options) -> str:
    owners = {
        "external_id": SQL.owner_of_external_id,
        "email": SQL.owner_of_email,
        "phone": SQL.owner_of_phone,
    }
    holds = {
        "external_id": SQL.holds_external_id,
        "email": SQL.holds_email,
        "phone": SQL.holds_phone,
    }
    return fill(
        SQL.chosen_contact,
        owners_of="\n".join(owners[key] for key in options.guarded),
        holds="\n".join(holds[key] for key in options.guarded),
    )


def _kept_keys(options: Options) -> str:
    """The look-up of what a row with a choice keeps of its keys."""
    kinds = {kind["field"]: kind["further"] for kind in _left_out_kinds(options)}
    kept = [
        fill(
            SQL.kept_of_kind,
            field=field,
            key=KEY_FIELDS[field],
            label=LABEL_COLUMN[field],
            further=further,
            held="\nUNION ALL\n".join(
                fill(SQL.held_by_another, **place) for place in holdings(field)
            ),
        )
        for field, further in kinds.items()
    ]
    named = sorted(IDENTITY - {"external_id", *kinds})
    return fill(
        SQL.kept_keys,
        kept=",\n".join(kept),
        named=", ".join(f"r.{name}" for name in named),
    )


def _of_owner(options: Options, column: str) -> str:
    """A column of the contact that the row's strongest key reaches, or that it is without any."""
    ways = (*options.enabled, "person") if options.keyless else options.enabled
    reached = " ".join(f"WHEN of_{way}.id IS NOT NULL THEN of_{way}.{column}" for way in ways)
    return f"CASE {reached or f'WHEN false THEN of_email.{column}'} END"


def _of_owner_or_chosen(options: Options, column: str) -> str:
    owner = _of_owner(options, column)
    if not options.chosen:
        return owner

    return f"CASE WHEN choice.chosen IS NULL THEN {owner} ELSE of_choice.{column} END"


def _other_name(options: Options) -> str:
    """Whether the contact that the row's ID or e-mail reaches is called altogether otherwise."""
    reached = " ".join(
        fill(SQL.when_other_name, key=key) for key in options.enabled if key in UNIQUE_KEYS
    )
    return f"CASE {reached} ELSE false END" if reached else "false"


def _any(conditions: Iterable[str]) -> str:
    return "\n    OR ".join(conditions) or "false"


def _two_contacts(options: Options) -> Iterator[str]:
    """R1: the row's keys reach more than one contact."""
    for one, other in combinations(options.enabled, 2):
        yield f"of_{one}.id <> of_{other}.id"

    if "email" in options.enabled:
        yield f"{_of_owner(options, 'id')} <> ANY(b.further_by_email)"
    if "phone" in options.enabled:
        yield "of_phone.id <> phones_held.ids[2]"


def _keys_taken(options: Options) -> Iterator[str]:
    """R1: a key that is unique, but not matched on, belongs to a contact which is not the owner."""
    owner = _of_owner(options, "id")
    for key in UNIQUE_KEYS:
        if key not in options.enabled:
            yield f"(of_{key}.id IS NOT NULL AND of_{key}.id IS DISTINCT FROM {owner})"
    if "email" not in options.enabled:
        yield "of_email.id <> ANY(b.further_by_email)"


def _stronger_differs(options: Options) -> Iterator[str]:
    """R2: a weaker key reached the owner, while a stronger one that both have differs."""
    for stronger, weaker in combinations(options.enabled, 2):
        before = options.enabled[: options.enabled.index(weaker)]
        missed = " AND ".join(f"of_{key}.id IS NULL" for key in before)
        column = KEY_COLUMN[stronger]
        yield f"({missed} AND b.{column} <> of_{weaker}.{column})"


def reached(options: Options) -> str:
    """The contacts that a row reaches by its keys; of those who share its phones, two."""
    guarded = options.guarded
    holders = (*guarded, "phone_too") if "phone" in options.enabled else guarded
    reached = [f"by_{holder}" for holder in holders] + ["chosen_contact"] * options.chosen
    return f"ARRAY[{', '.join(reached)}] || further_by_email"


def _interfering(options: Options) -> Iterator[str]:
    for key in options.guarded:
        sharing = SQL.sharing_a_free_address if key in SEVERAL else SQL.sharing_a_free_key
        yield fill(sharing, key=key)

    if options.writes_to_matches:
        yield fill(
            SQL.sharing_a_contact,
            reached=reached(options),
            reaches_owner="conflict IS NULL" + " AND chosen IS NULL" * options.chosen,
            reaches_more="conflict IS NOT NULL" + " OR chosen IS NOT NULL" * options.chosen,
        )
    if options.frees_shared_phones:
        yield fill(SQL.sharing_a_phone, reached=reached(options))


def _aside(options: Options) -> str:
    groups = "\nUNION ALL\n".join(_interfering(options))
    if not options.keyless:
        return fill(SQL.aside, groups=groups)

    writes = options.writes_to_matches
    return fill(
        SQL.aside_of_persons,
        groups=groups,
        behind=fill(SQL.behind_unknown_persons, known_otherwise=_known_otherwise(options))
        if writes
        else "",
        of_matched=_persons_of_matched(options) if writes else "",
    )


def _persons_of_matched(options: Options) -> str:
    new = _new_values(options)
    after = ",\n    ".join(new[name] for name in PERSON)
    return fill(
        SQL.persons_of_matched,
        before=person_keys.key_of("c"),
        after=f"pg_temp.person_key(\n    {after})",
        together=_together(options),
        known_otherwise=_known_otherwise(options),
    )


def _known_otherwise(options: Options) -> str:
    """Whether a row's contact is not known by what it is called: such a row can change that."""
    return "(NOT v.keyless OR v.chosen IS NOT NULL)" if options.chosen else "NOT v.keyless"


def _inserted(options: Options) -> str:
    """A contact's person key is made with it where rows of the same file may look for it."""
    creates = SQL.creates if options.create_new else SQL.creates_chosen
    rows = fill(SQL.chosen_rows_to_insert, row_of_d=_row_of_d(options), who_creates=creates)
    return fill(
        SQL.inserted,
        from_rows=rows if options.chosen else SQL.rows_to_insert,
        person_columns=", person_key, person_version" if options.keyless else "",
        person_values=f",\n{person_keys.key_of('r')}, 1" if options.keyless else "",
    )


def _row_of_d(options: Options) -> str:
    """The staged row of `d`, without the keys that are left out of it."""
    if not options.chosen:
        return SQL.whole_row

    columns = {name: f"r.{name}" for name in WRITTEN}
    columns["external_id"] = SQL.kept_external_id
    for kind in _left_out_kinds(options):
        field, further = kind["field"], kind["further"]
        parts = {"value": field, "key": KEY_FIELDS[field], "label": LABEL_COLUMN[field]}
        for part, column in parts.items():
            columns[column] = fill(SQL.kept_main, further=further, column=column, part=part)

        columns[further] = fill(SQL.kept_further, further=further)

    return fill(SQL.row_without_left_out, columns=",\n".join(columns.values()))


class NewValues(NamedTuple):
    """What a row and its contact come to, as SQL: a field, tags, custom fields."""

    value: str
    tags: str
    custom: str


FOLDED_TAGS = {f"folded_{tag}": column_values.folded(tag) for tag in ("h", "t")}
# A strategy that writes nothing is not here, and asking for it is an error.
WRITES = {
    Rule.REPLACE: NewValues(
        SQL.filled_value, fill(SQL.filled_tags, **FOLDED_TAGS), SQL.filled_custom
    ),
    Rule.FILL: NewValues(
        SQL.blank_value, fill(SQL.blank_tags, **FOLDED_TAGS), SQL.blank_custom
    ),
}


def _matched(options: Options) -> str:
    return fill(
        SQL.matched,
        before=_journal_entry("old_", "before"),
        after=_journal_entry("", "after"),
        row_of_d=_row_of_d(options),
        left_out_of_n="n.left_out," if options.chosen else "",
        left_out_of_d="d.left_out," if options.chosen else "",
        **_new_columns(options),
    )


def _new_columns(options: Options) -> dict[str, str]:
    """What a row and its contact come to, column by column, and what is looked at for it."""
    values = _new_values(options)
    return {
        "values": ",\n".join(f"{value} AS {name}" for name, value in values.items()),
        "together": _together(options),
        "lists": "\n".join(
            address_values.listed(field, rule, empties=empties)
            for field, rule, empties in _of_addresses(options)
        ),
        "exceed": address_values.exceed(),
    }


def _of_addresses(options: Options) -> Iterator[tuple[str, Rule, bool]]:
    """The kinds of addresses, each with its rule, and whether the word that empties is heeded."""
    for field in SEVERAL:
        rule = options.rule_of(field)
        yield field, rule, Rule.REPLACE in {rule, options.strategy.rule}


def _together(options: Options) -> str:
    rules = {"name": options.rule_of("name"), **dict(options.rules)}
    return "\n".join(column_values.together(rules))


def _new_values(options: Options) -> dict[str, str]:
    """What a row `j` and its contact `c` come to, as SQL, by column. The word that empties holds
    wherever the strategy is to replace.
    """
    by_rule = {rule: _values_under(rule, options) for rule in WRITES}
    replaced = by_rule[Rule.REPLACE]
    by_rule[Rule.KEEP] = dict(column_values.kept(replaced))
    values = {}

    for column in replaced:
        rule = options.rule_of(column)
        value = by_rule[rule][column]
        if options.strategy.rule is Rule.REPLACE and rule is not Rule.REPLACE:
            cleared = "NULL" if column in {*PARTS, *ADDRESS} else replaced[column]
            value = column_values.unless_cleared(column, cleared, value)

        values[column] = value

    for field, rule, empties in _of_addresses(options):
        values |= address_values.values(field, rule, empties=empties)

    if options.rules_of_labels:
        values["custom"] = column_values.custom(options.strategy.rule)

    return values


def _values_under(rule: Rule, options: Options) -> dict[str, str]:
    new = WRITES[rule]
    values = {
        **{field: fill(new.value, field=field) for field in SCALARS if field not in SEVERAL},
        **column_values.names(rule),
        "tags": new.tags,
        "custom": new.custom,
    }
    if "address" in dict(options.rules):
        values |= column_values.whole_address(rule)

    return values


def _journal_entry(side: str, name: str) -> str:
    texts = [
        fill(SQL.journal_text, differs=_differs(field), field=field, side=side)
        for field in WRITTEN
        if field not in {"tags", "custom", *LISTS}
    ]
    lists = [fill(SQL.journal_list, further=further, side=side) for further in LISTS]
    same = [f"n.{further} = n.old_{further}" for further in LISTS]

    return fill(
        SQL.journal_entry,
        texts=" ||\n".join(texts),
        tags=fill(SQL.journal_tags, side=side),
        custom=fill(SQL.journal_custom, side=side),
        lists=" ||\n".join(lists),
        same_lists=" AND ".join(same),
        name=name,
    )


def compared(options: Options, told: str) -> str:
    """What a row `j` would make of its contact `c`, without writing it, and whether that is more
    addresses than it can have: `told`, in terms of `n`, as `differs` has it.
    """
    return fill(SQL.compared, told=told, **_new_columns(options))


def differs() -> dict[str, str]:
    """For each column, whether a contact has come to something else in it, as the journal tells."""
    texts = {
        name: _differs(name) for name in WRITTEN if name not in {"tags", "custom", *LISTS}
    }
    lists = {name: f"n.{name} <> n.old_{name}" for name in ("custom", *LISTS)}
    return {**texts, **lists, "tags": "n.tags IS DISTINCT FROM n.old_tags"}


def _differs(field: str) -> str:
    """An address is journalled with its key, so that an undo has it."""
    return address_values.differs(field) or f"n.{field} IS DISTINCT FROM n.old_{field}"


def _entries(options: Options) -> str:
    """What writes nothing has its entry among the rows that cannot be written."""
    outcome = options.strategy.changed
    skipped = {}  # which rows, and their outcome
    of_rows = []

    if options.creates:
        of_new = SQL.detail_of_inserted if options.chosen else "NULL::jsonb"
        of_rows.append(fill(SQL.entries_of_inserted, detail_of_new=of_new))
    if not options.create_new:
        skips = SQL.skips_new if options.chosen else SQL.creates
        skipped[skips] = Outcome.NEW_SKIPPED

    if options.writes_to_matches:
        of_rows.append(
            fill(
                SQL.entries_of_matched,
                outcome=outcome,
                or_keys="OR left_out IS NOT NULL" if options.chosen else "",
                warning=SQL.warning_of_left_out if options.chosen else "",
                left_out=", 'left_out', to_jsonb(left_out)" if options.chosen else "",
            )
        )
    else:
        skipped[SQL.matches] = outcome

    unwritten = fill(
        SQL.entries_of_unwritten,
        or_skipped="\n".join(f"WHEN {which} THEN '{why}'" for which, why in skipped.items()),
        skipped="\n".join(f"OR ({which})" for which in skipped),
        holders="\nUNION ALL\n".join(_candidates(options)),
    )
    return fill(SQL.entries, of_rows="\nUNION ALL\n".join([*of_rows, unwritten]))


def _candidates(options: Options) -> Iterator[str]:
    """Who holds the keys of a row, key by key."""
    for key in options.guarded:
        if key not in SEVERAL:
            yield fill(SQL.holder_of_unique, key=key)
            continue

        having = (
            fill(SQL.having_key, **place, most=MOST_CANDIDATES) for place in holdings(key)
        )
        yield fill(
            SQL.holders_of_several,
            key=key,
            column=KEY_COLUMN[key],
            further=FURTHER_COLUMN[key],
            having="\nUNION ALL\n".join(having),
            most=MOST_CANDIDATES,
        )


def merge_into_contacts(options: Options) -> str:
    """The step that writes what the rows changed to their contacts."""
    person = f"person_key = {person_keys.key_of('m')}, person_version = c.version + 1,"
    return fill(SQL.changed, person=person if options.keyless else "")


def _totals(options: Options) -> str:
    changes = (
        fill(SQL.count_changes, outcome=options.strategy.changed)
        if options.writes_to_matches
        else "0 AS to_change, 0 AS changed"
    )
    amends = options.rerun.amends
    count = SQL.count_net if amends else SQL.count

    return fill(
        SQL.totals,
        changes=changes,
        counts=",\n".join(fill(count, outcome=outcome) for outcome in STORED_OUTCOMES),
        counted=SQL.counted_again if amends else "entries",
    )
