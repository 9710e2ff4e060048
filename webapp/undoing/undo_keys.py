"""Unique keys that an undo could not give back at once.

They are due, and each undo settles what is due in one step.

An e-mail address or an external id that should come back may be held by another contact, which may
itself wait for a key. A claim is blocked where the holder of its key claims nothing itself, or is
blocked. All other claims are granted together, in one transaction: chains that end in a free key,
and cycles of any length. Blocked ones stay due, and the next undo looks at them again.
docs/architecture.md says why this brings the book back.
"""

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from webapp.imports.faults import RACE_CODES, first_line, is_refusal
from webapp.vocabulary.keys import KEY_COLUMN, UNIQUE_KEYS

# The unique fields, and the column that holds the key of each.
KEYS = {name: KEY_COLUMN[name] for name in UNIQUE_KEYS}
ATTEMPTS = 3  # at a key that an import takes at the same moment
Row = dict[str, Any]


def rows(conn: psycopg.Connection[Any], query: str, parameters: dict[str, Any]) -> list[Row]:
    """The rows that a statement gives, as dicts, on a job's connection or on that of a request."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters, prepare=True).fetchall()


# The contact that holds a key of that kind now.
HOLDER = " UNION ALL ".join(
    f"SELECT other.id FROM contacts other WHERE {{kind}} = '{kind}' AND other.{key} = {{key}}"
    for kind, key in KEYS.items()
)

_HELD = "CASE d.kind {} END".format(" ".join(f"WHEN '{kind}' THEN c.{kind}" for kind in KEYS))
_OWN_KEY = "CASE d.kind {} END".format(
    " ".join(f"WHEN '{kind}' THEN c.{key}" for kind, key in KEYS.items())
)


def void(unit: str = "false") -> str:
    """Whether the due claim d of contact c is out of date: others than the unit wrote the field since."""
    return f"""({_HELD} IS DISTINCT FROM d.held OR {_OWN_KEY} IS NOT DISTINCT FROM d.key
          OR EXISTS (SELECT FROM (SELECT * FROM contact_changes
              WHERE contact_id = d.contact_id AND id + 0 > d.since OFFSET 0) h
            WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL AND h.before ? d.kind
              AND NOT COALESCE({unit}, false)))"""


# Which of `claims` (contact_id, kind, key, plain, source) are blocked. Two more sets are empty but
# in a preview: those `leaving` (contact_id, kind), who give their key up for certain, and keys that
# are `given` (kind, key) for certain. Of several claims on a key the contact wins to which nothing
# else happened, then the newest standing source.
BLOCKED = f"""held AS MATERIALIZED (
      SELECT c.*, k.id AS holder,
        row_number() OVER (PARTITION BY c.kind, c.key ORDER BY c.plain DESC, c.source DESC, c.contact_id DESC) AS place
      FROM claims c
      LEFT JOIN LATERAL (SELECT * FROM ({HOLDER.format(kind="c.kind", key="c.key")}) k LIMIT 1) k ON true),
    blocked(contact_id, kind) AS (
      SELECT h.contact_id, h.kind FROM held h
      LEFT JOIN held o ON o.contact_id = h.holder AND o.kind = h.kind
      LEFT JOIN leaving l ON l.contact_id = h.holder AND l.kind = h.kind
      LEFT JOIN given g ON g.kind = h.kind AND g.key = h.key
      WHERE h.place > 1 OR g.key IS NOT NULL
        OR (h.holder IS NOT NULL AND o.contact_id IS NULL AND l.contact_id IS NULL)
      UNION
      SELECT h.contact_id, h.kind FROM blocked b JOIN held h ON h.holder = b.contact_id AND h.kind = b.kind)"""

# Who gave the key to its holder: the last standing change that wrote it, or else the import that
# created the holder.
GIVER = """
    SELECT import_id, user_id FROM (
      SELECT h.import_id, h.user_id, h.id FROM contact_changes h
      WHERE h.contact_id = {holder} AND h.before ? {kind} AND h.kind IN ('import', 'edit') AND h.undone_at IS NULL
      UNION ALL
      SELECT c.imported_from, NULL, 0 FROM contacts c WHERE c.id = {holder}) g
    ORDER BY id DESC LIMIT 1"""


@dataclass
class Settled:
    """What became of the due claims.

    `restored` counts contacts that nothing else of this undo came back to.
    """

    restored: int = 0
    granted: list[Row] = field(default_factory=list)  # contact_id, kind
    blocked: list[Row] = field(
        default_factory=list
    )  # contact_id, row, field, code, message, wanted, now, by_…


def settle(conn: psycopg.Connection[Any], unit: dict[str, Any]) -> Settled:
    """Grant all due claims that are not blocked, in the caller's transaction.

    `unit` has import_id or change of the undo at hand; `blocked` lists what stays due of it, or was
    refused.
    """
    rows(conn, _DROP_VOID, {})
    refused: dict[int, str] = {}
    settled = Settled()

    for _ in range(ATTEMPTS):
        claims = rows(conn, _LOCK, {"refused": list(refused)})
        if not claims:
            break

        granted = rows(conn, _GRANTED, {"refused": list(refused)})
        error = _grant(conn, [claim["id"] for claim in granted])

        if error is None:
            settled.granted = granted
            break

        if error.sqlstate not in RACE_CODES:
            refused |= _refused(conn, [claim["id"] for claim in granted]) or {
                claim["id"]: first_line(error) for claim in granted
            }

    done = [claim["id"] for claim in settled.granted]
    settled.restored = len(
        {claim["contact_id"] for claim in settled.granted if not claim["counted"]}
    )
    settled.blocked = rows(
        conn,
        _BLOCKED_OF_UNIT,
        {**unit, "done": done, "refused": list(refused), "messages": list(refused.values())},
    )
    rows(conn, _FORGET, {"settled": [*done, *refused]})

    return settled


def _grant(conn: psycopg.Connection[Any], granted: list[int]) -> psycopg.Error | None:
    """Empty the fields and then write them, so that no two contacts hold a key in between; the error if refused."""
    try:
        with conn.transaction():
            for statement in (_EMPTY, _WRITE):
                rows(conn, statement, {"granted": granted})
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        return error

    return None


def _refused(conn: psycopg.Connection[Any], granted: list[int]) -> dict[int, str]:
    """The claims that the database refuses for another reason than the key, each with its words."""
    refused = {}
    for claim in granted:
        error = _grant(conn, [claim])
        if error is not None and error.sqlstate not in RACE_CODES:
            refused[claim] = first_line(error)

    return refused


_IS_KEY = "d.kind IN ({})".format(", ".join(f"'{kind}'" for kind in KEYS))

_DROP_VOID = f"""
    DELETE FROM contact_undo_due d USING contacts c WHERE c.id = d.contact_id AND {_IS_KEY} AND {void()}
    RETURNING d.id"""

# The claimants and those who hold what they claim, in the order in which all lock them.
_LOCK = f"""
    SELECT c.id FROM contacts c WHERE c.id IN (
      SELECT d.contact_id FROM contact_undo_due d WHERE {_IS_KEY} AND d.id <> ALL(%(refused)s::bigint[])
      UNION
      SELECT k.id FROM contact_undo_due d
      CROSS JOIN LATERAL ({HOLDER.format(kind="d.kind", key="d.key")}) k
      WHERE {_IS_KEY} AND d.id <> ALL(%(refused)s::bigint[]))
    ORDER BY c.id FOR UPDATE"""

_GRANTED = f"""
    WITH RECURSIVE claims AS MATERIALIZED (
      SELECT d.* FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
      WHERE {_IS_KEY} AND d.id <> ALL(%(refused)s::bigint[])),
    leaving AS (SELECT contact_id, kind FROM claims WHERE false),
    given AS (SELECT kind, key FROM claims WHERE false),
    {BLOCKED}
    SELECT h.id, h.contact_id, h.kind, h.counted FROM held h
    LEFT JOIN blocked b ON b.contact_id = h.contact_id AND b.kind = h.kind WHERE b.contact_id IS NULL"""

_PAIRS = [(kind, f"{kind}_value") for kind in KEYS]
_PAIRS += [(key, f"{kind}_key") for kind, key in KEYS.items() if key != kind]
_WISHES = ", ".join(
    f"""bool_or(kind = '{kind}') AS {kind}, max(value) FILTER (WHERE kind = '{kind}') AS {kind}_value,
        max(key) FILTER (WHERE kind = '{kind}') AS {kind}_key"""
    for kind in KEYS
)


def _assigned(value: str) -> str:
    kind_of = {column: kind for kind, key in KEYS.items() for column in (kind, key)}
    return ", ".join(
        f"{column} = CASE WHEN w.{kind_of[column]} THEN {value.format(source=source)} ELSE c.{column} END"
        for column, source in _PAIRS
    )


_OF_GRANTED = f"""(SELECT contact_id, {_WISHES} FROM contact_undo_due
      WHERE id = ANY(%(granted)s::bigint[]) GROUP BY contact_id) w
    WHERE c.id = w.contact_id RETURNING c.id"""
_EMPTY = f"UPDATE contacts c SET {_assigned('NULL')} FROM {_OF_GRANTED}"
_WRITE = f"""UPDATE contacts c SET {_assigned("w.{source}")}, version = c.version + 1, updated_at = now()
    FROM {_OF_GRANTED}"""

_BLOCKED_OF_UNIT = f"""
    SELECT d.contact_id, d.row, d.kind AS field,
      CASE WHEN r.id IS NULL THEN 'key_taken_on_undo' ELSE 'refused_on_undo' END AS code, r.message,
      to_jsonb(d.value) AS wanted, to_jsonb({_HELD}) AS now, g.import_id::text AS by_import, g.user_id AS by_user
    FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
    LEFT JOIN unnest(%(refused)s::bigint[], %(messages)s::text[]) r(id, message) ON r.id = d.id
    LEFT JOIN LATERAL ({HOLDER.format(kind="d.kind", key="d.key")}) k ON r.id IS NULL
    LEFT JOIN LATERAL ({GIVER.format(holder="k.id", kind="d.kind")}) g ON k.id IS NOT NULL
    WHERE {_IS_KEY} AND d.id <> ALL(%(done)s::bigint[])
      AND (d.import_id = %(import_id)s OR d.change_id = %(change)s)
    ORDER BY d.id"""

_FORGET = """
    WITH gone AS (DELETE FROM contact_undo_due WHERE id = ANY(%(settled)s::bigint[]) RETURNING id)
    UPDATE contact_undo_due SET counted = false, plain = false
    WHERE (counted OR plain) AND id NOT IN (SELECT id FROM gone) RETURNING id"""
