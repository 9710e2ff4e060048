-- Acts of correction, block by block: `staging/acts.py`.

-- name: hold
SELECT * FROM contact_imports
WHERE id = %(import_id)s AND lease_token = %(token)s AND state = ANY(%(states)s)
  AND expired_at IS NULL FOR UPDATE

-- name: new_act
INSERT INTO contact_import_acts (import_id, number, kind, made_by, asked)
SELECT %(import_id)s, 1 + COALESCE(max(number), 0), %(kind)s, %(by)s, %(asked)s
FROM contact_import_acts WHERE import_id = %(import_id)s RETURNING number

-- name: act_goes_on
UPDATE contact_import_acts SET rows = rows + %(rows)s
WHERE import_id = %(import_id)s AND number = %(act)s

-- name: forget_act
DELETE FROM contact_import_acts WHERE import_id = %(import_id)s AND number = %(act)s AND rows = 0

-- name: undo_acts
UPDATE contact_import_acts SET undone_at = clock_timestamp(), undone_by = %(by)s
WHERE import_id = %(import_id)s AND undone_at IS NULL
  AND (%(act)s::bigint IS NULL OR number = %(act)s) RETURNING number, kind

-- name: acts
SELECT number, kind, made_by, made_at, asked, rows, undone_at, undone_by FROM contact_import_acts
WHERE import_id = %(import_id)s AND number < %(before)s AND (NOT %(standing)s OR undone_at IS NULL)
ORDER BY number DESC LIMIT %(limit)s

-- part: is_open
-- Rows of which the outcome is final stay as they are.
NOT EXISTS (SELECT FROM contact_import_results l
  WHERE l.import_id = r.import_id AND l.row = r.row AND l.outcome NOT IN ({{open}}))

-- part: alike
FROM contact_import_rows r
WHERE import_id = %(import_id)s AND row > %(after)s AND problems IS NOT NULL
  AND record[%(column)s::int] = %(value)s AND {{is_open}}

-- part: given
FROM contact_import_rows r
WHERE import_id = %(import_id)s AND row > %(after)s AND row = ANY(%(rows)s::bigint[]) AND {{is_open}}

-- part: of_acts
FROM (SELECT DISTINCT row FROM contact_import_corrected_cells
  WHERE import_id = %(import_id)s AND act = ANY(%(acts)s::bigint[]) AND row > %(after)s) a
CROSS JOIN LATERAL (SELECT * FROM contact_import_rows
  WHERE import_id = %(import_id)s AND row = a.row LIMIT 1) r
WHERE {{is_open}}

-- part: listed
FROM (SELECT DISTINCT row FROM contact_import_listed_cells l
  WHERE l.import_id = %(import_id)s AND row > %(after)s AND {{filtered}}) a
CROSS JOIN LATERAL (SELECT * FROM contact_import_rows
  WHERE import_id = %(import_id)s AND row = a.row LIMIT 1) r
WHERE {{is_open}}

-- part: some
-- Up to the row with which they hold more text than a block may.
SELECT row, status, record, problems FROM (
  SELECT row, status, record, problems, sum(length(record::text)) OVER (
    ORDER BY row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before
  FROM (SELECT r.row, r.status, r.record, r.problems {{among}}
    ORDER BY r.row LIMIT %(limit)s) first) bounded
WHERE COALESCE(chars_before, 0) <= %(chars)s ORDER BY row

-- part: count
SELECT count(*) {{among}}

-- name: kept
SELECT row, cells, left_out FROM contact_import_corrections
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[])

-- name: keep
INSERT INTO contact_import_corrections (import_id, row, cells, left_out)
SELECT %(import_id)s, row, cells, left_out
FROM jsonb_to_recordset(%(made)s) AS t(row bigint, cells jsonb, left_out boolean)
ON CONFLICT (import_id, row) DO UPDATE SET cells = excluded.cells, left_out = excluded.left_out

-- name: drop_kept
DELETE FROM contact_import_corrections
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[])

-- name: keep_cells
INSERT INTO contact_import_corrected_cells (import_id, row, "column", act, before, after, problem)
SELECT %(import_id)s, row, "column", %(act)s, before, after, problem
FROM jsonb_to_recordset(%(cells)s)
  AS t(row bigint, "column" bigint, before text, after text, problem text)

-- name: standing
-- What cells say by the newest act on each that is not undone.
SELECT DISTINCT ON (c.row, c."column") c.row, c."column", c.act, c.after
FROM contact_import_corrected_cells c
JOIN contact_import_acts a ON a.import_id = c.import_id AND a.number = c.act
WHERE c.import_id = %(import_id)s AND c.row = ANY(%(rows)s::bigint[]) AND a.undone_at IS NULL
ORDER BY c.row, c."column", c.act DESC

-- name: originals
-- What the file says of cells that were changed, and what was wrong with their rows.
SELECT DISTINCT ON (row, "column") row, "column", act, before, problem
FROM contact_import_corrected_cells
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) ORDER BY row, "column", act

-- name: cells_of_acts
SELECT DISTINCT row, "column" FROM contact_import_corrected_cells
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) AND act = ANY(%(acts)s::bigint[])

-- name: needs_check
SELECT EXISTS (SELECT FROM contact_import_corrected_cells c
  WHERE c.import_id = %(import_id)s AND c.act = ANY(%(acts)s::bigint[])
    AND EXISTS (SELECT FROM contact_import_corrected_cells f
      WHERE f.import_id = c.import_id AND f.row = c.row AND f."column" = c."column"
        AND (f.before IS NULL OR f.problem = ANY(%(lines)s)))) AS needs

-- name: newest_of_row
SELECT c.act, a.made_by, a.made_at FROM contact_import_corrected_cells c
JOIN contact_import_acts a ON a.import_id = c.import_id AND a.number = c.act
WHERE c.import_id = %(import_id)s AND c.row = %(row)s AND c."column" = %(column)s
  AND a.undone_at IS NULL ORDER BY c.act DESC LIMIT 1

-- name: corrected_some
UPDATE contact_imports
SET correcting = %(correcting)s, check_summary = %(summary)s, mended_at = clock_timestamp()
WHERE id = %(import_id)s

-- name: give_up_correcting
UPDATE contact_imports SET correcting = NULL WHERE id = %(import_id)s
