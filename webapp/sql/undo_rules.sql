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

-- part: of_act
({{h}}.act_id = %(act_id)s AND {{h}}.kind = 'edit' AND {{h}}.undone_at IS NULL)

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
-- The standing changes of a contact by others than the unit and an import that is undone as a
-- whole, edits first. Null where no whole import is: then each other row of it counts too.
SELECT h.* FROM {{journal}} h
WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL
  AND NOT COALESCE(h.import_id = {{undone}}, false) AND NOT COALESCE({{mine}}, false)
ORDER BY (h.kind = 'edit') DESC, h.id LIMIT 1

-- part: undone_import
(SELECT i.id FROM contact_imports i
  WHERE i.id = {{import_id}} AND i.state IN ('rolling_back', 'rolled_back'))

-- part: undone_alone
-- Whether ledger entry l was undone by itself, and the contact that it created is gone since.
EXISTS (SELECT FROM contact_row_undos u WHERE u.import_id = l.import_id AND u.row = l.row
  AND NOT EXISTS (SELECT FROM contacts c WHERE c.id = l.contact_id))

-- part: deletion
-- The deletion by hand that keeps a contact out of the book, if there is one.
SELECT h.* FROM {{journal}} h
WHERE h.kind = 'delete' AND h.undone_at IS NULL ORDER BY h.id DESC LIMIT 1

-- part: why_gone
-- Why a contact is not in the book: its deletion has the number {{gone_by}}, which may be that of a merge.
CASE WHEN EXISTS (SELECT FROM contact_merges WHERE deletion_id = {{gone_by}})
  THEN 'merged_since' ELSE 'deleted_meanwhile' END

-- part: addresses
-- The e-mails or phones of the kind k that {{side}} names, a side of an entry or a contact: id,
-- place, address. The main one is the first. An address is known by its key, or by its text.
(SELECT COALESCE(a ->> 'key', a ->> 'value') AS id, place, a AS address
  FROM jsonb_array_elements(
    CASE WHEN {{side}} ->> k.kind IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object(
      'value', {{side}} -> k.kind, 'key', {{side}} -> k.key, 'label', {{side}} -> k.label)) END
    || CASE jsonb_typeof({{side}} -> k.further) WHEN 'array' THEN {{side}} -> k.further
      ELSE '[]' END) WITH ORDINALITY AS e(a, place))

-- part: kinds_of_addresses
-- The kinds, and the columns of the main one and of those behind it.
(VALUES {{address_columns}}) AS k(kind, key, label, further)

-- part: main
-- By what the main address of the kind k is known in {{side}}; 'null' where there is none.
COALESCE(NULLIF({{side}} -> k.key, 'null'), {{side}} -> k.kind, 'null')

-- part: fields
-- One row for each field that entry {{h}} names: field, before, after; null where retention took
-- the values.
-- `tag:<tag>` is true where the contact has the tag; `tags` is the whole list, for their order.
-- `email:<key>` is the address where the contact has it, and 'null' where it has it not; `email` is
-- the key of the main one, and `further_emails` the list of the others, for their order.
(SELECT b.key AS field, CASE WHEN {{h}}.after <> '{}' THEN b.value END AS before,
    CASE WHEN {{h}}.after <> '{}' THEN {{h}}.after -> b.key END AS after
  FROM jsonb_each({{h}}.before) b
  WHERE left(b.key, 1) <> '(' AND b.key <> ALL('{{names_of_addresses}}')
  UNION ALL
  SELECT 'tag:' || t, to_jsonb({{tags_before}} ? t), to_jsonb({{tags_after}} ? t)
  FROM (SELECT jsonb_array_elements_text({{tags_before}})
      UNION SELECT jsonb_array_elements_text({{tags_after}}))
    u(t)
  WHERE ({{tags_before}} ? t) <> ({{tags_after}} ? t)
  UNION ALL
  SELECT named.* FROM (SELECT WHERE {{h}}.before ?| '{{names_of_addresses}}') any_of_them
  CROSS JOIN {{kinds_of_addresses}} CROSS JOIN LATERAL (
    SELECT k.kind AS field, CASE WHEN {{h}}.after <> '{}' THEN {{main_before}} END,
      CASE WHEN {{h}}.after <> '{}' THEN {{main_after}} END
    WHERE {{h}}.before ? k.kind
    UNION ALL
    SELECT k.further, CASE WHEN {{h}}.after <> '{}' THEN {{h}}.before -> k.further END,
      CASE WHEN {{h}}.after <> '{}' THEN {{h}}.after -> k.further END
    WHERE {{h}}.before ? k.further
    UNION ALL
    SELECT k.kind || ':' || id, COALESCE(b.address, 'null'), COALESCE(a.address, 'null')
    FROM {{addresses_before}} b FULL JOIN {{addresses_after}} a USING (id)
    WHERE {{h}}.after <> '{}' AND b.address IS DISTINCT FROM a.address) named
  WHERE {{h}}.before ?| ARRAY[k.kind, k.further])

