-- The rules of undo: which field comes back, which stays, and why. `undoing/undo_rules.py` says
-- what they mean. Each is a part of the statements that undo an import, undo a change by hand, show
-- beforehand what an undo would do, and delete what only an undo needed.
--
-- {{h}}, {{entry}} and {{contact}} stand for an alias, an entry's JSON and a contact's number in
-- the statement around. %(import_id)s, %(change)s and %(since)s say what is undone.


-- The unit of undo is a set of journal entries: whether entry {{h}} belongs to it.

-- part: of_import
({{h}}.import_id = %(import_id)s AND {{h}}.kind = 'import' AND {{h}}.undone_at IS NULL)

-- part: of_change
({{h}}.id = %(change)s)

-- part: undone_meanwhile
-- What was undone while the contact was deleted: judged when the deletion is undone.
({{h}}.kind IN ('import', 'edit') AND {{h}}.undone_at > %(since)s)


-- A contact's journal.

-- part: journal
-- OFFSET and the sum keep the look-up by contact: by import it would read the import's whole
-- journal, and by number, as a plan made while the journal was empty may, all of it.
(SELECT * FROM contact_changes WHERE contact_id = {{contact}} AND id + 0 > {{since}} OFFSET 0)

-- part: is_return
-- An undone deletion: the contact came back, but for keys that another contact had taken. So what
-- a later entry found in such a field may be less than what the contact had.
({{h}}.kind = 'delete' AND {{h}}.undone_at IS NOT NULL)

-- part: standing_change
-- The standing changes of a contact by others than its creator and the unit, edits first.
SELECT h.* FROM {{journal}} h
WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL
  AND h.import_id IS DISTINCT FROM {{creator}} AND NOT COALESCE({{mine}}, false)
ORDER BY (h.kind = 'edit') DESC, h.id LIMIT 1

-- part: deletion
-- The deletion by hand that keeps a contact out of the book, if there is one.
SELECT h.* FROM {{journal}} h
WHERE h.kind = 'delete' AND h.undone_at IS NULL ORDER BY h.id DESC LIMIT 1

-- part: value_in
-- What an entry says of the field {{field}}, as `fields` gives it; null where it does not name it.
CASE WHEN {{field}} IN ({{carriers}})
  THEN jsonb_build_array(
    {{entry}} -> {{field}}, COALESCE({{entry}} -> ({{field}} || '_key'), 'null'))
  ELSE {{entry}} -> {{field}} END

-- part: fields
-- One row for each field that entry {{h}} names: field, before, after; null where retention took
-- the values. An e-mail address or phone number is the array of its text and its key. `tag:<tag>`
-- is true where the contact has the tag; `tags` is the whole list, for the order of the tags.
(SELECT b.key AS field,
    CASE WHEN {{h}}.after = '{}' THEN NULL ELSE {{before}} END AS before,
    CASE WHEN {{h}}.after = '{}' THEN NULL ELSE {{after}} END AS after
  FROM jsonb_each({{h}}.before) b
  WHERE left(b.key, 1) <> '(' AND NOT ({{is_carried}})
  UNION ALL
  SELECT 'tag:' || t, to_jsonb({{tags_before}} ? t), to_jsonb({{tags_after}} ? t)
  FROM (SELECT jsonb_array_elements_text({{tags_before}})
      UNION SELECT jsonb_array_elements_text({{tags_after}}))
    u(t)
  WHERE ({{tags_before}} ? t) <> ({{tags_after}} ? t))

-- part: tags_before
(CASE jsonb_typeof({{h}}.before -> 'tags') WHEN 'array' THEN {{h}}.before -> 'tags' END)

-- part: tags_after
(CASE jsonb_typeof({{h}}.after -> 'tags') WHEN 'array' THEN {{h}}.after -> 'tags' END)

-- part: shown
-- A field's value as people see it, without its key.
CASE WHEN field IN ({{carriers}}) THEN {{value}} -> 0 ELSE {{value}} END

-- part: key_of
CASE WHEN field IN ({{carriers}}) THEN {{value}} ->> 1 ELSE {{value}} #>> '{}' END

-- part: now
-- Contact c as the journal would name its fields.
jsonb_build_object({{columns}}) || CASE c.custom WHEN '{}' THEN c.custom ELSE (
  SELECT jsonb_object_agg('custom:' || k, v) FROM jsonb_each(c.custom) e(k, v)) END

