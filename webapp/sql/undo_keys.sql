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
WITH RECURSIVE claims AS MATERIALIZED (
  SELECT d.* FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
  WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(refused)s::bigint[])),
leaving AS (SELECT contact_id, kind FROM claims WHERE false),
given AS (SELECT kind, key FROM claims WHERE false),
{{blocked}}
SELECT h.id, h.contact_id, h.kind, h.counted FROM held h
LEFT JOIN blocked b ON b.contact_id = h.contact_id AND b.kind = h.kind WHERE b.contact_id IS NULL

-- name: empty
UPDATE contacts c SET {{emptied}}
FROM {{of_granted}}

-- name: write
UPDATE contacts c SET {{written}},
  version = c.version + 1, updated_at = now()
FROM {{of_granted}}

-- part: of_granted
(SELECT contact_id, {{wishes}} FROM contact_undo_due
  WHERE id = ANY(%(granted)s::bigint[]) GROUP BY contact_id) w
WHERE c.id = w.contact_id RETURNING c.id

-- name: blocked_of_unit
SELECT d.contact_id, d.row, d.kind AS field,
  CASE WHEN r.id IS NULL THEN 'key_taken_on_undo' ELSE 'refused_on_undo' END AS code, r.message,
  to_jsonb(d.value) AS wanted, to_jsonb({{held_now}}) AS now, g.import_id::text AS by_import,
  g.user_id AS by_user
FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
LEFT JOIN unnest(%(refused)s::bigint[], %(messages)s::text[]) r(id, message) ON r.id = d.id
LEFT JOIN LATERAL ({{holder_of_d}}) k ON r.id IS NULL
LEFT JOIN LATERAL ({{giver_of_d}}) g ON k.id IS NOT NULL
WHERE d.kind IN ({{kinds}}) AND d.id <> ALL(%(done)s::bigint[])
  AND (d.import_id = %(import_id)s OR d.change_id = %(change)s)
ORDER BY d.id

-- name: forget
WITH gone AS (DELETE FROM contact_undo_due WHERE id = ANY(%(settled)s::bigint[]) RETURNING id)
UPDATE contact_undo_due SET counted = false, plain = false
WHERE (counted OR plain) AND id NOT IN (SELECT id FROM gone) RETURNING id
