-- The loop over batches, as functions of the session's own.

-- name: define_checkpoint
-- Checkpoint and counters under the token, the log, and the question whether to stop; null when the
-- lease has passed on.
CREATE OR REPLACE FUNCTION pg_temp.checkpoint(
  p_import_id uuid, p_token bigint, p_after bigint, p_rows bigint, p_last_row bigint,
  counts bigint[], p_seconds float8,
  p_attempt int, p_result text, p_category text, p_message text) RETURNS boolean
LANGUAGE plpgsql AS $function$
DECLARE
  number bigint;
  first_row bigint;
BEGIN
  UPDATE contact_imports SET
    {{counters}},
    last_row = p_last_row,
    batches_done = batches_done + 1,
    busy_seconds = busy_seconds + p_seconds
  WHERE id = p_import_id AND lease_token = p_token AND last_row = p_after
  RETURNING batches_done, GREATEST(p_after, header_row) + 1 INTO number, first_row;
  IF number IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO contact_import_logs (import_id, event, batch, attempt, first_row, last_row, rows,
    duration_ms, result, category, message)
  VALUES (p_import_id, 'batch', number, p_attempt, first_row, p_last_row, p_rows,
    p_seconds * 1000, p_result, p_category, p_message);
  RETURN EXISTS (SELECT FROM contact_import_leases l
    WHERE l.import_id = p_import_id AND l.cancel_requested_at IS NOT NULL);
END $function$

-- name: define_run_batches
-- A clock that is set back ends the loop too.
CREATE OR REPLACE PROCEDURE pg_temp.run_batches(
  p_import_id uuid, p_token bigint, p_size bigint, p_seconds float8, p_stop_at_failure boolean,
  INOUT last_row bigint, INOUT batches bigint, INOUT turn text)
LANGUAGE plpgsql AS $procedure$
DECLARE
  started timestamptz := clock_timestamp();
  until timestamptz := started + make_interval(secs => p_seconds);
  began timestamptz := started;
  decided record;
  cancelled boolean;
BEGIN
  LOOP
    SET LOCAL lock_timeout = '{{lock_timeout}}';
    SELECT * INTO decided FROM pg_temp.decide(p_import_id, last_row, p_size);
    turn := CASE WHEN decided.rows = 0 THEN 'done'
      WHEN p_stop_at_failure AND decided.first_failure IS NOT NULL THEN 'failure' END;
    IF turn IS NULL THEN
      cancelled := pg_temp.checkpoint(p_import_id, p_token, last_row, decided.rows,
        decided.last_row, decided.counts,
        GREATEST(extract(epoch FROM clock_timestamp() - began), 0), 1, 'done', NULL, NULL);
      turn := CASE WHEN cancelled IS NULL THEN 'fenced' END;
    END IF;
    IF turn IS NOT NULL THEN
      ROLLBACK;
      RETURN;
    END IF;
    COMMIT;
    batches := batches + 1;
    last_row := decided.last_row;
    began := clock_timestamp();
    turn := CASE WHEN cancelled THEN 'cancelled'
      WHEN began >= until OR began < started THEN 'go on' END;
    IF turn IS NOT NULL THEN
      RETURN;
    END IF;
  END LOOP;
END $procedure$

-- name: run_batches
CALL pg_temp.run_batches(%(import_id)s, %(token)s, %(size)s, %(seconds)s, %(stop_at_failure)s,
  %(after)s, 0, NULL)
