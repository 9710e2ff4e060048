-- Rows in conflict, kept with the previews that found them: `deciding/conflicts.py`.

-- name: make_found
CREATE TEMP TABLE found_conflicts (
  row bigint, variant integer, code text, candidates jsonb, PRIMARY KEY (row, variant))

-- name: find
-- Of a simulation, from its ledger. A contact that it made has no number yet: it is known by the row
-- that made it.
INSERT INTO pg_temp.found_conflicts
SELECT l.row, %(number)s, l.code, COALESCE(c.candidates, '[]')
FROM pg_temp.contact_import_results l
CROSS JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(made.by_row, made.number, 'by', keys) ORDER BY id) AS candidates
  FROM (
    SELECT one::bigint AS id, jsonb_agg(key ORDER BY {{rank}}) AS keys
    FROM jsonb_each(l.detail -> 'by') h(key, ids)
    CROSS JOIN LATERAL jsonb_array_elements_text(ids) one GROUP BY 1) holders
  CROSS JOIN LATERAL (
    SELECT CASE WHEN is_new THEN 'row' ELSE 'contact_id' END AS by_row,
      CASE WHEN is_new THEN imported_row ELSE id END AS number
    FROM (
      SELECT imported_row, NOT EXISTS (SELECT FROM public.contacts p WHERE p.id = o.id) AS is_new
      FROM pg_temp.contacts o WHERE o.id = holders.id LIMIT 1) o) made) c
WHERE l.outcome = 'conflict'

-- name: forget_older
-- With the first preview after a change. Rows with a choice stay, unless it came to nothing.
DELETE FROM contact_import_conflicts k
WHERE import_id = %(import_id)s AND (
    EXISTS (
      SELECT FROM pg_temp.found_conflicts f WHERE f.row = k.row AND f.variant = %(number)s) OR NOT EXISTS (
      SELECT FROM contact_import_choices c WHERE c.import_id = k.import_id AND c.row = k.row))
  AND NOT EXISTS (SELECT FROM contact_import_previews
    WHERE import_id = %(import_id)s
      AND (strategy, create_new, hold_other_names)
        <> (%(strategy)s, %(create_new)s, %(hold_other_names)s))

-- name: keep
-- A row that another variant found too has the candidates of both.
INSERT INTO contact_import_conflicts (import_id, row, code, kind, candidates)
SELECT %(import_id)s, f.row, said.code, said.code || ':' || COALESCE((
    SELECT string_agg(DISTINCT key, ',' ORDER BY key)
    FROM jsonb_array_elements(both_.candidates) x, jsonb_array_elements_text(x -> 'by') key), ''),
  both_.candidates
FROM pg_temp.found_conflicts f
LEFT JOIN LATERAL (
  SELECT code, candidates FROM contact_import_conflicts
  WHERE import_id = %(import_id)s AND row = f.row LIMIT 1) k ON true
CROSS JOIN LATERAL (SELECT COALESCE(k.code, f.code) AS code) said
CROSS JOIN LATERAL (
  SELECT COALESCE(jsonb_agg(who || jsonb_build_object('by', keys) ORDER BY who), '[]') AS candidates
  FROM (
    SELECT who, jsonb_agg(key ORDER BY {{rank}}) AS keys
    FROM (
      SELECT DISTINCT x - 'by' AS who, key
      FROM jsonb_array_elements(f.candidates || COALESCE(k.candidates, '[]')) x
      CROSS JOIN LATERAL jsonb_array_elements_text(x -> 'by') key) held
    GROUP BY who) each_) both_
WHERE f.variant = %(number)s
ON CONFLICT (import_id, row) DO UPDATE
SET kind = excluded.kind, candidates = excluded.candidates
