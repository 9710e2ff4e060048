"""The row decision as SQL: whom a row belongs to, and what the strategy does with it.

One statement decides and writes the next `limit` staged rows after `after`, or those of a list, all
on one snapshot. Rows that interfere with an earlier one among them are left aside and handed back,
to be taken next (`duplicates`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

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

# Numbered parameters, which psycopg passes on as they are: it would parse these pages of SQL anew
# for every batch.
IMPORT_ID, AFTER, LIMIT, LISTED = "$1::uuid", "$2::bigint", "$3::bigint", "$4::bigint[]"
WRITTEN = (*SCALARS, "tags", "custom", *DERIVED_KEYS)
# What becomes of a row, in terms of the look-up.
CREATES = "status = 'valid' AND owner IS NULL AND conflict IS NULL"
MATCHES = "owner IS NOT NULL AND conflict IS NULL"


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
    def writes_to_matches(self) -> bool:
        return self.strategy.writes_to_matches


@lru_cache(maxsize=64)
def statement(rules: Rules, *, listed: bool = False) -> str:
    """The decision as SQL for these rules, with the parameters above: on the next rows, or on those listed.

    Rows are listed in file order, and all of them stand after the row `after`.
    """
    return (
        "WITH "
        + ",\n".join(_steps(rules, (_listed if listed else _range)(rules)))
        + _totals(rules)
    )


def _steps(rules: Rules, rows: str) -> Iterator[str]:
    yield f"looked AS MATERIALIZED ({find_existing_contacts(rules, _batch(rows))})"
    yield f"span AS MATERIALIZED ({_span()})"
    yield f"aside AS MATERIALIZED ({_interfering(rules)})"
    yield "judged AS NOT MATERIALIZED (SELECT * FROM looked WHERE row NOT IN (SELECT row FROM aside))"
    yield _insert_contacts()
    if rules.writes_to_matches:
        yield f"matched AS MATERIALIZED ({_match(rules)})"

    yield f"entries AS MATERIALIZED ({_entries(rules)})"

    if rules.writes_to_matches:
        yield merge_into_contacts()
        yield _write_journal()

    yield _correct_ledger() if rules.only_failed else _write_ledger()


def _range(rules: Rules) -> str:
    return f"""contact_import_rows r
    WHERE r.import_id = {IMPORT_ID} AND r.row > {AFTER} {_still_failed(rules)}"""


def _listed(rules: Rules) -> str:
    return f"""unnest({LISTED}) AS listed(row) CROSS JOIN LATERAL (
      SELECT * FROM contact_import_rows r
      WHERE r.import_id = {IMPORT_ID} AND r.row = listed.row {_still_failed(rules)} LIMIT 1) r"""


def _still_failed(rules: Rules) -> str:
    """In a run over failed rows: whether the row is one of them."""
    again = """AND EXISTS (SELECT FROM contact_import_results f
        WHERE f.import_id = r.import_id AND f.row = r.row AND f.outcome = 'failed')"""
    return again if rules.only_failed else ""


def _batch(rows: str) -> str:
    """The rows, without their wide columns: those are fetched where they are written."""
    return f"""
    SELECT r.row, r.status, {", ".join(f"r.{column}" for column in KEY_COLUMN.values())},
      CASE r.status WHEN 'left_out' THEN 'left_out' WHEN 'invalid' THEN
        jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error").code') #>> '{{}}' END AS code
    FROM {rows}
    ORDER BY r.row LIMIT {LIMIT}"""


def find_existing_contacts(rules: Rules, batch: str) -> str:
    """Who holds the row's keys now.

    LIMIT keeps each look-up lateral: one index probe, with any statistics.

    Columns that are never asked for are not named here: each would be carried along for every row.
    """
    probes = "".join(
        f"""
    LEFT JOIN LATERAL (
      SELECT ctid AS place, id, {", ".join(KEY_COLUMN.values())}, imported_from, imported_row FROM contacts c
      WHERE c.{KEY_COLUMN[key]} = b.{KEY_COLUMN[key]} LIMIT 1) AS of_{key} ON b.status = 'valid'"""
        for key in rules.guarded
    )

    if "phone" in rules.enabled:
        probes += """
    LEFT JOIN LATERAL (SELECT id FROM contacts c WHERE c.phone_key = b.phone_key AND c.id <> of_phone.id LIMIT 1)
      AS of_phone_too ON b.status = 'valid'"""

    return f"SELECT {', '.join(_looked_up(rules))} FROM ({batch}) b{probes}"


def _looked_up(rules: Rules) -> Iterator[str]:
    yield "b.row, b.status, b.code"
    for key in rules.guarded:
        yield f"CASE WHEN of_{key}.id IS NULL THEN b.{KEY_COLUMN[key]} END AS free_{key}"

    for holder in _holders(rules):
        yield f"of_{holder}.id AS by_{holder}"

    yield f"{_of_owner(rules, 'id')} AS owner"
    yield f"{_conflict(rules)} AS conflict"
    joins = f"{_of_owner(rules, 'imported_from')} = {IMPORT_ID}"
    yield f"CASE WHEN {joins} THEN {_of_owner(rules, 'imported_row')} END AS joins"
    if rules.writes_to_matches:
        yield f"{_of_owner(rules, 'place')} AS place"
    if _frees_shared_phones(rules):
        yield f"b.phone_key, ARRAY[{', '.join(f'of_{key}.phone_key' for key in MATCH_KEYS)}] AS held"


def _holders(rules: Rules) -> tuple[str, ...]:
    """By which keys contacts are found that hold one of the row's; of those who share its phone, two."""
    return (*rules.guarded, "phone_too") if "phone" in rules.enabled else rules.guarded


