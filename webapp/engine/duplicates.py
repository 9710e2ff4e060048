"""The row decision: whom a row belongs to, and what the strategy does with it.

One SQL statement decides and writes the next `limit` staged rows after `after`, all on one snapshot. Rows that
interfere with an earlier row of the same range are left aside and handed back; taken one by one afterwards they
go through the very same statement as a range of one. Preview, execution and the run over failed rows share it, so
what the preview promises is what the execution does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any
from uuid import UUID

import psycopg

from webapp.engine.states import STORED_OUTCOMES, Outcome, Strategy
from webapp.intake.fields import SCALARS

Connection = psycopg.Connection[dict[str, Any]]

MATCH_KEYS = ("external_id", "email", "phone")  # strongest first
UNIQUE_KEYS = ("external_id", "email")
KEY_COLUMN = {"external_id": "external_id", "email": "email_key", "phone": "phone_key"}
OWNER = {"external_id": "by_external_id", "email": "by_email", "phone": "by_phone[1]"}
KEY_FIELDS = {"email": "email_key", "phone": "phone_key"}  # derived keys travel with their field
WRITTEN = (*SCALARS, "tags", "custom", "email_key", "phone_key")


class LostRace(Exception):  # noqa: N818 - a fact about timing, not an error in anything
    """A contact changed between being read and being written; the batch is simply tried again."""


@dataclass(frozen=True)
class Rules:
    """What the person chose, as far as the decision needs it."""

    strategy: Strategy
    match_keys: tuple[str, ...]
    only_failed: bool = False  # a second run: only rows whose ledger outcome is `failed`

    @property
    def enabled(self) -> tuple[str, ...]:
        return tuple(key for key in MATCH_KEYS if key in self.match_keys)


@dataclass(frozen=True)
class Decided:
    """What one range of rows came to. `counts` adds up to `rows`, `last_row` is 0 for an empty range."""

    rows: int
    last_row: int
    counts: dict[Outcome, int]


class DuplicateHandler:
    """Decides and writes ranges of one import's staged rows, inside the caller's transaction."""

    def __init__(self, conn: Connection, import_id: UUID, rules: Rules) -> None:
        self.conn = conn
        self.import_id = import_id
        self.statement = statement(rules)

    def take(self, after: int, limit: int) -> Decided:
        """Decide and write the next `limit` rows after row number `after`, as if one by one in file order."""
        first = self._run(after, limit)
        later = [self._run(row - 1, 1) for row in _aside(first)]
        return _sum([first, *later], first)

    def _run(self, after: int, limit: int) -> dict[str, Any]:
        parameters = {"import_id": self.import_id, "after": after, "limit": limit}
        found = self.conn.execute(self.statement, parameters, prepare=True).fetchone()
        assert found is not None  # noqa: S101 - an aggregate always answers
        if found["to_change"] != found["changed"]:
            raise LostRace
        return found


def _aside(found: dict[str, Any]) -> Sequence[int]:
    return found["aside"] or ()


def _sum(parts: Iterable[dict[str, Any]], whole: dict[str, Any]) -> Decided:
    parts = list(parts)
    counts: dict[Outcome, int] = {
        outcome: sum(int(part[outcome.value]) for part in parts)
        for outcome in STORED_OUTCOMES
    }
    return Decided(int(whole["rows"]), int(whole["last_row"]), counts)


@lru_cache(maxsize=64)
def statement(rules: Rules) -> str:
    """The decision as SQL for these rules. Parameters: import_id, after (row number), limit (rows)."""
    return "WITH " + ",\n".join(_steps(rules)) + _totals()


def _steps(rules: Rules) -> Iterator[str]:
    yield f"batch AS MATERIALIZED ({_batch(rules)})"
    yield f"looked AS MATERIALIZED ({_look_up(rules)})"
    yield f"shared AS MATERIALIZED ({_shared_marks(rules)})"
    yield f"aside AS MATERIALIZED ({_interfering(rules)})"
    yield f"judged AS MATERIALIZED ({_judge(rules)})"
    yield _insert_contacts()
    yield f"matched AS MATERIALIZED ({_match(rules)})"
    yield f"entries AS MATERIALIZED ({_entries(rules)})"
    if rules.strategy is not Strategy.SKIP:
        yield _update_contacts()
        yield _write_journal()
    else:
        yield "changed AS (SELECT WHERE false)"
    yield _correct_ledger() if rules.only_failed else _write_ledger()


def _batch(rules: Rules) -> str:
    again = """AND EXISTS (SELECT FROM contact_import_results f
        WHERE f.import_id = r.import_id AND f.row = r.row AND f.outcome = 'failed')"""
    return f"""
    SELECT r.* FROM contact_import_rows r
    WHERE r.import_id = %(import_id)s AND r.row > %(after)s {again if rules.only_failed else ""}
    ORDER BY r.row LIMIT %(limit)s"""


def _look_up(rules: Rules) -> str:
    """Who holds the row's keys now. LIMIT keeps each look-up lateral: one index probe, whatever the statistics say."""
    phone = (
        "(SELECT array_agg(id) FROM (SELECT c.id FROM contacts c WHERE c.phone_key = b.phone_key LIMIT 2) p)"
        if "phone" in rules.enabled
        else "NULL::bigint[]"
    )
    return f"""
    SELECT b.*,
      (SELECT c.id FROM contacts c WHERE c.external_id = b.external_id LIMIT 1) AS by_external_id,
      (SELECT c.id FROM contacts c WHERE c.email_key = b.email_key LIMIT 1) AS by_email,
      {phone} AS by_phone
    FROM batch b WHERE b.status = 'valid'"""


