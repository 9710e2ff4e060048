"""How one batch of an import's changes is taken back: which field returns, which stays, and who inherits it.

A field comes back only where it still holds what the import wrote and no later import wrote it since; a value that
somebody changed stays, and is listed with who or which import changed it. Where a later import still stands, its
`before` becomes that of the change taken back: so undoing both, in either order, brings the original back.

Two more things are handed over to a later import, since they can only be settled when that import is undone too:
a contact that was created by an import undone earlier (marked by the field `CREATED` in the heir's `before`), and a
key that the later import gave to another contact meanwhile (a journal entry of kind `owed`). An import whose time to
be taken back is over (`retention.py`; its journal's `after` is empty) inherits nothing: its changes are for good.
"""

from collections.abc import Sequence
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


def deleted_by(contact: str) -> str:
    """Who deleted a contact by hand."""
    return f"(SELECT h.user_id FROM {JOURNAL.format(contact=contact, since='0')} h WHERE h.kind = 'delete' LIMIT 1)"


def lock(conn: Connection, contacts: list[int]) -> None:
    """Lock these contacts, so that what is read of them and of their journal next stays true until the commit."""
    conn.execute(
        "SELECT 1 FROM contacts WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE", (contacts,), prepare=True
    )


def remove(conn: Connection, import_id: UUID, rows: Sequence[dict[str, Any]]) -> int:
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
        CASE WHEN c.id IS NULL THEN {deleted_by("m.contact_id")} ELSE f.user_id END AS by_user
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
        CASE WHEN there THEN by_import END, by_user
      FROM judged WHERE NOT there OR change IS NOT NULL
      ON CONFLICT (import_id, contact_id, field) DO NOTHING)
    SELECT count(*) AS removed FROM gone"""


def keep(conn: Connection, import_id: UUID, contact: dict[str, Any], message: str) -> None:
    """List a contact (`contact_id`, `row`) that stays as it is, since the database refused to take it back."""
    facts = {"import_id": import_id, "message": message, **contact}
    conn.execute(_KEEP, facts, prepare=True)


_KEEP = """
    INSERT INTO contact_undo_kept (import_id, contact_id, row, code, message)
    VALUES (%(import_id)s, %(contact_id)s, %(row)s, 'refused_on_undo', %(message)s)
    ON CONFLICT (import_id, contact_id, field) DO NOTHING"""


def give_back_whole(conn: Connection, import_id: UUID, changes: list[int]) -> bool:
    """Take these changes back at once, if each is the last thing that happened to its contact.

    Nothing is locked beforehand: false means that something stands in the way, or came in between, and that the caller
    is to roll back.
    """
    parameters = {"import_id": import_id, "changes": changes, "keep": []}
    found = conn.execute(_GIVE_BACK_WHOLE, parameters, prepare=True).fetchone()
    return bool(found and found["all_back"])


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


def _custom_with(entry: str) -> str:
    """Contact c's custom fields with those of a journal entry in place of its own."""
    return f"""CASE WHEN {entry}::text LIKE '%%"custom:%%' THEN
          (c.custom - ARRAY(SELECT substr(k, 8) FROM jsonb_object_keys({entry}) k WHERE k LIKE 'custom:%%'))
          || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each({entry}) e(k, v)
            WHERE k LIKE 'custom:%%' AND v <> 'null'), '{{}}') ELSE c.custom END"""


def stands(entry: str) -> str:
    """Whether contact c holds, to the letter, what the entry left; c.whole is its row."""
    return f"(jsonb_populate_record(c.whole, {entry}) = c.whole AND c.custom = {_custom_with(entry)})"


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


def later(contact: str, change: str) -> str:
    """What happened to a contact after a change: what others did and still stands, and what this import did."""
    foreign = IS_FOREIGN.format(kinds="'import', 'owed'")
    return f"""(SELECT h.*, h.import_id IS DISTINCT FROM %(import_id)s AS foreigner
        FROM {JOURNAL.format(contact=contact, since=change)} h
        WHERE {foreign} OR (h.kind = 'import' AND h.import_id = %(import_id)s))"""


# The changes. is_plain: the many after which nothing happened; they return whole. A contact that this import created
# itself is kept whole.
_FOUND = f"""found AS MATERIALIZED (
      SELECT h.id AS change, h.contact_id, h.row, h.before, h.after, c.version, c.id IS NOT NULL AS there,
        c.id IS NOT NULL AND c.imported_from IS DISTINCT FROM %(import_id)s AS returns,
        %(keep)s::text[] = '{{}}' AND {stands("h.after")}
          AND NOT EXISTS {later("h.contact_id", "h.id")} AS is_plain
      FROM contact_changes h
      LEFT JOIN LATERAL (SELECT k AS whole, k.* FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c ON true
      WHERE h.id = ANY(%(changes)s::bigint[]))"""

_PLAIN = f"SELECT contact_id, row, before, before - '{CREATED}' AS back, after AS had"


