-- Batches, one by one: what the loop in `batch_loop.sql` hands back, and the end of an import.

-- name: run
-- What the person chose, and where the checkpoint stands.
SELECT duplicate_strategy, create_new, hold_other_names, match_keys, column_rules, tag, rerun,
  skip_errors, batch_size, last_row, total,
  EXISTS (SELECT FROM contact_import_choices WHERE import_id = i.id) AS chosen
FROM contact_imports i WHERE id = %(import_id)s

-- part: rows_up_to
-- How many rows of this run there are behind the checkpoint, up to and with one of them.
SELECT count(*) AS rows FROM ({{rows}}) of_run WHERE row <= %(last)s

-- name: checkpoint
SELECT pg_temp.checkpoint(%(import_id)s, %(token)s, %(after)s, %(rows)s, %(last_row)s, %(counts)s,
  %(seconds)s, %(attempt)s, %(result)s, %(category)s, %(message)s) AS cancelled

-- part: log_retry
-- The batch is the one behind the checkpoint, `i.last_row`: the loop may have committed batches
-- that the program does not know of yet.
INSERT INTO contact_import_logs (import_id, event, batch, attempt, first_row, last_row,
  duration_ms, result, category, message)
SELECT id, 'batch', batches_done + 1, %(attempt)s, GREATEST(last_row, header_row) + 1, (
    SELECT max(row) FROM (SELECT row FROM ({{rows}}) of_run ORDER BY row LIMIT %(size)s) batch),
  %(took)s, 'retried', %(category)s, %(message)s
FROM contact_imports i WHERE id = %(import_id)s


-- Rows that the database will never take. Those judged already keep their judgement.

-- part: fail_rows
WITH batch AS MATERIALIZED (
  SELECT r.row, (CASE r.status WHEN 'valid' THEN 'failed' ELSE r.status END)::outcome AS outcome,
    CASE r.status WHEN 'valid' THEN %(code)s
      WHEN 'left_out' THEN COALESCE(jsonb_path_query_first(r.problems,
        '$[*] ? (@.code == "not_a_contact" || @.code == "continues_row").code') #>> '{}', 'left_out')
      ELSE
      jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error").code') #>> '{}' END AS code,
    CASE r.status WHEN 'valid' THEN jsonb_build_object('message', %(message)s::text) END AS detail,
    l.outcome AS earlier
  FROM (SELECT row FROM ({{rows}}) of_run ORDER BY row LIMIT %(limit)s) listed
  CROSS JOIN LATERAL (
    SELECT row, problems, CASE WHEN status = 'valid' AND EXISTS (
        SELECT FROM contact_import_choices c
        WHERE c.import_id = s.import_id AND c.row = s.row AND c.chosen = 'leave_out')
      THEN 'left_out' ELSE status END AS status
    FROM contact_import_rows s
    WHERE import_id = %(import_id)s AND row = listed.row LIMIT 1) r
  LEFT JOIN LATERAL (
    SELECT outcome FROM contact_import_results
    WHERE import_id = %(import_id)s AND row = listed.row LIMIT 1) l ON true),
{{written}}
SELECT count(*) AS rows, COALESCE(max(row), 0) AS last_row,
  min(row) FILTER (WHERE outcome = 'failed') AS first_failure,
  {{counts}}
FROM batch

-- part: failed_count
count(*) FILTER (WHERE outcome = '{{outcome}}')
  - count(*) FILTER (WHERE earlier = '{{outcome}}') AS {{outcome}}

-- part: written_first
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, code, detail)
  SELECT %(import_id)s, row, outcome, code, detail FROM batch)

-- part: written_again
-- In a second run over rows that have an entry.
ledger AS (
  UPDATE contact_import_results l
  SET outcome = b.outcome, contact_id = NULL, code = b.code, detail = b.detail
  FROM batch b WHERE l.import_id = %(import_id)s AND l.row = b.row),
taken AS (
  DELETE FROM contact_import_reopened WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM batch CROSS JOIN LATERAL (
      SELECT ctid FROM contact_import_reopened
      WHERE import_id = %(import_id)s AND row = batch.row LIMIT 1) t))),
incomparable AS (
  DELETE FROM contact_import_differences WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM batch CROSS JOIN LATERAL (
      SELECT ctid FROM contact_import_differences
      WHERE import_id = %(import_id)s AND row = batch.row LIMIT 1) t)))


-- The end.

-- name: stop_requested
SELECT FROM contact_import_leases
WHERE import_id = %(import_id)s AND cancel_requested_at IS NOT NULL

-- name: second_run
SELECT rerun, rerun_from, total FROM contact_imports WHERE id = %(import_id)s

-- part: ended
completed_at = clock_timestamp(), ledger_digest = %(digest)s, people = %(people)s,
plan_digest = COALESCE(%(plan)s, plan_digest), failure_reason = %(reason)s,
rerun = '', rerun_from = NULL

-- name: keys_fall_behind
-- It was checked under older rules, and has written keys: the book's have to be renewed once more.
UPDATE installation SET key_rules = i.rules, keys_reached = 0 FROM contact_imports i
WHERE i.id = %(import_id)s AND i.rules < %(rules)s

-- name: log_end
INSERT INTO contact_import_logs (import_id, event, result, category, message)
VALUES (%(import_id)s, %(event)s, %(result)s, %(category)s, %(message)s)

-- name: move_checkpoint
-- All rows up to this one are through, also those that the other lane took.
UPDATE contact_imports SET last_row = %(through)s
WHERE id = %(import_id)s AND lease_token = %(token)s AND last_row < %(through)s
