"""How one batch of an import's changes is taken back: which field returns, which stays, and who inherits it.

A field comes back only where it still holds what the import wrote and no later import wrote it since; a value that
somebody changed stays, and is listed with who or which import changed it. Where a later import still stands, its
`before` becomes that of the change taken back: so undoing both, in either order, brings the original back.

Two more things are handed over to a later import, since they can only be settled when that import is undone too:
a contact that was created by an import undone earlier (marked by the field `CREATED` in the heir's `before`), and a
key that the later import gave to another contact meanwhile (a journal entry of kind `owed`). An import whose time to
be taken back is over (`retention.py`; its journal's `after` is empty) inherits nothing: its changes are for good.
"""

from typing import Any
from uuid import UUID

from webapp.engine.duplicates import Connection
from webapp.intake.fields import SCALARS

CREATED = "(contact)"

# A contact's journal. OFFSET keeps the look-up by contact: by import it would read the import's whole journal.
JOURNAL = "(SELECT * FROM contact_changes WHERE contact_id = {contact} AND id > {since} OFFSET 0)"

# What somebody else did to a contact and what still stands: a person's edit, or the change of an import.
IS_FOREIGN = """(h.kind = 'edit' OR (h.kind IN ({kinds}) AND h.import_id <> %(import_id)s
        AND (SELECT i.state FROM contact_imports i WHERE i.id = h.import_id) <> 'rolled_back'))"""
FOREIGN = f"SELECT h.* FROM {JOURNAL} h WHERE {IS_FOREIGN}"


def touched(contact: str) -> str:
    """The edit, or else the first change of a later import, that keeps a created contact in the book."""
    foreign = FOREIGN.format(contact=contact, since="0", kinds="'import'")
    return f"SELECT f.* FROM ({foreign}) f ORDER BY (f.kind = 'edit') DESC, f.id LIMIT 1"


def lock(conn: Connection, contacts: list[int]) -> None:
    """Lock these contacts, so that what is read of them and of their journal next stays true until the commit."""
    conn.execute(
        "SELECT 1 FROM contacts WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE", (contacts,), prepare=True
    )


def remove(conn: Connection, import_id: UUID, rows: list[dict[str, Any]]) -> int:
    """Delete contacts that the import created (`row`, `contact_id`); keep, list and hand over those touched since."""
    contacts = [row["contact_id"] for row in rows]
    lock(conn, contacts)
    found = conn.execute(
        _REMOVE,
        {"import_id": import_id, "rows": [row["row"] for row in rows], "contacts": contacts},
        prepare=True,
    ).fetchone()
    return int(found["removed"]) if found else 0


_REMOVE = f"""
    WITH judged AS MATERIALIZED (
      SELECT m.row, m.contact_id, c.id IS NOT NULL AS there, f.id AS change, f.kind, f.import_id AS by_import,
        f.user_id AS by_user
      FROM unnest(%(rows)s::bigint[], %(contacts)s::bigint[]) AS m(row, contact_id)
      LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = m.contact_id LIMIT 1) c ON true
      LEFT JOIN LATERAL ({touched("m.contact_id")}) f ON true),
    gone AS (
      DELETE FROM contacts c USING judged j WHERE c.id = j.contact_id AND j.change IS NULL RETURNING c.id),
    handed AS (
      UPDATE contact_changes h SET before = h.before || '{{"{CREATED}": null}}'
      FROM judged j WHERE h.id = j.change AND j.there AND j.kind = 'import' AND h.after <> '{{}}'),
    listed AS (
      INSERT INTO contact_undo_kept (import_id, contact_id, row, code, changed_by_import, changed_by_user)
      SELECT %(import_id)s, contact_id, row,
        CASE WHEN NOT there THEN 'deleted_meanwhile' WHEN kind = 'import' THEN 'changed_by_later_import'
          ELSE 'edited_since' END,
        CASE WHEN there THEN by_import END, CASE WHEN there THEN by_user END
      FROM judged WHERE NOT there OR change IS NOT NULL
      ON CONFLICT (import_id, contact_id, field) DO NOTHING)
    SELECT count(*) AS removed FROM gone"""


def unwind(
    conn: Connection, import_id: UUID, changes: list[int], keep: list[str] | None = None
) -> list[dict[str, Any]]:
    """Take these changes back, at most one of each contact; fields in `keep` stay although they could return.

    The contacts are locked. Gives what was so kept: change, contact_id, row, field, wanted, now.
    """
    parameters = {"import_id": import_id, "changes": changes, "keep": keep or []}
    return conn.execute(_UNWIND, parameters, prepare=True).fetchall()


