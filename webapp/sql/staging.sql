-- The staging table: checked rows, what is wrong with them, and what a person corrected.

-- part: copy_rows
COPY contact_import_rows ({{columns}})
FROM STDIN (DELIMITER '{{separator}}', NULL '{{null}}')

-- part: copy_problems
COPY contact_import_problems (import_id, row, code) FROM STDIN


-- Rows off the list of problems and the staging table, to be staged anew.

-- part: asked
-- Without the bounds each statement compares every row of the file with each of those asked for:
-- 100,000 rows took 41 s.
r.import_id = %(import_id)s AND r.row BETWEEN %(first)s AND %(last)s
AND r.row = ANY(%(rows)s::bigint[])

-- name: take_problems_back
-- The list has the codes before the rows: without its code, each row would be looked for in the
-- whole of it.
DELETE FROM contact_import_problems WHERE ctid = ANY(ARRAY(
  SELECT p.ctid FROM contact_import_rows r, jsonb_array_elements(r.problems) x, LATERAL (
    SELECT ctid FROM contact_import_problems l
    WHERE l.import_id = r.import_id AND l.code = x ->> 'code' AND l.row = r.row LIMIT 1) p
  WHERE {{asked}}))

-- name: take_rows_back
DELETE FROM contact_import_rows r WHERE {{asked}}

-- part: clear
DELETE FROM {{table}} WHERE import_id = %(import_id)s

-- name: unlist
UPDATE contact_imports SET listed_to = NULL WHERE id = %(import_id)s AND listed_to IS NOT NULL


-- The check.

-- name: checked_import
SELECT * FROM contact_imports WHERE id = %(import_id)s

-- name: hold_checking
SELECT FROM contact_imports
WHERE id = %(import_id)s AND lease_token = %(token)s AND state = 'checking' FOR UPDATE

-- name: rows_beyond
SELECT row FROM contact_import_rows
WHERE import_id = %(import_id)s AND row > %(row)s ORDER BY row

-- name: reach
-- A block is staged: where reading goes on, under the lease's token.
WITH moved AS (
  UPDATE contact_imports
  SET read_position = %(reached)s, read_bytes = LEAST(%(offset)s, size_bytes)
  WHERE id = %(import_id)s AND lease_token = %(token)s AND state = 'checking' RETURNING id, format),
noted AS (
  -- Where a delimited file can be read again from: the others are read from the top.
  INSERT INTO contact_import_positions (import_id, row, byte_offset)
  SELECT id, passed.row, passed.byte_offset FROM moved,
    unnest(%(passed_rows)s::bigint[], %(passed_offsets)s::bigint[]) AS passed(row, byte_offset)
  WHERE format = 'csv' ON CONFLICT DO NOTHING)
INSERT INTO contact_import_logs (import_id, event, rows, duration_ms)
SELECT id, 'block_checked', %(rows)s, %(took)s FROM moved RETURNING import_id

-- name: ambiguous_dates
-- Rows of which a date may be read in two ways, up to the row with which they hold more text than a
-- block may.
SELECT row, record FROM (
  SELECT row, record, sum(length(record::text)) OVER (
    ORDER BY row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before
  FROM (SELECT row, record FROM contact_import_rows
    WHERE import_id = %(import_id)s AND problems IS NOT NULL
      AND problems @> '[{"code": "date_ambiguous"}]'::jsonb
    ORDER BY row LIMIT %(rows)s) first) bounded
WHERE COALESCE(chars_before, 0) <= %(chars)s ORDER BY row

-- part: summary
-- The end of the check: how many rows were staged, how many have which problem, and from how many
-- that come in a cell of which field is left out.
read_bytes = size_bytes, rules = %(rules)s,
read_position = read_position - ARRAY['columns', 'lines'],
total = (SELECT count(*) FROM contact_import_rows r WHERE r.import_id = i.id),
check_summary = jsonb_build_object('columns', %(columns)s::jsonb) || {{counted}}

-- part: counted
jsonb_build_object('problems', COALESCE((
  SELECT jsonb_agg(p ORDER BY p.severity, p.rows DESC, p.code) FROM (
    SELECT x ->> 'code' AS code, x ->> 'severity' AS severity, count(DISTINCT r.row) AS rows,
      min(r.row) AS first_row, min(x ->> 'value') AS example
    FROM contact_import_rows r, jsonb_array_elements(r.problems) x
    WHERE r.import_id = i.id AND r.problems IS NOT NULL GROUP BY 1, 2) p), '[]'),
  'dropped', COALESCE((
  SELECT jsonb_object_agg(field, rows) FROM (
    SELECT x ->> 'field' AS field, count(DISTINCT r.row) AS rows
    FROM contact_import_rows r, jsonb_array_elements(r.problems) x
    WHERE r.import_id = i.id AND r.problems IS NOT NULL AND r.status = 'valid'
      AND x @> '{"dropped": true}' GROUP BY 1) d), '{}'))

-- name: recount
-- The end of a second run, before which a row was corrected.
UPDATE contact_imports i SET check_summary = check_summary || {{counted}}
WHERE id = %(import_id)s AND mended_at > completed_at

-- name: forget_blocks
-- They are logged for the throughput shown during the check, and of no use after it.
DELETE FROM contact_import_logs WHERE import_id = %(import_id)s AND event = 'block_checked'

-- part: refused
completed_at = clock_timestamp(), failure_reason = %(code)s, failure_facts = %(facts)s


-- Corrections.

-- name: any_corrections
SELECT FROM contact_import_corrections WHERE import_id = %(import_id)s LIMIT 1

-- name: corrections_between
SELECT row, cells, left_out FROM contact_import_corrections
WHERE import_id = %(import_id)s AND row BETWEEN %(first)s AND %(last)s