def _marks(rules: Rules) -> str:
    """Every key that a row brings and every contact that holds one of them, each as a text of its own."""
    marks = ["'x' || external_id", "'e' || email_key", "'c' || by_external_id", "'c' || by_email"]
    if "phone" in rules.enabled:
        marks += ["'p' || phone_key", "'c' || by_phone[1]", "'c' || by_phone[2]"]
    return f'unnest(ARRAY[{", ".join(marks)}] COLLATE "C")'


def _shared_marks(rules: Rules) -> str:
    """Keys and contacts that more than one row of the range touches, with the first of these rows."""
    return f"""
    SELECT mark, min(row) AS first FROM (SELECT row, {_marks(rules)} AS mark FROM looked) m
    WHERE mark IS NOT NULL GROUP BY mark HAVING min(row) < max(row)"""


def _interfering(rules: Rules) -> str:
    """Rows that share a key or an owner with an earlier row of the range: they must see what that row wrote.

    A row's effect reaches only the contacts that hold its keys and the keys that it brings, so pairs suffice:
    a third row can be touched only through a key or an owner that it shares with one of the two.
    """
    return f"""
    SELECT DISTINCT m.row FROM (SELECT row, {_marks(rules)} AS mark FROM looked) m, shared s
    WHERE EXISTS (SELECT FROM shared) AND m.mark = s.mark AND m.row > s.first"""


def _judge(rules: Rules) -> str:
    """R1 and R2: one owner, none, or a conflict that names the contacts."""
    owners = [OWNER[key] for key in rules.enabled]
    owner = f"COALESCE({', '.join(owners)})" if owners else "NULL::bigint"
    return f"""
    SELECT l.*, {owner} AS owner, {_conflict(rules, owner)} AS conflict
    FROM looked l WHERE l.row NOT IN (SELECT row FROM aside)"""


def _conflict(rules: Rules, owner: str) -> str:
    two = [f"{a} <> {b}" for a, b in combinations([OWNER[key] for key in rules.enabled], 2)]
    if "phone" in rules.enabled:
        two.append("by_phone[2] IS NOT NULL")
    taken = [
        f"({OWNER[key]} IS NOT NULL AND {OWNER[key]} IS DISTINCT FROM {owner})"
        for key in UNIQUE_KEYS
        if key not in rules.enabled
    ]
    return f"""CASE WHEN {" OR ".join(two) or "false"} THEN 'two_contacts'
      WHEN {" OR ".join(taken) or "false"} THEN 'key_taken' END"""