_NOW = "jsonb_build_object({})".format(
    ", ".join(f"'{name}', c.{name}" for name in (*SCALARS, "tags", "email_key", "phone_key"))
)

_ASSIGNMENTS = ", ".join(
    f"{name} = CASE WHEN r.back ? '{name}' THEN r.back ->> '{name}' ELSE c.{name} END" for name in SCALARS
)


def flat_custom(where: str) -> str:
    """Contact c's custom fields as the journal names them, where they are asked for."""
    return f"""CASE WHEN {where}::text LIKE '%%"custom:%%' THEN COALESCE(
        (SELECT jsonb_object_agg('custom:' || k, v) FROM jsonb_each(c.custom) e(k, v)), '{{}}') ELSE '{{}}' END"""


def _key_assignment(name: str, key: str) -> str:
    """A key travels with its field: it comes back exactly when the field does, or alone where it alone changed."""
    return f"""{key} = CASE WHEN r.back ? '{name}' AND r.before ? '{key}' THEN r.before ->> '{key}'
          WHEN r.back ? '{key}' THEN r.back ->> '{key}' ELSE c.{key} END"""


def without(tags: str) -> str:
    """These tags as they were had the import not touched them: those it added go, those it removed return."""
    return f"""CASE WHEN {tags} = left_as THEN wanted ELSE to_jsonb(
          ARRAY(SELECT t FROM jsonb_array_elements_text({tags}) t
            WHERE NOT (left_as ? t AND NOT wanted ? t)
            UNION ALL SELECT t FROM jsonb_array_elements_text(wanted) t
            WHERE NOT left_as ? t AND NOT {tags} ? t)) END"""


# The keys that travel with a field are no fields of their own.
TRAVELS = """({key} = 'email_key' AND {before} ? 'email') OR ({key} = 'phone_key' AND {before} ? 'phone')"""

