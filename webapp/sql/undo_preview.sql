-- What the undo of an import would do now: `undoing/undo_preview.py`. The rules are those of the
-- undo itself, from undo_rules.sql.

-- name: seen
-- What changes when contacts, journal or undos do.
SELECT concat_ws(' ', (SELECT max(id) FROM contact_changes), (SELECT max(id) FROM contacts),
  (SELECT max(rolled_back_at) FROM contact_imports), (SELECT count(*) FROM contact_undo_due),
  (SELECT count(*) FROM contact_changes
    WHERE kind IN ('edit', 'delete') AND undone_at IS NOT NULL),
  (SELECT count(*) FROM contact_row_undos))

-- name: preview
WITH
-- The contacts that the import created, and those that are due to go, with what keeps them.
made AS MATERIALIZED (
  SELECT m.row, m.contact_id, m.new, c.id IS NOT NULL AS there, f.id AS change, f.kind,
    f.import_id AS by_import, f.user_id AS by_user
  FROM (SELECT row, contact_id, import_id AS undone, true AS new FROM contact_import_results l
      WHERE import_id = %(import_id)s AND outcome = 'created' AND contact_id IS NOT NULL
        AND NOT {{undone_alone}}
    UNION ALL SELECT d.row, d.contact_id, {{undone_import}}, false FROM contact_undo_due d
      WHERE d.kind = 'contact') m
  LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = m.contact_id LIMIT 1) c ON true
  LEFT JOIN LATERAL ({{standing_change}}) f ON c.id IS NOT NULL),
removed AS MATERIALIZED (
  SELECT DISTINCT contact_id FROM made WHERE there AND change IS NULL),