def _stronger_differs(rules: Rules) -> str:
    """R2: the row reached its owner by a weaker key, while a stronger one that both have differs."""
    tests, missed = [], []
    for key in rules.enabled:
        missed.append(f"{OWNER[key]} IS NULL")
        tests.append(f"({' AND '.join(missed)} AND j.{KEY_COLUMN[key]} <> c.{KEY_COLUMN[key]})")
    return " OR ".join(tests) or "false"


def _new_value(strategy: Strategy, field: str) -> str:
    """W1 and W2: update lets non-blank values of the file win, merge fills blanks only."""
    if strategy is Strategy.MERGE:
        return f"COALESCE(c.{field}, j.{field})"
    return f"CASE WHEN '{field}' = ANY(j.clears) THEN NULL ELSE COALESCE(j.{field}, c.{field}) END"


def _new_key(strategy: Strategy, field: str, key: str) -> str:
    if strategy is Strategy.MERGE:
        return f"CASE WHEN c.{field} IS NULL THEN j.{key} ELSE c.{key} END"
    return f"""CASE WHEN '{field}' = ANY(j.clears) THEN NULL
      WHEN j.{field} IS NULL THEN c.{key} ELSE j.{key} END"""


def _new_tags(strategy: Strategy) -> str:
    if strategy is Strategy.MERGE:
        return """CASE WHEN j.tags IS NULL OR j.tags <@ c.tags THEN COALESCE(c.tags, j.tags, '{}')
          ELSE COALESCE(c.tags, '{}') || ARRAY(SELECT t FROM unnest(j.tags) WITH ORDINALITY AS u(t, n)
            WHERE c.tags IS NULL OR t <> ALL(c.tags) ORDER BY n) END"""
    return """CASE WHEN 'tags' = ANY(j.clears) THEN '{}' ELSE COALESCE(j.tags, c.tags, '{}') END"""


def _new_custom(strategy: Strategy) -> str:
    mine, theirs = "COALESCE(j.custom, '{}')", "COALESCE(c.custom, '{}')"
    if strategy is Strategy.MERGE:
        return f"{mine} || {theirs}"
    cleared = "ARRAY(SELECT substr(k, 8) FROM unnest(j.clears) k WHERE k LIKE 'custom:%%')"
    return f"CASE WHEN j.clears IS NULL THEN {theirs} || {mine} ELSE ({theirs} || {mine}) - {cleared} END"


def _new_values(strategy: Strategy) -> Iterator[tuple[str, str]]:
    for field in SCALARS:
        yield field, _new_value(strategy, field)
    yield "tags", _new_tags(strategy)
    yield "custom", _new_custom(strategy)
    for field, key in KEY_FIELDS.items():
        yield key, _new_key(strategy, field, key)


def _insert_contacts() -> str:
    """Rows that nobody owns become contacts; the book's own numbering gives them theirs."""
    columns = ", ".join(WRITTEN)
    values = ", ".join({"tags": "COALESCE(tags, '{}')", "custom": "COALESCE(custom, '{}')"}.get(c, c) for c in WRITTEN)
    return f"""inserted AS (
    INSERT INTO contacts ({columns}, imported_from, imported_row)
    SELECT {values}, %(import_id)s, row FROM judged WHERE owner IS NULL AND conflict IS NULL ORDER BY row
    RETURNING id, imported_row AS row)"""


def _match(rules: Rules) -> str:
    """Rows with one owner: R2 on its present keys, and, where something is to be written, what and in place of what."""
    reached = """judged j CROSS JOIN LATERAL (SELECT * FROM contacts WHERE id = j.owner LIMIT 1) c
      WHERE j.owner IS NOT NULL AND j.conflict IS NULL"""
    facts = f"""j.row, j.owner, j.by_external_id, j.by_email, j.by_phone, c.imported_from, c.imported_row,
        CASE WHEN {_stronger_differs(rules)} THEN 'stronger_key_differs' END AS conflict"""
    if rules.strategy is Strategy.SKIP:
        return f"SELECT {facts} FROM {reached}"
    values = ",\n        ".join(f"{value} AS {name}" for name, value in _new_values(rules.strategy))
    old = ", ".join(f"c.{name} AS old_{name}" for name in WRITTEN)
    return f"""
    SELECT n.*, {_journal_entry("n.old_", "before")}, {_journal_entry("n.", "after")}
    FROM (SELECT {facts}, c.version, {old}, {values} FROM {reached}) n"""