-- part: custom_with
-- Contact c's custom fields with those of a journal entry in place of its own.
CASE WHEN {{entry}}::text LIKE '%%"custom:%%' THEN
  (c.custom - ARRAY(
    SELECT substr(k, 8) FROM jsonb_object_keys({{entry}}) k WHERE k LIKE 'custom:%%'))
  || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each({{entry}}) e(k, v)
    WHERE k LIKE 'custom:%%' AND v <> 'null'), '{}') ELSE c.custom END


-- What is judged, step by step; each step reads those before it.

-- part: found
-- The unit's entries that the condition {{entries}} picks, with their contacts.
-- is_plain: nothing else happened to the contact that matters, and it holds, to the letter, what
-- the entry left; c.whole is its row. Such an entry comes back whole, as it was before.
-- returns: false for contacts that the import itself created. They are kept as the import left
-- them, or removed.
found AS MATERIALIZED (
  SELECT h.id AS change, h.ctid AS place, h.contact_id, h.row, h.before, h.after, c.version,
    c.id IS NOT NULL AS there,
    c.id IS NOT NULL AND (%(import_id)s::uuid IS NULL
      OR c.imported_from IS DISTINCT FROM %(import_id)s) AS returns,
    (jsonb_populate_record(c.whole, h.after) = c.whole AND c.custom = {{custom_with_after}})
      AND NOT EXISTS (SELECT FROM {{journal}} o WHERE o.id <> h.id AND ({{o_is_return}}
        OR o.kind IN ('import', 'edit') AND ({{o_is_mine}}
          OR (o.id > h.id AND o.undone_at IS NULL)
          OR (o.id < h.id AND o.undone_at > h.at))))
      AND (NOT EXISTS (SELECT FROM contact_undo_due)
        OR NOT EXISTS (SELECT FROM contact_undo_due d WHERE d.contact_id = h.contact_id))
      AS is_plain
  FROM contact_changes h
  LEFT JOIN LATERAL (
    SELECT k AS whole, k.* FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c ON true
  WHERE {{entries}})

-- part: others
-- The contacts of `found` whose entries have to be judged field by field.
others AS MATERIALIZED (
  SELECT f.contact_id, {{now}} AS now
  FROM (SELECT DISTINCT contact_id FROM found WHERE returns AND NOT is_plain) f
  CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = f.contact_id LIMIT 1) c)

-- part: judged
-- For the contacts in `others` (contact_id, now): each field that the unit names, and what becomes
-- of it.
history AS MATERIALIZED (
  SELECT h.contact_id, h.id, h.row, COALESCE({{mine}}, false) AS mine,
    h.undone_at IS NULL AS stands, f.field, f.before, f.after,
    CASE WHEN r.after = f.after THEN r.id END AS repeats
  FROM others o
  CROSS JOIN LATERAL {{journal_of_o}} h
  CROSS JOIN LATERAL {{fields_of_h}} f
  LEFT JOIN LATERAL (
    SELECT i.id, g.after FROM {{journal_of_h}} i
    CROSS JOIN LATERAL {{fields_of_i}} g
    WHERE i.id < h.id AND i.kind = 'import' AND (i.undone_at IS NULL OR i.undone_at > h.at)
      AND g.field = f.field ORDER BY i.id DESC LIMIT 1) r ON h.kind = 'edit'
  WHERE h.kind IN ('import', 'edit') AND (h.after <> '{}' OR h.undone_at IS NULL)
  UNION ALL
  SELECT o.contact_id, h.id, h.row, false, false, k.field, k.held, k.held, NULL
  FROM others o
  CROSS JOIN LATERAL {{journal_of_o}} h
  CROSS JOIN LATERAL (
    SELECT field, {{held}} AS held FROM unnest(ARRAY[{{kinds}}]) n(field)) k
  WHERE {{h_is_return}} AND h.before ? k.field),
