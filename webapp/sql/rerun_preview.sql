-- What a second run would do: `deciding/rerun_preview.py`.

-- name: asked
SELECT rerun FROM contact_import_rerun_previews
WHERE import_id = %(import_id)s AND outcomes IS NULL ORDER BY rerun

-- name: options
SELECT match_keys, column_rules, tag, duplicate_strategy, create_new, hold_other_names, mended_at,
  EXISTS (SELECT FROM contact_import_choices c WHERE c.import_id = i.id) AS chosen
FROM contact_imports i WHERE id = %(import_id)s

-- name: make_of_run
CREATE TEMP TABLE of_run (row bigint)

-- part: find_rows
-- While the names still mean the real tables.
INSERT INTO of_run {{rows}}

-- name: fill_rows
INSERT INTO pg_temp.contact_import_rows
SELECT r.* FROM of_run CROSS JOIN LATERAL (
  SELECT * FROM public.contact_import_rows
  WHERE import_id = %(import_id)s AND row = of_run.row LIMIT 1) r

-- name: keep
-- Unless a row was corrected meanwhile, the import moved on, or another worker took over.
UPDATE contact_import_rerun_previews p
SET outcomes = %(outcomes)s, people = %(people)s, computed_at = clock_timestamp()
FROM contact_imports i
WHERE p.import_id = %(import_id)s AND p.rerun = %(rerun)s
  AND i.id = p.import_id AND i.lease_token = %(token)s AND i.state = ANY(%(states)s)
  AND i.mended_at IS NOT DISTINCT FROM %(mended_at)s
