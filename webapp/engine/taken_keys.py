"""Keys that cannot come back because another contact holds them by now: e-mail and external id are unique.

Where a later import gave the key away, the old one is owed to it: undoing that import too brings the key back. Where
a person did, it stays as it is, and is listed.
"""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from webapp.engine.duplicates import Connection

KEYS = {"external_id": "external_id", "email": "email_key"}


def holders(conn: Connection, change: int) -> dict[str, int]:
    """For each unique field that this change would give back: the other contact that holds its key now."""
    found = conn.execute(_HOLDERS, {"change": change}, prepare=True).fetchall()
    return {row["field"]: row["holder"] for row in found}


_HOLDERS = " UNION ALL ".join(
    f"""SELECT '{name}' AS field, c.id AS holder FROM contact_changes h
          JOIN LATERAL (SELECT id FROM contacts k WHERE k.{key} = h.before ->> '{key}' LIMIT 1) c ON true
        WHERE h.id = %(change)s AND c.id <> h.contact_id"""
    for name, key in KEYS.items()
)


def settle(conn: Connection, import_id: UUID, kept: dict[str, Any], holder: int) -> None:
    """See to a key that stays: an earlier change of the same import may bring back a free one, else it is listed."""
    facts = {**kept, "import_id": import_id, "holder": holder, "key": KEYS[kept["field"]]}
    if conn.execute(_TO_THE_CHANGE_BEFORE, facts, prepare=True).fetchone():
        return
    origin = conn.execute(_ORIGIN, facts, prepare=True).fetchone() or {"import_id": None, "user_id": None}
    if origin["import_id"]:
        conn.execute(_OWE, {**facts, "heir": origin["import_id"]}, prepare=True)
    facts |= {"by_import": origin["import_id"], "by_user": origin["user_id"]}
    conn.execute(_LIST, {**facts, "wanted": Jsonb(kept["wanted"]), "now": Jsonb(kept["now"])}, prepare=True)


# The contact's present key, as the change before this one is to find it.
_TO_THE_CHANGE_BEFORE = """
    UPDATE contact_changes h SET after = h.after || jsonb_build_object(%(field)s::text, to_jsonb(c) -> %(field)s::text,
      %(key)s::text, to_jsonb(c) -> %(key)s::text)
    FROM contacts c WHERE c.id = %(contact_id)s AND h.id = (
      SELECT max(o.id) FROM (SELECT * FROM contact_changes WHERE contact_id = %(contact_id)s OFFSET 0) o
      WHERE o.id < %(change)s AND o.import_id = %(import_id)s AND o.kind = 'import' AND o.before ? %(field)s::text)
    RETURNING h.id"""

# Who gave the key to its holder: what the holder itself is owed comes first, then the last to write it, then creation.
_ORIGIN = """
    SELECT import_id, user_id FROM (
      SELECT h.import_id, h.user_id, CASE h.kind WHEN 'owed' THEN 0 ELSE 1 END AS rank, h.id
      FROM contact_changes h LEFT JOIN contact_imports i ON i.id = h.import_id
      WHERE h.contact_id = %(holder)s AND h.before ? %(field)s::text
        AND (h.kind = 'edit' OR (h.kind IN ('import', 'owed') AND h.import_id <> %(import_id)s
          AND i.state <> 'rolled_back'))
      UNION ALL
      SELECT c.imported_from, NULL, 2, 0 FROM contacts c JOIN contact_imports i ON i.id = c.imported_from
      WHERE c.id = %(holder)s AND c.imported_from <> %(import_id)s AND i.state <> 'rolled_back') o
    ORDER BY rank, id DESC LIMIT 1"""

_OWE = """
    INSERT INTO contact_changes (contact_id, kind, import_id, before, after)
    SELECT h.contact_id, 'owed', %(heir)s,
      jsonb_build_object(%(field)s::text, h.before -> %(field)s::text, %(key)s::text, h.before -> %(key)s::text),
      jsonb_build_object(%(field)s::text, to_jsonb(c) -> %(field)s::text, %(key)s::text, to_jsonb(c) -> %(key)s::text)
    FROM contact_changes h JOIN contacts c ON c.id = h.contact_id WHERE h.id = %(change)s"""

_LIST = """
    INSERT INTO contact_undo_kept
      (import_id, contact_id, row, field, code, wanted, now, changed_by_import, changed_by_user)
    VALUES (%(import_id)s, %(contact_id)s, %(row)s, %(field)s, 'key_taken_on_undo', %(wanted)s, %(now)s,
      %(by_import)s, %(by_user)s)
    ON CONFLICT (import_id, contact_id, field) DO UPDATE SET wanted = excluded.wanted"""