-- horizon: the newest entry whose values retention deleted. idle, was_idle: a person's run of edits
-- ends with exactly what the import before it wrote, without the unit and with it.
placed AS MATERIALIZED (
  SELECT *, min(id) FILTER (WHERE mine) OVER (PARTITION BY contact_id, field) AS first,
    COALESCE(max(id) FILTER (WHERE after IS NULL) OVER (
      PARTITION BY contact_id, CASE WHEN field LIKE 'tag:%%' THEN 'tags' ELSE field END), 0)
      AS horizon,
    COALESCE(min(repeats) FILTER (WHERE stands AND NOT mine) OVER (
      PARTITION BY contact_id, field ORDER BY id
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) < id, false) AS idle,
    COALESCE(min(repeats) FILTER (WHERE stands OR mine) OVER (
      PARTITION BY contact_id, field ORDER BY id
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) < id, false) AS was_idle
  FROM history),
-- said: what the journal says stands there; will: what it says without the unit; wanted: what stood
-- there without the unit and without what came later.
replayed AS MATERIALIZED (
  SELECT contact_id, field, first, horizon,
    (array_agg(row ORDER BY id DESC) FILTER (WHERE mine))[1] AS row,
    {{said}} AS said,
    {{will}} AS will,
    CASE WHEN horizon > first THEN (array_agg(before ORDER BY id) FILTER (WHERE mine))[1]
      ELSE {{wanted}} END AS wanted,
    GREATEST(max(id) FILTER (WHERE stands AND NOT mine AND NOT idle AND id > horizon), horizon)
      AS source
  FROM placed WHERE first IS NOT NULL GROUP BY contact_id, field, first, horizon),
compared AS MATERIALIZED (
  SELECT r.contact_id, r.field, r.row, r.first, r.said, n.now, COALESCE(r.will, n.now) AS will,
    COALESCE(r.wanted, n.now) AS wanted, COALESCE(r.source, 0) AS source,
    {{key}} AS key, {{key_now}} AS key_now
  FROM replayed r JOIN others o ON o.contact_id = r.contact_id
  CROSS JOIN LATERAL (SELECT CASE
      WHEN r.field LIKE 'tag:%%' THEN to_jsonb(o.now -> 'tags' ? substr(r.field, 5))
      ELSE COALESCE({{value_now}}, 'null') END AS now) n),
