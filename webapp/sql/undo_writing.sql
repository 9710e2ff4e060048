-- What an undo writes, batch by batch: `undoing/undo_writing.py`. The rules come from
-- undo_rules.sql.

-- name: lock
SELECT id FROM contacts WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE


-- The removal of contacts that an import created.

-- part: created
unnest(%(rows)s::bigint[], %(contacts)s::bigint[], %(creators)s::uuid[], %(undone)s::uuid[])
  AS m(row, contact_id, creator, undone)
LEFT JOIN LATERAL (
  SELECT c.ctid AS place, c.id, c.version FROM contacts c
  WHERE c.id = m.contact_id LIMIT 1) c ON true

-- part: recorded
-- The journal keeps which import and row a removed contact came from, and since when it was there.
-- What it was stands in the row.
recorded AS (
  INSERT INTO contact_changes (contact_id, kind, import_id, row, at, before, after)
  SELECT contact_id, 'removed', creator, row, clock_timestamp(),
    jsonb_build_object('(created_at)', created_at), '{}' FROM gone),
settled AS (
  DELETE FROM contact_undo_due d USING gone g
  WHERE (SELECT true FROM contact_undo_due LIMIT 1) AND d.contact_id = g.contact_id)

-- part: why_it_stays
CASE WHEN NOT there THEN {{why_deleted}} WHEN kind = 'import' THEN 'changed_by_later_import'
  ELSE 'edited_since' END

-- name: remove_whole
WITH judged AS MATERIALIZED (
  SELECT m.row, m.contact_id, m.creator, c.place, c.version FROM {{created}}
  WHERE NOT EXISTS ({{standing_change}})),
gone AS (
  DELETE FROM contacts c USING judged j WHERE c.ctid = j.place AND c.version = j.version
  RETURNING j.row, j.contact_id, j.creator, c.created_at),
{{recorded}}
SELECT count(*) AS removed FROM gone

-- name: remove
WITH judged AS MATERIALIZED (
  SELECT m.row, m.contact_id, m.creator, c.place, c.id IS NOT NULL AS there, f.id AS change, f.kind,
    f.import_id AS by_import, CASE WHEN c.id IS NULL THEN d.user_id ELSE f.user_id END AS by_user,
    d.id AS deletion
  FROM {{created}}
  LEFT JOIN LATERAL ({{standing_change_by_others}}) f ON c.id IS NOT NULL
  LEFT JOIN LATERAL ({{deletion_of_created}}) d ON c.id IS NULL),
gone AS (
  DELETE FROM contacts c USING judged j WHERE c.ctid = j.place AND j.change IS NULL
  RETURNING j.row, j.contact_id, j.creator, c.created_at),
{{recorded}},
due AS (
  INSERT INTO contact_undo_due (kind, contact_id, import_id, row)
  SELECT 'contact', contact_id, creator, row FROM judged
  WHERE %(new)s AND (change IS NOT NULL OR deletion IS NOT NULL)
  ON CONFLICT (kind, key, contact_id) DO NOTHING),
listed AS (
  INSERT INTO contact_undo_kept
    (import_id, contact_id, row, code, changed_by_import, changed_by_user)
  SELECT %(import_id)s, contact_id, row,
    {{why_it_stays}},
    CASE WHEN there THEN by_import END, by_user
  FROM judged
  WHERE %(import_id)s::uuid IS NOT NULL AND %(new)s AND (NOT there OR change IS NOT NULL)
  ON CONFLICT (import_id, contact_id, field, code) DO NOTHING)
SELECT (SELECT count(*) FROM gone) AS removed, (
  SELECT jsonb_agg(k) FROM (
    SELECT contact_id, row, NULL AS field, {{why_it_stays}} AS code, NULL AS wanted, NULL AS now,
      CASE WHEN there THEN by_import END AS by_import, by_user
    FROM judged WHERE NOT there OR change IS NOT NULL) k) AS kept


-- Fields that come back.

-- part: update
UPDATE contacts c SET {{assignments}},
  tags = CASE WHEN r.back ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(r.back -> 'tags'))
    ELSE c.tags END,
  custom = {{custom_with_back}}, version = c.version + 1, updated_at = now()

-- part: mark
UPDATE contact_changes h SET undone_at = clock_timestamp(), undone_by = %(user_id)s

-- name: restore_whole
-- Of the entries, those that are plain and, with `look`, bring back no key that another contact
-- holds. A contact that is changed meanwhile has another version by the time that its turn comes, and
-- its entry is left. Both are where they were found, on the same snapshot: that takes no index.
WITH {{found_standing}},
{{plain_keys}},
returning_fields AS MATERIALIZED (
  SELECT place, held_at, version, before AS back FROM found
  WHERE returns AND is_plain AND NOT (%(look)s AND names_keys AND contact_id IN (
    SELECT contact_id FROM plain_keys WHERE holder <> contact_id))),
restored AS (
  {{update}}
  FROM returning_fields r WHERE c.ctid = r.held_at AND c.version = r.version RETURNING r.place),
marked AS ({{mark}} FROM restored r WHERE h.ctid = r.place RETURNING h.id)
SELECT (SELECT count(*) FROM restored) AS restored, ARRAY(SELECT id FROM marked) AS marked

