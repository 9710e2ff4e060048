-- Which rows a second run takes again, once they were corrected or settled: `staging/reopening.py`.

-- name: close
DELETE FROM contact_import_reopened
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[])

-- name: reopen
-- But for rows that would come out as they stand in the ledger: a conflict that was not settled, say.
INSERT INTO contact_import_reopened (import_id, row)
SELECT l.import_id, l.row FROM unnest(%(rows)s::bigint[]) AS asked(row)
CROSS JOIN LATERAL (
  SELECT * FROM contact_import_results
  WHERE import_id = %(import_id)s AND row = asked.row LIMIT 1) l
CROSS JOIN LATERAL (
  SELECT status FROM contact_import_rows
  WHERE import_id = l.import_id AND row = l.row LIMIT 1) r
WHERE l.outcome IN ({{reopened}}) AND l.outcome::text <> r.status
  AND (l.outcome <> 'conflict'
    OR EXISTS (SELECT FROM contact_import_choices c
      WHERE c.import_id = l.import_id AND c.row = l.row)
    OR EXISTS (SELECT FROM contact_import_corrections c
      WHERE c.import_id = l.import_id AND c.row = l.row))