def _reached_contacts(rules: Rules) -> str:
    return f"ARRAY[{', '.join(f'by_{holder}' for holder in _holders(rules))}]"


def _frees_shared_phones(rules: Rules) -> bool:
    """Whether a row can take a phone from one of several contacts that share it."""
    return rules.strategy.writes is Writes.FILLED_CELLS and "phone" in rules.enabled


def _of_owner(rules: Rules, column: str) -> str:
    """A column of the contact that the row's strongest key reaches."""
    reached = " ".join(
        f"WHEN of_{key}.id IS NOT NULL THEN of_{key}.{column}" for key in rules.enabled
    )
    return f"CASE {reached or f'WHEN false THEN of_email.{column}'} END"


def _conflict(rules: Rules) -> str:
    """R1 and R2: why a row that reaches contacts may not be written; null where nothing stands against it."""
    two = [f"of_{a}.id <> of_{b}.id" for a, b in combinations(rules.enabled, 2)]
    if "phone" in rules.enabled:
        two.append("of_phone_too.id IS NOT NULL")

    owner = _of_owner(rules, "id")
    taken = [
        f"(of_{key}.id IS NOT NULL AND of_{key}.id IS DISTINCT FROM {owner})"
        for key in UNIQUE_KEYS
        if key not in rules.enabled
    ]

    return f"""CASE WHEN {" OR ".join(two) or "false"} THEN 'two_contacts'
      WHEN {" OR ".join(taken) or "false"} THEN 'key_taken'
      WHEN {" OR ".join(_stronger_differs(rules)) or "false"} THEN 'stronger_key_differs' END"""


def _stronger_differs(rules: Rules) -> Iterator[str]:
    """R2: the row reached its owner by a weaker key, while a stronger one that both have differs."""
    for stronger, weaker in combinations(rules.enabled, 2):
        missed = [
            f"of_{key}.id IS NULL" for key in rules.enabled[: rules.enabled.index(weaker)]
        ]
        column = KEY_COLUMN[stronger]
        yield f"({' AND '.join(missed)} AND b.{column} <> of_{weaker}.{column})"


def _span() -> str:
    """How many rows there are, and up to which; and the last one that becomes a contact."""
    return f"""
    SELECT count(*) AS rows, max(row) AS last_row, max(row) FILTER (WHERE {CREATES}) AS last_new FROM looked"""


def _interfering(rules: Rules) -> str:
    """Rows that share a free key or a contact with an earlier one of them: they must see what that row wrote.

    A row's effect reaches only the contacts that hold its keys and the free keys that it brings, so pairs suffice:
    a third row can be touched only through a key or a contact that it shares with one of the two. Under skip a contact
    that is there already is never changed.
    """
    groups = [_all_but_first("valid WHERE true", f"free_{key}") for key in rules.guarded]
    if rules.writes_to_matches:
        groups.append(_all_but_first(f"({_reached(rules)}) reached WHERE true", "contact"))
    if _frees_shared_phones(rules):
        groups.append(_all_but_first(_sharing_a_phone(), "phone"))

    return f"""
    WITH valid AS NOT MATERIALIZED (SELECT * FROM looked WHERE status = 'valid')
    SELECT DISTINCT unnest(rows) AS row FROM ({" UNION ALL ".join(groups)}) shared"""


def _all_but_first(rows: str, mark: str) -> str:
    """The rows that share a mark, less the first of each such group.

    Without a join, which would grow by the square.
    """
    return f"""
      SELECT array_remove(array_agg(row), min(row)) AS rows FROM {rows} AND {mark} IS NOT NULL
      GROUP BY {mark} HAVING min(row) < max(row)"""


def _reached(rules: Rules) -> str:
    """The contacts that each row reaches: where there is a conflict, more than its owner."""
    return f"""
      SELECT row, owner AS contact FROM valid WHERE conflict IS NULL
      UNION ALL SELECT row, unnest({_reached_contacts(rules)}) FROM valid WHERE conflict IS NOT NULL"""


