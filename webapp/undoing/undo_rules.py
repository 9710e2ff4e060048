"""What an undo does to one batch of changes: which field comes back, which stays, and why.

See docs/architecture.md.

A change is a journal entry, and the entry says whether it still stands (`undone_at`). A field of a
contact is worth what the newest standing entry that names it left, or else what the oldest entry
found. This is a function of the set of standing entries, so the order in which entries are undone
does not matter, and nothing is handed over.

- Each tag and each custom label is a field of its own. E-mail and phone carry their matching key
  with them.
- A person's run of edits that ends with exactly what the import before it wrote changes nothing, so
  it does not count.
- An entry whose values retention has deleted (`after` is empty) stands for good: older entries no
  longer matter.
- A value that is not what the journal says was changed by something else. It stays.
- An e-mail address or external id that another contact may hold is not written here: it becomes due
  (`undo_keys`).

The same SQL judges for the undo of an import, for the undo of a change by hand, and for the preview
of both.
"""

from webapp.undoing.undo_keys import KEYS
from webapp.vocabulary.fields import SCALARS
from webapp.vocabulary.keys import DERIVED_KEYS, KEY_FIELDS

# The unit of undo is a set of journal entries: whether entry {h} belongs to it.
OF_IMPORT = "({h}.import_id = %(import_id)s AND {h}.kind = 'import' AND {h}.undone_at IS NULL)"
OF_CHANGE = "({h}.id = %(change)s)"
# What was undone while the contact was deleted: judged when the deletion is undone.
UNDONE_MEANWHILE = "({h}.kind IN ('import', 'edit') AND {h}.undone_at > %(since)s)"

# An undone deletion: the contact came back, but for keys that another contact had taken. So what a
# later entry found in such a field may be less than what the contact had.
_IS_RETURN = "({h}.kind = 'delete' AND {h}.undone_at IS NOT NULL)"

# A contact's journal. OFFSET and the sum keep the look-up by contact: by import it would read the
# import's whole journal, and by number, as a plan made while the journal was empty may, all of it.
JOURNAL = "(SELECT * FROM contact_changes WHERE contact_id = {contact} AND id + 0 > {since} OFFSET 0)"

CARRIERS = ", ".join(f"'{field}'" for field in KEY_FIELDS)
_IS_CARRIED = " OR ".join(
    f"({{name}} = '{key}' AND {{entry}} ? '{field}')" for field, key in KEY_FIELDS.items()
)


def standing_change(contact: str, creator: str, unit: str) -> str:
    """SQL: the standing changes of a contact by others than its creator and the unit, edits first."""
    return f"""SELECT h.* FROM {JOURNAL.format(contact=contact, since="0")} h
        WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL
          AND h.import_id IS DISTINCT FROM {creator} AND NOT COALESCE({unit.format(h="h")}, false)
        ORDER BY (h.kind = 'edit') DESC, h.id LIMIT 1"""


def deletion(contact: str) -> str:
    """SQL: the deletion by hand that keeps a contact out of the book, if there is one."""
    return f"""SELECT h.* FROM {JOURNAL.format(contact=contact, since="0")} h
        WHERE h.kind = 'delete' AND h.undone_at IS NULL ORDER BY h.id DESC LIMIT 1"""


def custom_with(entry: str) -> str:
    """Contact c's custom fields with those of a journal entry in place of its own."""
    return f"""CASE WHEN {entry}::text LIKE '%%"custom:%%' THEN
          (c.custom - ARRAY(SELECT substr(k, 8) FROM jsonb_object_keys({entry}) k WHERE k LIKE 'custom:%%'))
          || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each({entry}) e(k, v)
            WHERE k LIKE 'custom:%%' AND v <> 'null'), '{{}}') ELSE c.custom END"""


def _holds(entry: str) -> str:
    """Whether contact c holds, to the letter, what the entry left; c.whole is its row."""
    return f"(jsonb_populate_record(c.whole, {entry}) = c.whole AND c.custom = {custom_with(entry)})"