-- part: tags_before
(CASE jsonb_typeof({{h}}.before -> 'tags') WHEN 'array' THEN {{h}}.before -> 'tags' END)

-- part: tags_after
(CASE jsonb_typeof({{h}}.after -> 'tags') WHEN 'array' THEN {{h}}.after -> 'tags' END)

-- part: group
-- The fields about which one entry without values says nothing any more: of which {{of_field}} is.
CASE WHEN {{of_field}} LIKE 'tag:%%' THEN 'tags'
  WHEN {{of_field}} LIKE ANY('{{each_address}}') THEN split_part({{of_field}}, ':', 1)
  {{lists_to_kinds}}
  ELSE {{of_field}} END

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

-- part: with_contact
-- The unit's entry h with its contact c, and `after` as it is compared; c has no number where the
-- contact is gone.
contact_changes h
-- Concatenated, it is unpacked once, and not for each column.
CROSS JOIN LATERAL (SELECT h.after || '{}' AS after OFFSET 0) unpacked
LEFT JOIN LATERAL (
  SELECT k.ctid AS place, k.* FROM contacts k WHERE k.id = h.contact_id LIMIT 1) c ON true

-- part: returns
-- False for contacts that the import itself created. They are kept as the import left them, or
-- removed.
(c.id IS NOT NULL AND (%(import_id)s::uuid IS NULL
  OR c.imported_from IS DISTINCT FROM %(import_id)s))

-- part: is_plain
-- Whether nothing else happened to the contact that matters, and it holds, to the letter, what the
-- entry left. Such an entry comes back whole, as it was before.
(c.id IS NOT NULL AND {{holds_after}} AND c.custom = {{custom_with_after}}
  AND NOT EXISTS (SELECT FROM {{journal}} o WHERE o.id <> h.id AND ({{o_is_return}}
    OR o.kind IN ('import', 'edit') AND ({{o_is_mine}}
      OR (o.id > h.id AND o.undone_at IS NULL)
      OR (o.id < h.id AND o.undone_at > h.at))))
  AND (NOT EXISTS (SELECT FROM contact_undo_due)
    OR NOT EXISTS (SELECT FROM contact_undo_due d WHERE d.contact_id = h.contact_id)))

-- part: names_keys
-- Whether the entry changed a unique key.
(h.before ?| '{{columns_of_keys}}')

-- part: found
-- The unit's entries that the condition {{entries}} picks, with their contacts, and where both stand
-- on this snapshot.
found AS MATERIALIZED (
  SELECT h.id AS change, h.contact_id, h.row, h.before, h.after, h.ctid AS place, c.place AS held_at,
    c.version, c.id IS NOT NULL AS there, {{returns}} AS returns, {{is_plain}} AS is_plain,
    {{names_keys}} AS names_keys
  FROM {{with_contact}}
  WHERE {{entries}})