def _sharing_a_phone() -> str:
    """Rows that reach a holder of a phone which a row has that reaches several.

    The look-up names two of them. Once earlier rows gave those another phone, such a row reaches
    the next.
    """
    return """(SELECT row, unnest(held) AS phone FROM valid) reached
        WHERE phone IN (SELECT phone_key FROM valid WHERE by_phone_too IS NOT NULL)"""


class FilledCells:
    """W1: a filled cell `j` replaces what the contact `c` has, and the clear token empties it."""

    tags = """CASE WHEN 'tags' = ANY(j.clears) THEN '{}' ELSE COALESCE(j.tags, c.tags, '{}') END"""
    custom = """CASE WHEN j.clears IS NULL THEN COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}')
      ELSE (COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}'))
        - ARRAY(SELECT substr(k, 8) FROM unnest(j.clears) k WHERE k LIKE 'custom:%') END"""

    @staticmethod
    def value(field: str) -> str:
        return f"CASE WHEN '{field}' = ANY(j.clears) THEN NULL ELSE COALESCE(j.{field}, c.{field}) END"

    @staticmethod
    def key(field: str, key: str) -> str:
        return f"""CASE WHEN '{field}' = ANY(j.clears) THEN NULL
      WHEN j.{field} IS NULL THEN c.{key} ELSE j.{key} END"""


class BlankFields:
    """W2: a cell fills only what is blank in the contact; tags and custom fields are added to those it has."""

    tags = """CASE WHEN j.tags IS NULL OR j.tags <@ c.tags THEN COALESCE(c.tags, j.tags, '{}')
          ELSE COALESCE(c.tags, '{}') || ARRAY(SELECT t FROM unnest(j.tags) WITH ORDINALITY AS u(t, n)
            WHERE c.tags IS NULL OR t <> ALL(c.tags) ORDER BY n) END"""
    custom = "COALESCE(j.custom, '{}') || COALESCE(c.custom, '{}')"

    @staticmethod
    def value(field: str) -> str:
        return f"COALESCE(c.{field}, j.{field})"

    @staticmethod
    def key(field: str, key: str) -> str:
        return f"CASE WHEN c.{field} IS NULL THEN j.{key} ELSE c.{key} END"


# What a strategy writes, as SQL. A strategy that writes nothing is not here, and asking for it is
# an error.
WRITES: dict[Writes, type[FilledCells | BlankFields]] = {
    Writes.FILLED_CELLS: FilledCells,
    Writes.BLANK_FIELDS: BlankFields,
}


def _new_values(strategy: Strategy) -> Iterator[tuple[str, str]]:
    new = WRITES[strategy.writes]

    for field in SCALARS:
        yield field, new.value(field)

    yield "tags", new.tags
    yield "custom", new.custom

    for field, key in KEY_FIELDS.items():
        yield key, new.key(field, key)


def _insert_contacts() -> str:
    """Rows without an owner become contacts; the book's own numbering gives them theirs."""
    columns = ", ".join(WRITTEN)
    values = ", ".join(
        {"tags": "COALESCE(tags, '{}')", "custom": "COALESCE(custom, '{}')"}.get(c, c)
        for c in WRITTEN
    )

    return f"""inserted AS (
    INSERT INTO contacts ({columns}, imported_from, imported_row)
    SELECT {values}, import_id, row FROM contact_import_rows
    WHERE import_id = {IMPORT_ID} AND row > {AFTER} AND row <= (SELECT last_new FROM span)
      AND (row IN (SELECT row FROM judged WHERE {CREATES})) IS TRUE
    ORDER BY row
    RETURNING id, imported_row AS row)"""


def _match(rules: Rules) -> str:
    """Rows with one owner: what is to be written, and in place of what.

    The owner is where the look-up found it, on the same snapshot: that takes no index.
    """
    values = ",\n        ".join(
        f"{value} AS {name}" for name, value in _new_values(rules.strategy)
    )
    old = ", ".join(f"c.{name} AS old_{name}" for name in WRITTEN)
    new = ", ".join(f"n.{name}" for name in WRITTEN)

    return f"""
    SELECT n.row, n.owner, n.place, n.joins, n.version,
      {_journal_entry("n.old_", "before")}, {_journal_entry("n.", "after")}, {new}
    FROM (SELECT d.row, d.owner, d.place, d.joins, c.version, {old},
        {values}
      FROM judged d
      CROSS JOIN LATERAL (
        SELECT * FROM contact_import_rows r WHERE r.import_id = {IMPORT_ID} AND r.row = d.row LIMIT 1) j
      CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
      WHERE {MATCHES} OFFSET 0) n"""


