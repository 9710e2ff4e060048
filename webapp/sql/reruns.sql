-- The rows of a second run: `imports/reruns.py`. Of a ledger's rows all but the last few are the
-- first of the file, so what a stop left over stands behind them, and between the last few.

-- part: failed
SELECT row FROM contact_import_results
WHERE import_id = {{import_id}} AND outcome = 'failed' AND row > {{after}}

-- part: corrected
SELECT row FROM contact_import_reopened WHERE import_id = {{import_id}} AND row > {{after}}

-- part: remaining
-- OFFSET keeps it a look-up for each row, with any statistics.
SELECT row FROM contact_import_rows s
WHERE import_id = {{import_id}} AND row > {{after}} AND NOT EXISTS (
  SELECT FROM contact_import_results l
  WHERE l.import_id = {{import_id}} AND l.row = s.row OFFSET 0)

-- name: before_remaining
-- All rows up to this one have an entry.
SELECT GREATEST(COALESCE(max(row), 0) - {{look_ahead}}, 0) AS row
FROM contact_import_results WHERE import_id = %(import_id)s

-- name: count_corrected
SELECT count(*) FROM contact_import_reopened WHERE import_id = %(import_id)s

-- part: log_outcomes
-- Before a second run: what the run before made of its rows, and why.
INSERT INTO contact_import_logs (import_id, event, first_row, last_row, rows, result, message)
SELECT l.import_id, 'row_' || l.outcome::text, l.row, l.row, 1, l.code, l.detail ->> 'message'
FROM ({{rows}}) again CROSS JOIN LATERAL (
  SELECT * FROM contact_import_results
  WHERE import_id = %(import_id)s AND row = again.row LIMIT 1) l
ORDER BY l.row