# present: the changes whose contact is still there and was not created by this import (such a one is kept whole).
# later: what happened to these contacts after each change; since: the same by field. plain: the many changes after
# which nothing happened; they return whole. fields, judged: the others, field by field: what they should be (wanted),
# what the import left, what stands there now, and so their fate. The rest writes what was judged.
_UNWIND = f"""
    WITH present AS MATERIALIZED (
      SELECT h.id AS change, h.contact_id, h.row, h.before, h.after, {_NOW} || {flat_custom("h.after")} AS now
      FROM contact_changes h JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c ON true
      WHERE h.id = ANY(%(changes)s::bigint[]) AND c.imported_from IS DISTINCT FROM %(import_id)s),
    later AS MATERIALIZED (
      SELECT p.change, l.id, l.kind, l.before, l.import_id AS by_import, l.user_id AS by_user
      FROM present p CROSS JOIN LATERAL (
        SELECT h.* FROM {JOURNAL.format(contact="p.contact_id", since="p.change")} h
        WHERE {IS_FOREIGN.format(kinds="'import', 'owed'")}
          OR (h.kind = 'import' AND h.import_id = %(import_id)s)) l),
    plain AS MATERIALIZED (
      SELECT p.* FROM present p
      WHERE p.now @> p.after AND p.now -> 'tags' = COALESCE(p.after -> 'tags', p.now -> 'tags')
        AND %(keep)s::text[] = '{{}}' AND NOT EXISTS (SELECT FROM later l WHERE l.change = p.change)),
    since AS MATERIALIZED (
      SELECT change, field, min(id) FILTER (WHERE foreigner) AS next, max(id) FILTER (WHERE foreigner) AS last,
        min(id) FILTER (WHERE foreigner AND kind <> 'edit') AS import, bool_or(NOT foreigner) AS own
      FROM (SELECT change, id, kind, by_import IS DISTINCT FROM %(import_id)s AS foreigner,
        jsonb_object_keys(before) AS field FROM later) l GROUP BY change, field),
    fields AS MATERIALIZED (
      SELECT p.change, p.contact_id, p.row, b.key AS field, b.value AS wanted, p.after -> b.key AS left_as,
        COALESCE(p.now -> b.key, 'null') AS now
      FROM present p, jsonb_each(p.before) b
      WHERE b.key <> '{CREATED}' AND NOT ({TRAVELS.format(key="b.key", before="p.before")})
        AND NOT EXISTS (SELECT FROM plain WHERE plain.change = p.change)),
    judged AS MATERIALIZED (
      SELECT f.*, s.next, s.last, s.import, COALESCE(s.own, false) AS own,
        CASE WHEN f.field = 'tags' THEN 'back'
          WHEN now = wanted THEN 'same'
          WHEN now <> left_as OR s.import IS NOT NULL OR (s.next IS NOT NULL AND s.own) THEN 'kept'
          WHEN f.field = ANY(%(keep)s) THEN 'taken' ELSE 'back' END AS fate,
        CASE WHEN f.field = 'tags' THEN {without("now")} ELSE wanted END AS value
      FROM fields f LEFT JOIN since s ON s.change = f.change AND s.field = f.field),
    returning_fields AS MATERIALIZED (
      SELECT p.change, p.contact_id, p.row, p.before, b.back, b.had
      FROM present p JOIN (
        SELECT change, jsonb_object_agg(field, value) AS back, jsonb_object_agg(field, now) AS had FROM judged
        WHERE fate = 'back' AND now <> value GROUP BY change) b ON b.change = p.change
      UNION ALL
      SELECT change, contact_id, row, before, before - '{CREATED}', after FROM plain),
    restored AS (
      UPDATE contacts c SET {_ASSIGNMENTS}, {_key_assignment("email", "email_key")},
        {_key_assignment("phone", "phone_key")},
        tags = CASE WHEN r.back ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(r.back -> 'tags'))
          ELSE c.tags END,
        custom = CASE WHEN r.back::text NOT LIKE '%%"custom:%%' THEN c.custom ELSE
          (c.custom - ARRAY(SELECT substr(k, 8) FROM jsonb_object_keys(r.back) k WHERE k LIKE 'custom:%%'))
          || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each(r.back) e(k, v)
            WHERE k LIKE 'custom:%%' AND v <> 'null'), '{{}}') END,
        version = c.version + 1, updated_at = now()
      FROM returning_fields r WHERE c.id = r.contact_id),
    journalled AS (
      INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
      SELECT contact_id, 'undo', %(import_id)s, row, had, back FROM returning_fields),
    inherited AS (
      SELECT next AS heir, field AS key, wanted AS before, NULL::jsonb AS after
      FROM judged WHERE next = import AND field <> 'tags'
      UNION ALL
      SELECT j.next, j.field || '_key', p.before -> (j.field || '_key'), NULL
      FROM judged j JOIN present p ON p.change = j.change
      WHERE j.next = j.import AND j.field IN ('email', 'phone') AND p.before ? (j.field || '_key')
      UNION ALL
      SELECT h.id, 'tags', {without("h.before -> 'tags'")}, {without("h.after -> 'tags'")}
      FROM judged j JOIN later l ON l.change = j.change JOIN contact_changes h ON h.id = l.id
      WHERE j.field = 'tags' AND l.kind = 'import' AND l.by_import <> %(import_id)s AND h.before ? 'tags'),
    handed AS (
      UPDATE contact_changes h SET before = h.before || g.before, after = h.after || g.after
      FROM (SELECT heir, jsonb_object_agg(key, before) AS before,
          COALESCE(jsonb_object_agg(key, after) FILTER (WHERE after IS NOT NULL), '{{}}') AS after
        FROM inherited GROUP BY heir) g
      WHERE h.id = g.heir AND h.after <> '{{}}'),
    listed AS (
      INSERT INTO contact_undo_kept
        (import_id, contact_id, row, field, code, wanted, now, changed_by_import, changed_by_user)
      SELECT %(import_id)s, j.contact_id, j.row, j.field,
        CASE WHEN l.kind IN ('import', 'owed') THEN 'changed_by_later_import' ELSE 'edited_since' END,
        j.wanted, j.now, l.by_import, l.by_user
      FROM judged j LEFT JOIN later l ON l.change = j.change AND l.id = j.last WHERE j.fate = 'kept'
      UNION ALL
      SELECT %(import_id)s, h.contact_id, h.row, NULL, 'deleted_meanwhile', NULL, NULL, NULL, d.user_id
      FROM contact_changes h JOIN LATERAL (SELECT d.user_id FROM contact_changes d
        WHERE d.contact_id = h.contact_id AND d.kind = 'delete' LIMIT 1) d ON true
      WHERE h.id = ANY(%(changes)s::bigint[]) AND NOT EXISTS (SELECT FROM present p WHERE p.change = h.id)
      ON CONFLICT (import_id, contact_id, field) DO UPDATE SET wanted = excluded.wanted),
    unlisted AS (
      DELETE FROM contact_undo_kept k USING judged j
      WHERE k.import_id = %(import_id)s AND k.contact_id = j.contact_id AND k.field = j.field
        AND j.own AND j.fate <> 'kept')
    SELECT change, contact_id, row, field, wanted, now FROM judged WHERE fate = 'taken'"""