-- part: plain_keys
-- The unique keys that plain entries of `found` would bring back, and the contact that holds each
-- of them now.
plain_keys AS MATERIALIZED (
  SELECT w.*, o.id AS holder FROM (
    SELECT f.contact_id, '{{id_field}}' AS kind, f.before ->> '{{id_field}}' AS key
    FROM found f
    WHERE f.returns AND f.is_plain AND f.names_keys AND f.before ->> '{{id_field}}' IS NOT NULL
    UNION ALL
    SELECT f.contact_id, k.kind, b.id
    FROM found f CROSS JOIN {{kinds_of_addresses}} CROSS JOIN LATERAL {{addresses_before_f}} b
    WHERE f.returns AND f.is_plain AND f.names_keys AND k.kind IN ({{kinds}})
      AND f.before ?| ARRAY[k.kind, k.further]
      AND b.id NOT IN (SELECT a.id FROM {{addresses_after_f}} a)) w
  LEFT JOIN LATERAL (SELECT * FROM ({{holder_of_w}}) h LIMIT 1) o ON true)

-- part: others
-- The contacts of `found` whose entries have to be judged field by field: those of plain entries
-- too, where another contact holds a key.
others AS MATERIALIZED (
  SELECT f.contact_id, {{now}} AS now
  FROM (
    SELECT contact_id FROM found WHERE returns AND NOT is_plain
    UNION
    SELECT contact_id FROM plain_keys WHERE holder <> contact_id OR {{claim}}) f
  CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = f.contact_id LIMIT 1) c)

-- part: replayed
-- For the contacts in `others` (contact_id, now): each field that the unit names, and the order of
-- addresses in any case, with what the journal says of it.
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
  SELECT o.contact_id, h.id, h.row, false, false, had.field, had.held, had.held, NULL
  FROM others o
  CROSS JOIN LATERAL {{journal_of_o}} h
  CROSS JOIN LATERAL (
    SELECT '{{id_field}}' AS field, h.before -> '{{id_field}}' AS held
    WHERE h.before ? '{{id_field}}'
    UNION ALL
    SELECT named.* FROM {{kinds_of_addresses}} CROSS JOIN LATERAL (
      SELECT k.kind, {{main_before_h}}
      UNION ALL SELECT k.further, h.before -> k.further WHERE h.before ? k.further
      UNION ALL SELECT k.kind || ':' || id, address FROM {{addresses_before_h}} b) named
    WHERE k.kind IN ({{kinds}}) AND h.before ? k.kind) had
  WHERE {{h_is_return}}),
-- horizon: the newest entry whose values retention deleted. idle, was_idle: a person's run of edits
-- ends with exactly what the import before it wrote, without the unit and with it.
placed AS MATERIALIZED (
  SELECT *, min(id) FILTER (WHERE mine) OVER (PARTITION BY contact_id, field) AS first,
    COALESCE(max(id) FILTER (WHERE after IS NULL) OVER (
      PARTITION BY contact_id, {{group}}), 0) AS horizon,
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
  FROM placed WHERE first IS NOT NULL OR field IN ({{orders}}) OR field LIKE ANY('{{each_address}}')
  GROUP BY contact_id, field, first, horizon)