-- name: restore_of_import
WITH {{judging_of_import}},
{{restoring}}

-- name: restore_of_change
WITH {{judging_of_change}},
{{restoring}}

-- name: restore_of_act
WITH {{judging_of_act}},
{{restoring}}

-- name: restore_undone_meanwhile
WITH {{judging_undone_meanwhile}},
{{restoring}}

-- part: restoring
-- Of one batch, judged: write what comes back, mark the entries, note what is due, and list what
-- stays. What is due is blank until it comes back.
wishes AS MATERIALIZED (
  SELECT j.contact_id, j.row, COALESCE(j.kind, j.field) AS kind, COALESCE(j.id, j.will #>> '{}') AS key,
    CASE WHEN j.id IS NULL THEN j.will #>> '{}' ELSE j.will ->> 'value' END AS value,
    j.will ->> 'label' AS label, j.source, f.contact_id IS NOT NULL AS plain
  FROM judged j
  LEFT JOIN (SELECT DISTINCT contact_id FROM found WHERE is_plain) f ON f.contact_id = j.contact_id
  WHERE j.fate = 'claimed'),
returning_fields AS MATERIALIZED (
  SELECT contact_id, jsonb_object_agg(name, value) AS back FROM (
    SELECT contact_id, field AS name, CASE fate WHEN 'back' THEN will ELSE 'null' END AS value
    FROM judged WHERE kind IS NULL AND field NOT LIKE 'tag%%'
      AND (fate = 'back' OR fate = 'claimed' AND now <> 'null')
    UNION ALL
    SELECT contact_id, 'tags', value FROM retagged WHERE value <> now
    UNION ALL
    SELECT a.contact_id, e.key, e.value FROM readdressed a CROSS JOIN LATERAL jsonb_each(
      {{as_columns}}) e WHERE a.addresses <> a.now) f(contact_id, name, value)
  GROUP BY contact_id
  UNION ALL
  SELECT f.contact_id, f.before FROM found f
  WHERE f.returns AND f.is_plain AND f.contact_id NOT IN (SELECT contact_id FROM others)),
restored AS (
  {{update}}
  FROM returning_fields r WHERE c.id = r.contact_id RETURNING c.id),
marked AS (
  {{mark}} WHERE h.undone_at IS NULL AND h.id = ANY(ARRAY(
    SELECT change FROM found WHERE returns OR NOT there
    UNION SELECT id FROM history WHERE mine)) RETURNING h.id),
dropped AS (
  DELETE FROM contact_undo_due d USING judged j
  WHERE d.contact_id = j.contact_id AND {{field_of_d}} = j.field
    AND NOT (j.fate = 'claimed' AND COALESCE(j.id, j.will #>> '{}') = d.key)),
due AS (
  INSERT INTO contact_undo_due
    (kind, key, contact_id, value, label, since, source, import_id, change_id, row, plain, counted)
  SELECT w.kind, w.key, w.contact_id, w.value, w.label,
    (SELECT max(id) FROM contact_changes h WHERE h.contact_id = w.contact_id), w.source,
    %(import_id)s, %(change)s, w.row, w.plain, r.contact_id IS NOT NULL
  FROM wishes w LEFT JOIN returning_fields r ON r.contact_id = w.contact_id
  ON CONFLICT (kind, key, contact_id) DO UPDATE SET value = excluded.value, label = excluded.label,
    since = excluded.since, source = excluded.source, import_id = excluded.import_id,
    change_id = excluded.change_id, row = excluded.row, plain = excluded.plain,
    counted = excluded.counted),
listed AS MATERIALIZED (
  {{listed}}
  UNION ALL
  SELECT DISTINCT ON (f.contact_id) f.contact_id, f.row, NULL, {{why_d_deleted}}, NULL::jsonb,
    NULL::jsonb, NULL::uuid, d.user_id
  FROM found f CROSS JOIN LATERAL ({{deletion_of_found}}) d WHERE NOT f.there)
SELECT ARRAY(SELECT id FROM restored) AS restored, ARRAY(SELECT id FROM marked) AS marked,
  COALESCE((SELECT jsonb_agg(l) FROM listed l), '[]') AS kept

-- name: count_once
-- So that a key which comes back later does not count the contact again.
UPDATE contact_undo_due SET counted = true
WHERE contact_id = ANY(%(contacts)s::bigint[]) AND NOT counted RETURNING id

-- name: list_kept
INSERT INTO contact_undo_kept
  (import_id, contact_id, row, field, code, message, wanted, now, changed_by_import,
    changed_by_user)
SELECT %(import_id)s, k.contact_id, k.row, k.field, k.code, k.message, NULLIF(k.wanted, 'null'),
  NULLIF(k.now, 'null'), k.by_import, k.by_user
FROM jsonb_to_recordset(%(kept)s) AS k(contact_id bigint, row bigint, field text, code text,
  message text, wanted jsonb, now jsonb, by_import uuid, by_user bigint)
ON CONFLICT (import_id, contact_id, field, code) DO NOTHING RETURNING id
