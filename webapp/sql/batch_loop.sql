-- The loop over batches, as functions of the session's own.

-- name: define_checkpoint
-- Checkpoint and counters under the token, the log, and the question whether to stop; null when the
-- lease has passed on. Where two lanes work, the checkpoint is moved to the row up to which all are
-- through, `p_through`; null where there is one.
CREATE OR REPLACE FUNCTION pg_temp.checkpoint(
  p_import_id uuid, p_token bigint, p_after bigint, p_rows bigint, p_last_row bigint,
  counts bigint[], p_seconds float8,
  p_attempt int, p_result text, p_category text, p_message text, p_through bigint DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql AS $function$
DECLARE
  number bigint;
  first_row bigint;
BEGIN
  UPDATE contact_imports SET
    {{counters}},
    last_row = CASE WHEN p_through IS NULL THEN p_last_row ELSE GREATEST(last_row, p_through) END,
    batches_done = batches_done + 1,
    busy_seconds = busy_seconds + p_seconds
  WHERE id = p_import_id AND lease_token = p_token
    AND (last_row = p_after OR p_through IS NOT NULL)
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


-- A lane of two: the same over the rows of a list.

-- name: define_run_listed
-- A row can be gone meanwhile, with a person who was erased.
CREATE OR REPLACE PROCEDURE pg_temp.run_listed(
  p_import_id uuid, p_token bigint, p_size bigint, p_seconds float8, p_through bigint,
  p_rows bigint[], INOUT done bigint, INOUT turn text)
LANGUAGE plpgsql AS $procedure$
DECLARE
  started timestamptz := clock_timestamp();
  until timestamptz := started + make_interval(secs => p_seconds);
  began timestamptz := started;
  batch bigint[];
  decided record;
  cancelled boolean;
BEGIN
  WHILE done < cardinality(p_rows) LOOP
    SET LOCAL lock_timeout = '{{lock_timeout}}';
    batch := p_rows[done + 1:done + p_size];
    SELECT * INTO decided
    FROM pg_temp.decide(p_import_id, batch[1] - 1, cardinality(batch), batch);
    IF decided.rows > 0 THEN
      cancelled := pg_temp.checkpoint(p_import_id, p_token, batch[1] - 1, decided.rows,
        decided.last_row, decided.counts,
        GREATEST(extract(epoch FROM clock_timestamp() - began), 0), 1, 'done', NULL, NULL, p_through);
      IF cancelled IS NULL THEN
        ROLLBACK;
        turn := 'fenced';
        RETURN;
      END IF;
    END IF;
    COMMIT;
    done := done + cardinality(batch);
    began := clock_timestamp();
    IF cancelled THEN
      turn := 'cancelled';
      RETURN;
    END IF;
    EXIT WHEN began >= until OR began < started;
  END LOOP;
  turn := 'go on';
END $procedure$

-- name: run_listed
CALL pg_temp.run_listed(%(import_id)s, %(token)s, %(size)s, %(seconds)s, %(through)s, %(rows)s,
  0, NULL)