-- Most entries name no key and come back whole: they are only counted. The rest is judged. OFFSET
-- keeps the question from being asked twice.
counted AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE whole) AS whole, array_agg(change) FILTER (WHERE NOT whole) AS rest
  FROM (
    SELECT h.id AS change, {{returns}} AND {{is_plain}} AS whole
    FROM {{with_contact}} WHERE {{of_import}} AND NOT {{names_keys}} OFFSET 0) h),
{{judging}},
claims AS MATERIALIZED (
  SELECT j.contact_id, j.row, COALESCE(j.kind, j.field) AS kind, COALESCE(j.id, j.will #>> '{}') AS key,
    CASE WHEN j.id IS NULL THEN j.will #>> '{}' ELSE j.will ->> 'value' END AS value,
    f.contact_id IS NOT NULL AS plain, j.source, true AS new
  FROM judged j
  LEFT JOIN (SELECT DISTINCT contact_id FROM found WHERE is_plain) f ON f.contact_id = j.contact_id
  WHERE j.fate = 'claimed'
  UNION ALL
  SELECT d.contact_id, d.row, d.kind, d.key, d.value, false, d.source, false
  FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
  WHERE d.kind <> 'contact' AND NOT {{void}}
    AND NOT EXISTS (SELECT FROM removed r WHERE r.contact_id = d.contact_id)
    AND NOT EXISTS (
      SELECT FROM judged j WHERE j.contact_id = d.contact_id AND j.field = {{field_of_d}})),
whole AS MATERIALIZED (
  SELECT f.* FROM found f LEFT JOIN others o ON o.contact_id = f.contact_id
  WHERE f.returns AND f.is_plain AND o.contact_id IS NULL),
leaving AS MATERIALIZED (
  SELECT contact_id, COALESCE(kind, field) AS kind, COALESCE(id, now #>> '{}') AS key FROM judged
  WHERE COALESCE(kind, field) IN ({{kinds}}) AND (
    id IS NOT NULL AND fate = 'back' AND will = 'null'
    OR field = '{{id_field}}' AND fate IN ('back', 'claimed'))
  UNION
  SELECT contact_id, '{{id_field}}', after ->> '{{id_field}}' FROM whole WHERE after ? '{{id_field}}'
  UNION
  SELECT w.contact_id, k.kind, a.id
  FROM whole w CROSS JOIN {{kinds_of_addresses}} CROSS JOIN LATERAL {{addresses_after}} a
  WHERE k.kind IN ({{kinds}}) AND w.after ?| ARRAY[k.kind, k.further]
    AND a.id NOT IN (SELECT b.id FROM {{addresses_before}} b)),
given AS MATERIALIZED (
  SELECT DISTINCT kind, key FROM plain_keys WHERE holder IS NULL
    AND contact_id NOT IN (SELECT contact_id FROM others)),
{{blocked}},
granted AS MATERIALIZED (
  SELECT contact_id, kind, key FROM held EXCEPT SELECT contact_id, kind, key FROM blocked),
restored AS MATERIALIZED (
  SELECT contact_id FROM judged WHERE kind IS NULL AND field NOT LIKE 'tag%%'
    AND (fate = 'back' OR fate = 'claimed' AND now <> 'null')
  UNION SELECT contact_id FROM retagged WHERE value <> now
  UNION SELECT contact_id FROM readdressed WHERE addresses <> now
  UNION SELECT contact_id FROM granted
  UNION SELECT contact_id FROM whole),
stays AS MATERIALIZED (
  SELECT contact_id, max(row) AS row, kind,
    CASE count(*) WHEN 1 THEN to_jsonb(max(value)) ELSE jsonb_agg(value ORDER BY key) END AS wanted,
    min(holder) AS holder, min(key) AS key
  FROM blocked WHERE new GROUP BY contact_id, kind),
-- What stays, and why.
listed AS MATERIALIZED (
  SELECT contact_id, row, NULL AS field, CASE kind WHEN 'edit' THEN 'edited_since'
    ELSE 'changed_by_later_import' END AS code, NULL::jsonb AS wanted, NULL::jsonb AS now,
    by_import, by_user, NULL::bigint AS holder, NULL AS key
  FROM made WHERE new AND there AND change IS NOT NULL
  UNION ALL
  (SELECT DISTINCT ON (g.contact_id) g.contact_id, g.row, NULL, {{why_g_deleted}},
    NULL::jsonb, NULL::jsonb, NULL::uuid, g.user_id, NULL, NULL
  FROM (
    SELECT m.contact_id, m.row, d.user_id, 0 AS change, d.id AS deletion
    FROM made m LEFT JOIN LATERAL ({{deletion_of_made}}) d ON true WHERE m.new AND NOT m.there
    UNION ALL
    SELECT f.contact_id, f.row, d.user_id, f.change, d.id
    FROM found f CROSS JOIN LATERAL ({{deletion_of_found}}) d WHERE NOT f.there) g
  ORDER BY g.contact_id, g.change = 0 DESC, g.change DESC)
  UNION ALL
  SELECT l.*, NULL, NULL FROM ({{listed}}) l
  UNION ALL
  SELECT contact_id, row, kind, 'key_taken_on_undo', wanted, NULL, NULL, NULL, holder, key
  FROM stays)
SELECT (SELECT count(*) FROM removed) AS removed,
  (SELECT count(*) FROM restored) + (SELECT whole FROM counted) AS restored,
  (SELECT count(DISTINCT contact_id) FROM listed WHERE code <> 'deleted_meanwhile') AS kept,
  (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.row, l.field NULLS FIRST) FROM (
    SELECT l.contact_id, l.row, l.field, l.code, l.wanted, l.now,
      COALESCE(l.by_import, g.import_id) AS by_import,
      COALESCE(l.by_user, g.user_id) AS by_user, i.filename AS by_file,
      COALESCE(NULLIF(u.name, ''), u.email) AS by_person
    FROM (SELECT * FROM listed ORDER BY row, field NULLS FIRST LIMIT %(limit)s) l
    LEFT JOIN LATERAL ({{giver_of_listed}}) g ON l.holder IS NOT NULL
    LEFT JOIN contact_imports i ON i.id = COALESCE(l.by_import, g.import_id)
    LEFT JOIN users u ON u.id = COALESCE(l.by_user, g.user_id)) l) AS conflicts