-- part: judged
-- What becomes of each field that the unit names. `kind` is that of an address, its main one or its
-- list; null for any other field.
-- Where an address becomes the main one again, it comes with it: what versions of single addresses
-- undid did not bring it back while a later change stood.
mains AS MATERIALIZED (
  SELECT r.contact_id, r.field || ':' || (r.will #>> '{}') AS field, r.row, r.first
  FROM replayed r JOIN others o ON o.contact_id = r.contact_id
  JOIN {{kinds_of_addresses}} ON k.kind = r.field
  WHERE r.first IS NOT NULL AND r.said = {{main_now}}),
compared AS MATERIALIZED (
  SELECT r.contact_id, r.field, COALESCE(r.row, m.row) AS row, COALESCE(r.first, m.first) AS first,
    CASE WHEN r.first IS NULL THEN n.now ELSE r.said END AS said, n.now,
    COALESCE(r.will, n.now) AS will, COALESCE(r.wanted, n.now) AS wanted,
    COALESCE(r.source, 0) AS source, k.kind,
    CASE WHEN r.field NOT IN (k.kind, k.further) THEN substr(r.field, length(k.kind) + 2) END AS id
  FROM replayed r JOIN others o ON o.contact_id = r.contact_id
  LEFT JOIN {{kinds_of_addresses}} ON k.kind = {{group}}
  LEFT JOIN mains m ON m.contact_id = r.contact_id AND m.field = r.field
  CROSS JOIN LATERAL (SELECT CASE
      WHEN r.field LIKE 'tag:%%' THEN to_jsonb(o.now -> 'tags' ? substr(r.field, 5))
      WHEN r.field = k.kind THEN {{main_now}}
      WHEN r.field <> k.further THEN COALESCE((
        SELECT a.address FROM {{addresses_now}} a
        WHERE a.id = substr(r.field, length(k.kind) + 2)), 'null')
      ELSE COALESCE(o.now -> r.field, 'null') END AS now) n
  WHERE r.first IS NOT NULL OR m.field IS NOT NULL AND r.will <> 'null'),
-- fate: `same` needs nothing, `back` comes back, `claimed` comes back once its key is free, and the
-- field is blank until then; `kept` stays since something outside the journal changed it.
judged AS MATERIALIZED (
  SELECT *, CASE WHEN now = will THEN 'same'
      WHEN kind IS NOT NULL AND id IS NULL THEN 'back'
      WHEN now <> said AND NOT (now = 'null' AND EXISTS (
        SELECT FROM contact_undo_due d
        WHERE d.contact_id = compared.contact_id AND {{field_of_d}} = field)) THEN 'kept'
      WHEN will <> 'null' AND (field = '{{id_field}}' OR kind IN ({{kinds}}) AND now = 'null')
        THEN 'claimed'
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
  WHERE j.field = 'tags'),
-- What changes of the addresses of each kind that the unit names.
brought AS MATERIALIZED (
  SELECT contact_id, kind,
    COALESCE(jsonb_object_agg(id, will) FILTER (WHERE id IS NOT NULL AND fate = 'back'), '{}')
      AS changes
  FROM judged WHERE kind IS NOT NULL GROUP BY contact_id, kind)

-- part: readdressed
-- What the addresses of each kind in `brought` (contact_id, kind, changes) come to: `changes` has by
-- id the address that is to be there, or null for one that goes. The main one is that which the
-- journal says, if it is there, and else the first that is. The others stand as in the journal's
-- list if that has the same ones, and else as they stood, what is new behind them. What something
-- outside the journal made the main one stays that.
orders AS MATERIALIZED (
  SELECT r.contact_id, k.kind, max(r.said #>> '{}') FILTER (WHERE r.field = k.kind) AS said,
    max(r.will #>> '{}') FILTER (WHERE r.field = k.kind) AS main,
    (array_agg(r.will) FILTER (WHERE r.field = k.further AND jsonb_typeof(r.will) = 'array'))[1]
      AS list
  FROM replayed r JOIN {{kinds_of_addresses}} ON r.field IN (k.kind, k.further)
  GROUP BY r.contact_id, k.kind),
readdressed AS MATERIALIZED (
  SELECT b.contact_id, b.kind, k.key, k.label, k.further, n.addresses AS now,
    COALESCE(v.addresses, '[]') AS addresses
  FROM brought b JOIN others o ON o.contact_id = b.contact_id
  JOIN {{kinds_of_addresses}} ON k.kind = b.kind
  LEFT JOIN orders j ON j.contact_id = b.contact_id AND j.kind = b.kind
  CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(a.address ORDER BY a.place), '[]') AS addresses,
      CASE WHEN bool_or(a.place > 1 AND a.id = j.said) THEN max(a.id) FILTER (WHERE a.place = 1)
        ELSE j.main END AS main
    FROM {{addresses_now}} a) n
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(s.address ORDER BY s.is_main DESC, s.listed, s.place, s.id) AS addresses
    FROM (
      SELECT r.id, r.address, r.place, r.is_main,
        CASE WHEN bool_and(r.is_main OR r.listed IS NOT NULL) OVER ()
          AND count(*) OVER () = jsonb_array_length(j.list) + 1 THEN r.listed END AS listed
      FROM (
        SELECT p.*, e.listed,
          row_number() OVER (ORDER BY (p.id = n.main) IS TRUE DESC, p.place, e.listed, p.id) = 1
            AS is_main
        FROM (
          SELECT COALESCE(a.id, c.key) AS id, COALESCE(c.value, a.address) AS address, a.place
          FROM {{addresses_now}} a FULL JOIN jsonb_each(b.changes) c ON c.key = a.id) p
        LEFT JOIN (
          SELECT COALESCE(l ->> 'key', l ->> 'value') AS id, listed
          FROM jsonb_array_elements(j.list) WITH ORDINALITY AS e(l, listed)) e ON e.id = p.id
        WHERE p.address <> 'null') r) s) v ON true)