def _journal_entry(side: str, name: str) -> str:
    """The changed fields as they stand on one side, each custom key a field of its own; null where nothing differs."""
    fields = [
        f"""CASE WHEN n.{field} IS DISTINCT FROM n.old_{field}
          THEN jsonb_build_object('{field}', {side}{field}) ELSE '{{}}' END"""
        for field in WRITTEN
        if field != "custom"
    ]
    custom = f"""CASE WHEN n.custom <> n.old_custom THEN (
          SELECT jsonb_object_agg('custom:' || k, {side}custom -> k)
          FROM jsonb_object_keys(n.old_custom || n.custom) k
          WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{{}}' END"""
    return f"CASE WHEN n.conflict IS NULL THEN NULLIF({' || '.join([*fields, custom])}, '{{}}') END AS {name}"


def _entries(rules: Rules) -> str:
    """One ledger entry for each row of the range that was not left aside."""
    done = Outcome.UPDATED if rules.strategy is Strategy.UPDATE else Outcome.MERGED
    if rules.strategy is Strategy.SKIP:
        duplicate = "'duplicate_skipped'"
    else:
        duplicate = f"CASE WHEN before IS NULL THEN 'unchanged' ELSE '{done}' END"
    return f"""
    SELECT row, 'created'::outcome AS outcome, id AS contact_id, NULL::text AS code, NULL::jsonb AS detail FROM inserted
    UNION ALL
    SELECT row, ({duplicate})::outcome, owner,
      CASE WHEN imported_from = %(import_id)s THEN 'joins_row' END,
      CASE WHEN imported_from = %(import_id)s THEN jsonb_build_object('row', imported_row) END
    FROM matched WHERE conflict IS NULL
    UNION ALL
    SELECT row, 'conflict', NULL, conflict, jsonb_build_object('contacts', (
      SELECT jsonb_agg(DISTINCT k) FROM unnest(by_phone || ARRAY[by_external_id, by_email]) k WHERE k IS NOT NULL))
    FROM (SELECT row, conflict, by_phone, by_external_id, by_email FROM judged
      UNION ALL SELECT row, conflict, by_phone, by_external_id, by_email FROM matched) c WHERE conflict IS NOT NULL
    UNION ALL
    SELECT row, status::outcome, NULL, CASE status WHEN 'left_out' THEN 'left_out' ELSE
      jsonb_path_query_first(problems, '$[*] ? (@.severity == "error").code') #>> '{{}}' END, NULL
    FROM batch WHERE status <> 'valid'"""


def _update_contacts() -> str:
    assignments = ", ".join(f"{name} = m.{name}" for name in WRITTEN)
    return f"""changed AS (
    UPDATE contacts c SET {assignments}, version = c.version + 1, updated_at = now()
    FROM matched m WHERE m.before IS NOT NULL AND c.id = m.owner AND c.version = m.version
    RETURNING 1)"""


def _write_journal() -> str:
    return """journalled AS (
    INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
    SELECT owner, 'import', %(import_id)s, row, before, after FROM matched WHERE before IS NOT NULL ORDER BY row)"""


def _write_ledger() -> str:
    return """ledger AS (
    INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
    SELECT %(import_id)s, row, outcome, contact_id, code, detail FROM entries)"""


def _correct_ledger() -> str:
    return """ledger AS (
    UPDATE contact_import_results l
    SET outcome = e.outcome, contact_id = e.contact_id, code = e.code, detail = e.detail
    FROM entries e WHERE l.import_id = %(import_id)s AND l.row = e.row AND l.outcome = 'failed')"""


def _totals() -> str:
    counts = ", ".join(
        f"count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}" for outcome in STORED_OUTCOMES
    )
    return f"""
    SELECT (SELECT count(*) FROM batch) AS rows, (SELECT COALESCE(max(row), 0) FROM batch) AS last_row,
      (SELECT array_agg(row ORDER BY row) FROM aside) AS aside,
      count(*) FILTER (WHERE outcome IN ('updated', 'merged')) AS to_change,
      (SELECT count(*) FROM changed) AS changed, {counts}
    FROM entries"""