-- fate: `same` needs nothing, `back` comes back, `claimed` comes back once its key is free, `kept`
-- stays since something outside the journal changed it.
judged AS MATERIALIZED (
  SELECT *, CASE WHEN now = will THEN 'same'
      WHEN now <> said AND NOT EXISTS (
        SELECT FROM contact_undo_due d WHERE d.contact_id = compared.contact_id
          AND d.kind = field AND d.held IS NOT DISTINCT FROM {{shown_now}} #>> '{}') THEN 'kept'
      WHEN field IN ({{kinds}}) AND key IS NOT NULL AND key IS DISTINCT FROM key_now THEN 'claimed'
      ELSE 'back' END AS fate
  FROM compared),
tags AS MATERIALIZED (
  SELECT contact_id, max(source) AS source,
    bool_or(CASE fate WHEN 'back' THEN will ELSE now END <> wanted) AS other,
    COALESCE(array_agg(substr(field, 5)) FILTER (WHERE fate = 'back' AND will = 'false'), '{}')
      AS gone,
    COALESCE(array_agg(substr(field, 5) ORDER BY field)
      FILTER (WHERE fate = 'back' AND will = 'true'), '{}')
      AS added
  FROM judged WHERE field LIKE 'tag:%%' GROUP BY contact_id),
retagged AS MATERIALIZED (
  SELECT j.contact_id, j.row, j.first, j.wanted, j.now, COALESCE(t.other, false) AS other,
    COALESCE(t.source, 0) AS source,
    CASE WHEN j.will @> n.tags AND n.tags @> j.will THEN j.will ELSE n.tags END AS value
  FROM judged j LEFT JOIN tags t ON t.contact_id = j.contact_id
  CROSS JOIN LATERAL (SELECT to_jsonb(ARRAY(
      SELECT e FROM jsonb_array_elements_text(j.now) e WHERE e <> ALL(COALESCE(t.gone, '{}')))
    || COALESCE(t.added, '{}')) AS tags) n
  WHERE j.field = 'tags')

-- part: replay
-- The value that these entries come to: what the newest {{standing}} one left, or what the oldest
-- one found.
COALESCE(
  (array_agg(after ORDER BY id DESC) FILTER (WHERE {{standing}} AND id > horizon))[1],
  (array_agg(before ORDER BY id) FILTER (WHERE after IS NOT NULL AND id > horizon))[1])

-- part: listed
-- What stays of the judged fields, but for keys that are due; with who or which import wrote it
-- since.
SELECT l.contact_id, l.row, l.field,
  CASE WHEN s.kind = 'import' THEN 'changed_by_later_import' ELSE 'edited_since' END AS code,
  l.wanted, l.now, s.import_id AS by_import, s.user_id AS by_user
FROM (
  SELECT contact_id, row, field, {{shown_wanted}} AS wanted,
    {{shown_outcome}} AS now, first, source
  FROM judged WHERE field NOT LIKE 'tag%%' AND fate <> 'claimed'
    AND CASE fate WHEN 'back' THEN will ELSE now END <> wanted
  UNION ALL
  SELECT contact_id, row, 'tags', wanted, value, first, source FROM retagged WHERE other) l
LEFT JOIN LATERAL (
  SELECT * FROM contact_changes h WHERE h.id = l.source LIMIT 1) s ON l.source > l.first

-- part: plain_keys
-- The unique keys of the field {{kind}} that plain entries of `found` would bring back, and the
-- contact that holds each of them now.
SELECT f.contact_id, f.row, '{{kind}}' AS kind, f.before ->> '{{key}}' AS key,
  f.before ->> '{{kind}}' AS value, f.after ->> '{{kind}}' AS held, o.id AS holder
FROM found f
LEFT JOIN LATERAL (
  SELECT id FROM contacts WHERE {{key}} = f.before ->> '{{key}}' LIMIT 1) o ON true
WHERE f.returns AND f.is_plain AND f.before ? '{{kind}}'


-- Keys that are due: `undoing/undo_keys.py` says how they are settled.

-- part: holder
-- The contact that holds the key {{key}} of the kind {{kind}} now.
SELECT other.id FROM contacts other WHERE {{kind}} = '{{name}}' AND other.{{column}} = {{key}}

-- part: void
-- Whether the due claim d of contact c is out of date: others than the unit wrote the field since.
({{held_now}} IS DISTINCT FROM d.held OR {{own_key}} IS NOT DISTINCT FROM d.key
  OR EXISTS (SELECT FROM (SELECT * FROM contact_changes
      WHERE contact_id = d.contact_id AND id + 0 > d.since OFFSET 0) h
    WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL AND h.before ? d.kind
      AND NOT COALESCE({{mine}}, false)))

-- part: blocked
-- Which of `claims` (contact_id, kind, key, plain, source) are blocked. Two more sets are empty but
-- in a preview: those `leaving` (contact_id, kind), who give their key up for certain, and keys
-- that are `given` (kind, key) for certain. Of several claims on a key the contact wins to which
-- nothing else happened, then the newest standing source.
held AS MATERIALIZED (
  SELECT c.*, k.id AS holder,
    row_number() OVER (
      PARTITION BY c.kind, c.key ORDER BY c.plain DESC, c.source DESC, c.contact_id DESC) AS place
  FROM claims c
  LEFT JOIN LATERAL (SELECT * FROM ({{holder_of_c}}) k LIMIT 1) k ON true),
blocked(contact_id, kind) AS (
  SELECT h.contact_id, h.kind FROM held h
  LEFT JOIN held o ON o.contact_id = h.holder AND o.kind = h.kind
  LEFT JOIN leaving l ON l.contact_id = h.holder AND l.kind = h.kind
  LEFT JOIN given g ON g.kind = h.kind AND g.key = h.key
  WHERE h.place > 1 OR g.key IS NOT NULL
    OR (h.holder IS NOT NULL AND o.contact_id IS NULL AND l.contact_id IS NULL)
  UNION
  SELECT h.contact_id, h.kind
  FROM blocked b JOIN held h ON h.holder = b.contact_id AND h.kind = b.kind)

-- part: giver
-- Who gave the key to its holder: the last standing change that wrote it, or else the import that
-- created the holder.
SELECT import_id, user_id FROM (
  SELECT h.import_id, h.user_id, h.id FROM contact_changes h
  WHERE h.contact_id = {{contact}} AND h.before ? {{kind}} AND h.kind IN ('import', 'edit')
    AND h.undone_at IS NULL
  UNION ALL
  SELECT c.imported_from, NULL, 0 FROM contacts c WHERE c.id = {{contact}}) g
ORDER BY id DESC LIMIT 1