def _give_back(condition: str) -> str:
    """Write what returns to the contacts, and to the journal."""
    return f"""restored AS (
      UPDATE contacts c SET {_ASSIGNMENTS}, {_key_assignment("email", "email_key")},
        {_key_assignment("phone", "phone_key")},
        tags = CASE WHEN r.back ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(r.back -> 'tags'))
          ELSE c.tags END,
        custom = {_custom_with("r.back")},
        version = c.version + 1, updated_at = now()
      FROM returning_fields r WHERE c.id = r.contact_id AND {condition} RETURNING c.id),
    journalled AS (
      INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
      SELECT contact_id, 'undo', %(import_id)s, row, had, back FROM returning_fields)"""


# A contact that somebody changes meanwhile has another version by the time that its turn comes.
_GIVE_BACK_WHOLE = f"""
    WITH {_FOUND},
    returning_fields AS MATERIALIZED ({_PLAIN}, version FROM found WHERE returns AND is_plain),
    {_give_back("c.version = r.version")}
    SELECT count(*) = (SELECT count(*) FROM restored) AS all_back FROM found"""

# others: the changes that are not plain, with what stands in their contacts now. judged: these field by field: what
# the field should be (wanted), what the import left, what stands there now, what happened since, and so its fate. The
# rest writes what was judged. All looking up is lateral, so the time grows with the batch and not with its square.
_UNWIND = f"""
    WITH {_FOUND},
    others AS MATERIALIZED (
      SELECT f.*, {_NOW} || {flat_custom("f.after")} AS now
      FROM found f CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = f.contact_id LIMIT 1) c
      WHERE f.returns AND NOT f.is_plain),
    fields AS MATERIALIZED (
      SELECT o.change, o.contact_id, o.row, o.before, b.key AS field, b.value AS wanted, o.after -> b.key AS left_as,
        COALESCE(o.now -> b.key, 'null') AS now
      FROM others o CROSS JOIN LATERAL jsonb_each(o.before) b
      WHERE b.key <> '{CREATED}' AND NOT ({TRAVELS.format(key="b.key", before="o.before")})),
    judged AS MATERIALIZED (
      SELECT f.*, s.next, s.last, s.import, s.own,
        CASE WHEN f.field = 'tags' THEN 'back'
          WHEN now = wanted THEN 'same'
          WHEN now <> left_as OR s.import IS NOT NULL OR (s.next IS NOT NULL AND s.own) THEN 'kept'
          WHEN f.field = ANY(%(keep)s) THEN 'taken' ELSE 'back' END AS fate,
        CASE WHEN f.field = 'tags' THEN {without("now")} ELSE wanted END AS value
      FROM fields f CROSS JOIN LATERAL (
        SELECT min(id) FILTER (WHERE foreigner) AS next, max(id) FILTER (WHERE foreigner) AS last,
          min(id) FILTER (WHERE foreigner AND kind <> 'edit') AS import,
          COALESCE(bool_or(NOT foreigner), false) AS own
        FROM {later("f.contact_id", "f.change")} l WHERE l.before ? f.field) s),
    returning_fields AS MATERIALIZED (
      SELECT contact_id, row, before, jsonb_object_agg(field, value) AS back, jsonb_object_agg(field, now) AS had
      FROM judged WHERE fate = 'back' AND now <> value GROUP BY change, contact_id, row, before
      UNION ALL
      {_PLAIN} FROM found WHERE returns AND is_plain),
    {_give_back("true")},
    inherited AS (
      SELECT next AS heir, field AS key, wanted AS before, NULL::jsonb AS after
      FROM judged WHERE next = import AND field <> 'tags'
      UNION ALL
      SELECT next, field || '_key', before -> (field || '_key'), NULL
      FROM judged WHERE next = import AND field IN ('email', 'phone') AND before ? (field || '_key')
      UNION ALL
      SELECT l.id, 'tags', {without("l.before -> 'tags'")}, {without("l.after -> 'tags'")}
      FROM judged j CROSS JOIN LATERAL {later("j.contact_id", "j.change")} l
      WHERE j.field = 'tags' AND l.kind = 'import' AND l.foreigner AND l.before ? 'tags'),
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
        j.wanted, j.now, l.import_id, l.user_id
      FROM judged j LEFT JOIN LATERAL (SELECT * FROM contact_changes WHERE id = j.last LIMIT 1) l ON true
      WHERE j.fate = 'kept'
      UNION ALL
      SELECT %(import_id)s, g.contact_id, g.row, NULL, 'deleted_meanwhile', NULL, NULL, NULL, d.user_id
      FROM found g CROSS JOIN LATERAL {JOURNAL.format(contact="g.contact_id", since="g.change")} d
      WHERE NOT g.there AND d.kind = 'delete'
      ON CONFLICT (import_id, contact_id, field) DO UPDATE SET wanted = excluded.wanted),
    unlisted AS (
      DELETE FROM contact_undo_kept WHERE id IN (
        SELECT k.id FROM judged j CROSS JOIN LATERAL (SELECT id FROM contact_undo_kept
          WHERE import_id = %(import_id)s AND contact_id = j.contact_id AND field = j.field LIMIT 1) k
        WHERE j.own AND j.fate <> 'kept'))
    SELECT change, contact_id, row, field, wanted, now FROM judged WHERE fate = 'taken'"""