def found(unit: str, entries: str) -> str:
    """The unit's entries that the condition `entries` picks, with their contacts.

    is_plain: nothing else happened to the contact that matters. Such an entry comes back whole, as
    it was before. returns: false for contacts that the import itself created. They are kept as the
    import left them, or removed.
    """
    other = f"""o.id <> h.id AND ({_IS_RETURN.format(h="o")} OR o.kind IN ('import', 'edit') AND (
            {unit.format(h="o")} OR (o.id > h.id AND o.undone_at IS NULL)
            OR (o.id < h.id AND o.undone_at > h.at)))"""

    return f"""found AS MATERIALIZED (
      SELECT h.id AS change, h.ctid AS place, h.contact_id, h.row, h.before, h.after, c.version,
        c.id IS NOT NULL AS there,
        c.id IS NOT NULL AND (%(import_id)s::uuid IS NULL OR c.imported_from IS DISTINCT FROM %(import_id)s) AS returns,
        {_holds("h.after")}
          AND NOT EXISTS (SELECT FROM {JOURNAL.format(contact="h.contact_id", since="0")} o WHERE {other})
          AND (NOT EXISTS (SELECT FROM contact_undo_due)
            OR NOT EXISTS (SELECT FROM contact_undo_due d WHERE d.contact_id = h.contact_id)) AS is_plain
      FROM contact_changes h
      LEFT JOIN LATERAL (SELECT k AS whole, k.* FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c ON true
      WHERE {entries})"""


def _value(entry: str, name: str) -> str:
    """SQL: what an entry says of the field `name`, as `fields` gives it; null where it does not name the field."""
    return f"""CASE WHEN {name} IN ({CARRIERS})
              THEN jsonb_build_array({entry} -> {name}, COALESCE({entry} -> ({name} || '_key'), 'null'))
              ELSE {entry} -> {name} END"""


def fields(entry: str) -> str:
    """One row for each field that a journal entry names: field, before, after; null where retention took the values.

    An e-mail address or phone number is the array of its text and its key. `tag:<tag>` is true where the contact has
    the tag; `tags` is the whole list, for the order of the tags.
    """
    h = entry
    sides = {
        side: f"CASE WHEN {h}.after = '{{}}' THEN NULL ELSE {_value(f'{h}.{side}', 'b.key')} END"
        for side in ("before", "after")
    }

    has = {
        side: f"(CASE jsonb_typeof({h}.{side} -> 'tags') WHEN 'array' THEN {h}.{side} -> 'tags' END)"
        for side in sides
    }

    return f"""(SELECT b.key AS field, {sides["before"]} AS before, {sides["after"]} AS after
        FROM jsonb_each({h}.before) b
        WHERE left(b.key, 1) <> '(' AND NOT ({_IS_CARRIED.format(name="b.key", entry=f"{h}.before")})
        UNION ALL
        SELECT 'tag:' || t, to_jsonb({has["before"]} ? t), to_jsonb({has["after"]} ? t)
        FROM (SELECT jsonb_array_elements_text({has["before"]}) UNION SELECT jsonb_array_elements_text({has["after"]}))
          u(t)
        WHERE ({has["before"]} ? t) <> ({has["after"]} ? t))"""


def _replay(standing: str, horizon: str = "id > horizon") -> str:
    """The value that these entries come to: what the newest standing one left, or what the oldest one found."""
    return f"""COALESCE((array_agg(after ORDER BY id DESC) FILTER (WHERE {standing} AND {horizon}))[1],
          (array_agg(before ORDER BY id) FILTER (WHERE after IS NOT NULL AND {horizon}))[1])"""


# Contact c as the journal would name its fields.
NOW = """jsonb_build_object({}) || CASE c.custom WHEN '{{}}' THEN c.custom ELSE (
        SELECT jsonb_object_agg('custom:' || k, v) FROM jsonb_each(c.custom) e(k, v)) END""".format(
    ", ".join(f"'{name}', c.{name}" for name in (*SCALARS, "tags", *DERIVED_KEYS))
)
# The contacts of `found` whose entries have to be judged field by field.
OTHERS = f"""others AS MATERIALIZED (
      SELECT f.contact_id, {NOW} AS now
      FROM (SELECT DISTINCT contact_id FROM found WHERE returns AND NOT is_plain) f
      CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = f.contact_id LIMIT 1) c)"""
