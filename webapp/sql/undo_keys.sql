-- Unique keys that an undo could not give back at once: they are due. `undoing/undo_keys.py` says
-- how they are settled.

-- name: drop_void
DELETE FROM contact_undo_due d USING contacts c
WHERE c.id = d.contact_id AND d.kind IN ({{kinds}}) AND {{void}}
RETURNING d.id

-- name: lock
-- The claimants and those who hold what they claim, in the order in which all lock them.
SELECT c.id FROM contacts c WHERE c.id IN (
  SELECT d.contact_id FROM contact_undo_due d
  WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(refused)s::bigint[])
  UNION
  SELECT k.id FROM contact_undo_due d
  CROSS JOIN LATERAL ({{holder_of_d}}) k
  WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(refused)s::bigint[]))
ORDER BY c.id FOR UPDATE

-- name: granted
WITH claims AS MATERIALIZED (
  SELECT d.* FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
  WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(refused)s::bigint[])),
leaving AS (SELECT contact_id, kind, key FROM claims WHERE false),
removed AS (SELECT contact_id FROM claims WHERE false),
given AS (SELECT kind, key FROM claims WHERE false),
{{blocked}}
SELECT id, contact_id, kind, counted FROM held
EXCEPT SELECT id, contact_id, kind, counted FROM blocked
ORDER BY id

-- name: grant
-- An e-mail comes to the place that the journal says.
WITH due AS MATERIALIZED (
  SELECT * FROM contact_undo_due WHERE id = ANY(%(granted)s::bigint[])),
others AS MATERIALIZED (
  SELECT w.contact_id, {{now}} AS now FROM (SELECT DISTINCT contact_id FROM due) w
  CROSS JOIN LATERAL (SELECT * FROM contacts k WHERE k.id = w.contact_id LIMIT 1) c),
{{replayed}},
brought AS MATERIALIZED (
  SELECT contact_id, kind,
    jsonb_object_agg(key, jsonb_build_object('value', value, 'key', key, 'label', label)) AS changes
  FROM due WHERE kind <> '{{id_field}}' GROUP BY contact_id, kind),
{{readdressed}},
returning_fields AS MATERIALIZED (
  SELECT contact_id, jsonb_object_agg(name, value) AS back FROM (
    SELECT contact_id, kind, to_jsonb(key) FROM due WHERE kind = '{{id_field}}'
    UNION ALL
    SELECT a.contact_id, e.key, e.value FROM readdressed a CROSS JOIN LATERAL jsonb_each(
      {{as_columns}}) e) f(contact_id, name, value)
  GROUP BY contact_id)
UPDATE contacts c SET {{assignments}}, version = c.version + 1, updated_at = now()
FROM returning_fields r WHERE c.id = r.contact_id RETURNING c.id

-- name: blocked_of_unit
SELECT b.contact_id, max(b.row) AS row, b.kind AS field, b.code, max(b.message) AS message,
  CASE count(*) WHEN 1 THEN to_jsonb(max(b.value)) ELSE jsonb_agg(b.value ORDER BY b.id) END AS wanted,
  NULL AS now, min(b.by_import) AS by_import, min(b.by_user) AS by_user
FROM (
  SELECT d.id, d.contact_id, d.row, d.kind, d.value, r.message,
    CASE WHEN r.id IS NULL THEN 'key_taken_on_undo' ELSE 'refused_on_undo' END AS code,
    g.import_id::text AS by_import, g.user_id AS by_user
  FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
  LEFT JOIN unnest(%(refused)s::bigint[], %(messages)s::text[]) r(id, message) ON r.id = d.id
  LEFT JOIN LATERAL ({{holder_of_d}}) k ON r.id IS NULL
  LEFT JOIN LATERAL ({{giver_of_d}}) g ON k.id IS NOT NULL
  WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(done)s::bigint[])
    AND (d.import_id = %(import_id)s OR d.change_id = %(change)s)) b
GROUP BY b.contact_id, b.kind, b.code
ORDER BY min(b.id)

-- name: forget
WITH gone AS (DELETE FROM contact_undo_due WHERE id = ANY(%(settled)s::bigint[]) RETURNING id)
UPDATE contact_undo_due SET counted = false, plain = false
WHERE (counted OR plain) AND id NOT IN (SELECT id FROM gone) RETURNING id