-- part: as_columns
-- Addresses of a kind as the columns of a contact.
jsonb_build_object(a.kind, a.addresses -> 0 -> 'value', a.key, a.addresses -> 0 -> 'key',
  a.label, a.addresses -> 0 -> 'label', a.further, a.addresses - 0)

-- part: replay
-- The value that these entries come to: what the newest {{standing}} one left, or what the oldest
-- one found.
COALESCE(
  (array_agg(after ORDER BY id DESC) FILTER (WHERE {{standing}} AND id > horizon))[1],
  (array_agg(before ORDER BY id) FILTER (WHERE after IS NOT NULL AND id > horizon))[1])

-- part: shown_addresses
-- Some addresses {{a}}, 'null' being none, as people see them: the text of one without a label, or
-- else a list.
CASE WHEN count(*) FILTER (WHERE {{a}} <> 'null') = 0 THEN 'null'
  WHEN count(*) FILTER (WHERE {{a}} <> 'null') = 1
    AND bool_and({{a}} = 'null' OR {{a}} ->> 'label' IS NULL)
    THEN (array_agg({{a}} -> 'value') FILTER (WHERE {{a}} <> 'null'))[1]
  ELSE jsonb_agg({{a}} - 'key') FILTER (WHERE {{a}} <> 'null') END

-- part: other_mains
-- Where another address is the main one than the unit found, and that is there or comes once its
-- key is free.
coming AS MATERIALIZED (
  SELECT contact_id, kind, id, will AS address, false AS there FROM judged
  WHERE fate = 'claimed' AND id IS NOT NULL
  UNION ALL
  SELECT contact_id, kind, COALESCE(e ->> 'key', e ->> 'value'), e, true
  FROM readdressed CROSS JOIN LATERAL jsonb_array_elements(addresses) e),
other_mains AS MATERIALIZED (
  SELECT j.contact_id, j.row, j.kind, w.address -> 'value' AS wanted, n.address -> 'value' AS now,
    n.id, j.first, j.source
  FROM judged j JOIN readdressed a ON a.contact_id = j.contact_id AND a.kind = j.kind
  JOIN coming w ON w.contact_id = j.contact_id AND w.kind = j.kind AND w.id = j.wanted #>> '{}'
  JOIN coming n ON n.contact_id = j.contact_id AND n.kind = j.kind
    AND n.id = CASE WHEN w.there
      THEN COALESCE(a.addresses -> 0 ->> 'key', a.addresses -> 0 ->> 'value')
      ELSE j.will #>> '{}' END
  WHERE j.field = j.kind AND n.id <> w.id)

-- part: listed
-- What stays of the judged fields, but for keys that are due; with who or which import wrote it
-- since.
SELECT l.contact_id, l.row, l.field,
  CASE WHEN s.kind = 'import' THEN 'changed_by_later_import' ELSE 'edited_since' END AS code,
  l.wanted, l.now, s.import_id AS by_import, s.user_id AS by_user