_KEY_OF = (
    f"CASE WHEN field IN ({CARRIERS}) THEN {{value}} ->> 1 ELSE {{value}} #>> '{{{{}}}}' END"
)
_SHOWN = "CASE WHEN field IN ({carriers}) THEN {value} -> 0 ELSE {value} END"
IS_NO_TAG = "field NOT LIKE 'tag%%'"
CARRIES_KEY = f"field IN ({CARRIERS})"
KINDS = ", ".join(f"'{kind}'" for kind in KEYS)


def shown(value: str) -> str:
    """A field's value as people see it, without its key."""
    return _SHOWN.format(value=value, carriers=CARRIERS)


def judged(unit: str) -> str:
    """For the contacts in `others` (contact_id, now): each field that the unit names, and what becomes of it.

    said: what the journal says stands there; will: what it says without the unit; wanted: what stood there without the
    unit and without what came later. fate: `same` needs nothing, `back` comes back, `claimed` comes back once its key
    is free, `kept` stays since something outside the journal changed it.
    """
    mine = unit.format(h="h")
    by = "PARTITION BY contact_id, field"
    rest = f"{by} ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING"

    return f"""history AS MATERIALIZED (
      SELECT h.contact_id, h.id, h.row, COALESCE({mine}, false) AS mine, h.undone_at IS NULL AS stands,
        f.field, f.before, f.after, CASE WHEN r.after = f.after THEN r.id END AS repeats
      FROM others o
      CROSS JOIN LATERAL {JOURNAL.format(contact="o.contact_id", since="0")} h
      CROSS JOIN LATERAL {fields("h")} f
      LEFT JOIN LATERAL (
        SELECT i.id, g.after FROM {JOURNAL.format(contact="h.contact_id", since="0")} i
        CROSS JOIN LATERAL {fields("i")} g
        WHERE i.id < h.id AND i.kind = 'import' AND (i.undone_at IS NULL OR i.undone_at > h.at)
          AND g.field = f.field ORDER BY i.id DESC LIMIT 1) r ON h.kind = 'edit'
      WHERE h.kind IN ('import', 'edit') AND (h.after <> '{{}}' OR h.undone_at IS NULL)
      UNION ALL
      SELECT o.contact_id, h.id, h.row, false, false, k.field, k.held, k.held, NULL
      FROM others o
      CROSS JOIN LATERAL {JOURNAL.format(contact="o.contact_id", since="0")} h
      CROSS JOIN LATERAL (
        SELECT field, {_value("h.before", "field")} AS held FROM unnest(ARRAY[{KINDS}]) n(field)) k
      WHERE {_IS_RETURN.format(h="h")} AND h.before ? k.field),
    placed AS MATERIALIZED (
      SELECT *, min(id) FILTER (WHERE mine) OVER ({by}) AS first,
        COALESCE(max(id) FILTER (WHERE after IS NULL) OVER (
          PARTITION BY contact_id, CASE WHEN field LIKE 'tag:%%' THEN 'tags' ELSE field END), 0) AS horizon,
        COALESCE(min(repeats) FILTER (WHERE stands AND NOT mine) OVER ({rest}) < id, false) AS idle,
        COALESCE(min(repeats) FILTER (WHERE stands OR mine) OVER ({rest}) < id, false) AS was_idle
      FROM history),
    replayed AS MATERIALIZED (
      SELECT contact_id, field, first, horizon, (array_agg(row ORDER BY id DESC) FILTER (WHERE mine))[1] AS row,
        {_replay("(stands OR mine) AND NOT was_idle")} AS said,
        {_replay("stands AND NOT mine AND NOT idle")} AS will,
        CASE WHEN horizon > first THEN (array_agg(before ORDER BY id) FILTER (WHERE mine))[1]
          ELSE {_replay("stands AND NOT mine AND NOT idle AND id < first")} END AS wanted,
        GREATEST(max(id) FILTER (WHERE stands AND NOT mine AND NOT idle AND id > horizon), horizon) AS source
      FROM placed WHERE first IS NOT NULL GROUP BY contact_id, field, first, horizon),
    compared AS MATERIALIZED (
      SELECT r.contact_id, r.field, r.row, r.first, r.said, n.now, COALESCE(r.will, n.now) AS will,
        COALESCE(r.wanted, n.now) AS wanted, COALESCE(r.source, 0) AS source,
        {_KEY_OF.format(value="COALESCE(r.will, n.now)")} AS key, {_KEY_OF.format(value="n.now")} AS key_now
      FROM replayed r JOIN others o ON o.contact_id = r.contact_id
      CROSS JOIN LATERAL (SELECT CASE
          WHEN r.field LIKE 'tag:%%' THEN to_jsonb(o.now -> 'tags' ? substr(r.field, 5))
          ELSE COALESCE({_value("o.now", "r.field")}, 'null') END AS now) n),
    judged AS MATERIALIZED (
      SELECT *, CASE WHEN now = will THEN 'same'
          WHEN now <> said AND NOT EXISTS (SELECT FROM contact_undo_due d WHERE d.contact_id = compared.contact_id
            AND d.kind = field AND d.held IS NOT DISTINCT FROM {shown("now")} #>> '{{}}') THEN 'kept'
          WHEN field IN ({KINDS}) AND key IS NOT NULL AND key IS DISTINCT FROM key_now THEN 'claimed'
          ELSE 'back' END AS fate
      FROM compared),
    tags AS MATERIALIZED (
      SELECT contact_id, max(source) AS source,
        bool_or(CASE fate WHEN 'back' THEN will ELSE now END <> wanted) AS other,
        COALESCE(array_agg(substr(field, 5)) FILTER (WHERE fate = 'back' AND will = 'false'), '{{}}') AS gone,
        COALESCE(array_agg(substr(field, 5) ORDER BY field) FILTER (WHERE fate = 'back' AND will = 'true'), '{{}}')
          AS added
      FROM judged WHERE field LIKE 'tag:%%' GROUP BY contact_id),
    retagged AS MATERIALIZED (
      SELECT j.contact_id, j.row, j.first, j.wanted, j.now, COALESCE(t.other, false) AS other,
        COALESCE(t.source, 0) AS source,
        CASE WHEN j.will @> n.tags AND n.tags @> j.will THEN j.will ELSE n.tags END AS value
      FROM judged j LEFT JOIN tags t ON t.contact_id = j.contact_id
      CROSS JOIN LATERAL (SELECT to_jsonb(ARRAY(
          SELECT e FROM jsonb_array_elements_text(j.now) e WHERE e <> ALL(COALESCE(t.gone, '{{}}')))
        || COALESCE(t.added, '{{}}')) AS tags) n
      WHERE j.field = 'tags')"""