def _journal_entry(side: str, name: str) -> str:
    """The changed fields as they stand on one side, each custom key a field of its own; null where nothing differs."""
    fields = [
        f"""CASE WHEN {_differs(field)}
          THEN {_as_json(field, side + field)} ELSE '{{}}' END"""
        for field in WRITTEN
        if field != "custom"
    ]

    custom = f"""CASE WHEN n.custom <> n.old_custom THEN (
          SELECT jsonb_object_agg('custom:' || k, {side}custom -> k)
          FROM jsonb_object_keys(n.old_custom || n.custom) k
          WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{{}}' END"""

    return f"NULLIF({' || '.join([*fields, custom])}, '{{}}') AS {name}"


def _differs(field: str) -> str:
    """A field and the key that is derived from it are journalled together, so that an undo finds the key."""
    pair = next((pair for pair in KEY_FIELDS.items() if field in pair), (field,))
    return " OR ".join(f"n.{name} IS DISTINCT FROM n.old_{name}" for name in pair)


def _as_json(field: str, value: str) -> str:
    """An object of one field.

    What takes any type has to look it up each time; what takes text has not.
    """
    return (
        f"jsonb_build_object('{field}', {value})"
        if field == "tags"
        else f"jsonb_object(ARRAY['{field}', {value}])"
    )


def _entries(rules: Rules) -> str:
    """One ledger entry for each row of the range that was not left aside."""
    created = """
    SELECT row, 'created'::outcome AS outcome, id AS contact_id, NULL::text AS code, NULL::jsonb AS detail
    FROM inserted"""
    matched = (_entries_of_matches(rules),) if rules.writes_to_matches else ()
    return " UNION ALL ".join((created, *matched, _entries_of_the_rest(rules)))


_JOINS_CODE = "CASE WHEN joins IS NOT NULL THEN 'joins_row' END"
_JOINS_DETAIL = "CASE WHEN joins IS NOT NULL THEN jsonb_build_object('row', joins) END"


def _entries_of_matches(rules: Rules) -> str:
    return f"""
    SELECT row, CASE WHEN before IS NULL THEN 'unchanged'::outcome ELSE '{rules.strategy.changed}' END, owner,
      {_JOINS_CODE}, {_JOINS_DETAIL}
    FROM matched"""


def _entries_of_the_rest(rules: Rules) -> str:
    """Rows that write to no contact, in one pass."""
    skipped, outcome = (
        ("", "")
        if rules.writes_to_matches
        else (f"OR {MATCHES}", f"ELSE '{rules.strategy.changed}'")
    )

    return f"""
    SELECT row, CASE WHEN conflict IS NOT NULL THEN 'conflict' WHEN status <> 'valid' THEN status::outcome
        {outcome} END,
      CASE WHEN conflict IS NULL THEN owner END, COALESCE(conflict, code, {_JOINS_CODE}),
      CASE WHEN conflict IS NULL THEN {_JOINS_DETAIL} ELSE jsonb_build_object('contacts', (
        SELECT jsonb_agg(DISTINCT k) FROM unnest({_reached_contacts(rules)}) k WHERE k IS NOT NULL)) END
    FROM judged WHERE conflict IS NOT NULL OR status <> 'valid' {skipped}"""


def merge_into_contacts() -> str:
    assignments = ", ".join(f"{name} = m.{name}" for name in WRITTEN)
    return f"""changed AS (
    UPDATE contacts c SET {assignments}, version = c.version + 1, updated_at = now()
    FROM matched m WHERE m.before IS NOT NULL AND c.ctid = m.place AND c.version = m.version
    RETURNING 1)"""


def _write_journal() -> str:
    return f"""journalled AS (
    INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
    SELECT owner, 'import', {IMPORT_ID}, row, before, after FROM matched WHERE before IS NOT NULL)"""


def _write_ledger() -> str:
    return f"""ledger AS (
    INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
    SELECT {IMPORT_ID}, row, outcome, contact_id, code, detail FROM entries)"""


def _correct_ledger() -> str:
    return f"""ledger AS (
    UPDATE contact_import_results l
    SET outcome = e.outcome, contact_id = e.contact_id, code = e.code, detail = e.detail
    FROM entries e WHERE l.import_id = {IMPORT_ID} AND l.row = e.row AND l.outcome = 'failed')"""


def _totals(rules: Rules) -> str:
    counts = ", ".join(
        f"count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}"
        for outcome in STORED_OUTCOMES
    )
    changed = f"""count(*) FILTER (WHERE outcome = '{rules.strategy.changed}') AS to_change,
      (SELECT count(*) FROM changed) AS changed"""

    return f"""
    SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
      ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
      {changed if rules.writes_to_matches else "0 AS to_change, 0 AS changed"}, {counts}
    FROM entries"""