FROM (
  SELECT contact_id, row, field, wanted, CASE fate WHEN 'back' THEN will ELSE now END AS now,
    first, source
  FROM judged WHERE kind IS NULL AND field NOT LIKE 'tag%%' AND fate <> 'claimed'
    AND CASE fate WHEN 'back' THEN will ELSE now END <> wanted
  UNION ALL
  SELECT contact_id, row, 'tags', wanted, value, first, source FROM retagged WHERE other
  UNION ALL
  SELECT contact_id, row, kind, wanted, now, first, source FROM other_mains
  UNION ALL
  SELECT j.contact_id, max(j.row), CASE WHEN m.kind IS NULL THEN k.kind ELSE k.further END,
    {{shown_wanted}}, {{shown_outcome}}, min(j.first), max(j.source)
  FROM (SELECT *, CASE fate WHEN 'back' THEN will ELSE now END AS outcome
    FROM judged WHERE id IS NOT NULL AND fate <> 'claimed') j
  JOIN {{kinds_of_addresses}} ON k.kind = j.kind
  LEFT JOIN other_mains m ON m.contact_id = j.contact_id AND m.kind = j.kind
  WHERE j.outcome <> j.wanted AND j.id IS DISTINCT FROM m.id
  GROUP BY j.contact_id, k.kind, k.further, m.kind) l
LEFT JOIN LATERAL (
  SELECT * FROM contact_changes h WHERE h.id = l.source LIMIT 1) s ON l.source > l.first


-- Keys that are due: `undoing/undo_keys.py` says how they are settled.

-- part: holder
-- The contact that holds the key {{key}} of the kind {{kind}} now.
SELECT other.{{contact}} AS id FROM {{table}} other
WHERE {{kind}} = '{{name}}' AND other.{{column}} = {{key}}

-- part: field_of_d
-- The field that the due claim d is about.
CASE WHEN d.kind = '{{id_field}}' THEN d.kind ELSE d.kind || ':' || d.key END

-- part: void
-- Whether the due claim d of contact c is out of date: others than the unit wrote the field since.
(c.{{id_field}} IS NOT NULL AND d.kind = '{{id_field}}'
  OR EXISTS (SELECT FROM ({{holder_of_d}}) k WHERE k.id = d.contact_id)
  OR EXISTS (SELECT FROM (SELECT * FROM contact_changes
      WHERE contact_id = d.contact_id AND id + 0 > d.since OFFSET 0) h
    CROSS JOIN LATERAL {{fields_of_h}} f
    WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL AND f.field = {{field_of_d}}
      AND NOT COALESCE({{mine}}, false)))

-- part: blocked
-- Which of `claims` (contact_id, kind, key, plain, source) are blocked. Three more sets are empty
-- but in a preview: `leaving` (contact_id, kind, key), the keys that are given up, contacts that are
-- `removed`, and keys that are `given` (kind, key) for certain. Of several claims on a key the
-- contact wins to which nothing else happened, then the newest standing source.
held AS MATERIALIZED (
  SELECT c.*, k.id AS holder,
    row_number() OVER (
      PARTITION BY c.kind, c.key ORDER BY c.plain DESC, c.source DESC, c.contact_id DESC) AS place
  FROM claims c
  LEFT JOIN LATERAL (SELECT * FROM ({{holder_of_c}}) k LIMIT 1) k ON true),
blocked AS MATERIALIZED (
  SELECT h.* FROM held h
  LEFT JOIN leaving l ON l.contact_id = h.holder AND l.kind = h.kind AND l.key = h.key
  LEFT JOIN removed r ON r.contact_id = h.holder
  LEFT JOIN given g ON g.kind = h.kind AND g.key = h.key
  WHERE h.place > 1 OR g.key IS NOT NULL
    OR (h.holder IS NOT NULL AND l.contact_id IS NULL AND r.contact_id IS NULL))

-- part: giver
-- Who gave the key {{key}} to its holder: the last standing change that wrote it, or else the import
-- that created the holder.
SELECT import_id, user_id FROM (
  SELECT h.import_id, h.user_id, h.id FROM contact_changes h
  CROSS JOIN LATERAL {{fields_of_h}} f
  WHERE h.contact_id = {{contact}} AND h.kind IN ('import', 'edit') AND h.undone_at IS NULL
    AND f.field = CASE WHEN {{kind}} = '{{id_field}}' THEN {{kind}} ELSE {{kind}} || ':' || {{key}} END
  UNION ALL
  SELECT c.imported_from, NULL, 0 FROM contacts c WHERE c.id = {{contact}}) g
ORDER BY id DESC LIMIT 1
