-- Batches, one by one: what the loop in `batch_loop.sql` hands back, and the end of an import.

-- name: run
-- What the person chose, and where the checkpoint stands.
SELECT duplicate_strategy, match_keys, retrying, skip_errors, batch_size, last_row
FROM contact_imports WHERE id = %(import_id)s

-- name: rows_to_first_failure
SELECT count(*) AS rows FROM contact_import_rows
WHERE import_id = %(import_id)s AND row > %(after)s AND row <= (
  SELECT min(row) FROM contact_import_results
  WHERE import_id = %(import_id)s AND row > %(after)s AND row <= %(last)s
    AND outcome IN ('failed', 'conflict'))

-- name: checkpoint
SELECT pg_temp.checkpoint(%(import_id)s, %(token)s, %(after)s, %(rows)s, %(last_row)s, %(counts)s,
  %(seconds)s, %(attempt)s, %(result)s, %(category)s, %(message)s) AS cancelled

-- name: log_retry
-- The batch is the one behind the checkpoint. Of the rows of a second run, those that failed count.
INSERT INTO contact_import_logs (import_id, event, batch, attempt, first_row, last_row,
  duration_ms, result, category, message)
SELECT id, 'batch', batches_done + 1, %(attempt)s, GREATEST(last_row, header_row) + 1, (
    SELECT max(row) FROM (
      SELECT r.row FROM contact_import_rows r
      WHERE r.import_id = i.id AND r.row > i.last_row AND (NOT i.retrying OR EXISTS (
        SELECT FROM contact_import_results l
        WHERE l.import_id = i.id AND l.row = r.row AND l.outcome = 'failed'))
      ORDER BY r.row LIMIT %(size)s) batch),
  %(took)s, 'retried', %(category)s, %(message)s
FROM contact_imports i WHERE id = %(import_id)s


-- Rows that the database will never take. Those judged already keep their judgement.

-- name: fail_rows
WITH batch AS MATERIALIZED (
  SELECT row, status, problems FROM contact_import_rows
  WHERE import_id = %(import_id)s AND row > %(after)s ORDER BY row LIMIT %(limit)s),
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, code, detail)
  SELECT %(import_id)s, row, (CASE status WHEN 'valid' THEN 'failed' ELSE status END)::outcome,
    CASE status WHEN 'valid' THEN %(code)s
      WHEN 'left_out' THEN COALESCE(jsonb_path_query_first(problems,
        '$[*] ? (@.code == "not_a_contact" || @.code == "continues_row").code') #>> '{}', 'left_out')
      ELSE
      jsonb_path_query_first(problems, '$[*] ? (@.severity == "error").code') #>> '{}' END,
    CASE status WHEN 'valid' THEN jsonb_build_object('message', %(message)s::text) END
  FROM batch)
{{totals}}

-- name: fail_rows_again
-- In a run over failed rows.
WITH batch AS MATERIALIZED (
  SELECT r.row, r.status FROM contact_import_rows r
  WHERE r.import_id = %(import_id)s AND r.row > %(after)s
    AND EXISTS (SELECT FROM contact_import_results f
      WHERE f.import_id = r.import_id AND f.row = r.row AND f.outcome = 'failed')
  ORDER BY r.row LIMIT %(limit)s),
ledger AS (
  UPDATE contact_import_results l
  SET code = %(code)s, detail = jsonb_build_object('message', %(message)s::text)
  FROM batch b WHERE l.import_id = %(import_id)s AND l.row = b.row)
{{totals}}

-- part: totals
SELECT count(*) AS rows, COALESCE(max(row), 0) AS last_row,
  count(*) FILTER (WHERE status = 'valid') AS failed,
  count(*) FILTER (WHERE status = 'invalid') AS invalid,
  count(*) FILTER (WHERE status = 'left_out') AS left_out
FROM batch


-- The end.

-- name: stop_requested
SELECT FROM contact_import_leases
WHERE import_id = %(import_id)s AND cancel_requested_at IS NOT NULL

-- name: retrying
SELECT retrying FROM contact_imports WHERE id = %(import_id)s

-- part: ended
completed_at = clock_timestamp(), ledger_digest = %(digest)s, failure_reason = %(reason)s,
retrying = false

-- name: keys_fall_behind
-- It was checked under older rules, and has written keys: the book's have to be renewed once more.
UPDATE installation SET key_rules = i.rules, keys_reached = 0 FROM contact_imports i
WHERE i.id = %(import_id)s AND i.rules < %(rules)s

-- name: log_end
INSERT INTO contact_import_logs (import_id, event, result, category, message)
VALUES (%(import_id)s, %(event)s, %(result)s, %(category)s, %(message)s)
