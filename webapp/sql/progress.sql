-- How far an import is.

-- name: second_run
-- Of a second run over rows that have an outcome: how many are done, and how many are left.
SELECT (SELECT COALESCE(sum(b.rows), 0) FROM contact_import_logs b
    WHERE b.import_id = i.id AND b.event = 'batch' AND b.result <> 'retried' AND b.id > (
      SELECT s.id FROM contact_import_logs s
      WHERE s.import_id = i.id AND s.event = 'retry_started' ORDER BY s.id DESC LIMIT 1)),
  CASE i.rerun WHEN 'corrected' THEN (
      SELECT count(*) FROM contact_import_reopened r
      WHERE r.import_id = i.id AND r.row > i.last_row)
    ELSE (SELECT count(*) FROM contact_import_results r
      WHERE r.import_id = i.id AND r.outcome = 'failed' AND r.row > i.last_row) END
FROM contact_imports i WHERE i.id = %(import_id)s

-- name: place
SELECT {{place_of}} FROM contact_imports i WHERE i.id = %(import_id)s

-- name: last_word
-- What the last attempt of the step at hand broke off with.
SELECT message FROM contact_import_logs
WHERE import_id = %(import_id)s AND event = 'broken_off' AND id > COALESCE((
  SELECT max(id) FROM contact_import_logs WHERE import_id = %(import_id)s
    AND event IN ('started', 'retry_started', 'rollback_started')), 0)
ORDER BY id DESC LIMIT 1