# What stays of the judged fields, but for keys that are due; with who or which import wrote it
# since.
LISTED = f"""
      SELECT l.contact_id, l.row, l.field,
        CASE WHEN s.kind = 'import' THEN 'changed_by_later_import' ELSE 'edited_since' END AS code,
        l.wanted, l.now, s.import_id AS by_import, s.user_id AS by_user
      FROM (
        SELECT contact_id, row, field, {shown("wanted")} AS wanted,
          {shown("CASE fate WHEN 'back' THEN will ELSE now END")} AS now, first, source
        FROM judged WHERE field NOT LIKE 'tag%%' AND fate <> 'claimed'
          AND CASE fate WHEN 'back' THEN will ELSE now END <> wanted
        UNION ALL
        SELECT contact_id, row, 'tags', wanted, value, first, source FROM retagged WHERE other) l
      LEFT JOIN LATERAL (SELECT * FROM contact_changes h WHERE h.id = l.source LIMIT 1) s ON l.source > l.first"""

# The unique keys that plain entries of `found` would bring back, and the contact that holds each of
# them now.
PLAIN_KEYS = " UNION ALL ".join(
    f"""
      SELECT f.contact_id, f.row, '{kind}' AS kind, f.before ->> '{key}' AS key,
        f.before ->> '{kind}' AS value, f.after ->> '{kind}' AS held, o.id AS holder
      FROM found f
      LEFT JOIN LATERAL (
        SELECT id FROM contacts WHERE {key} = f.before ->> '{key}' LIMIT 1) o ON true
      WHERE f.returns AND f.is_plain AND f.before ? '{kind}'"""
    for kind, key in KEYS.items()
)
