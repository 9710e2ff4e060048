-- Leases: at most one worker executes an import.

-- part: place
-- Where the work stands, as one number that moves with it: deaths count against the work only while
-- it stands still.
CASE i.state
  WHEN 'checking' THEN COALESCE((i.read_position ->> 'rows')::bigint, 0)
  WHEN 'ready' THEN -10 - COALESCE((i.correcting ->> 'after')::bigint * 10, 0)
    - (SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id)
    - (SELECT count(*) * 1000 FROM contact_import_scans k WHERE k.import_id = i.id)
  WHEN 'awaiting_approval' THEN -10
    - (SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id)
    - (SELECT count(*) * 1000 FROM contact_import_scans k WHERE k.import_id = i.id)
  WHEN 'rolling_back' THEN -100 - COALESCE((i.rollback ->> 'through')::bigint, 0)
  WHEN 'queued' THEN i.last_row
  WHEN 'running' THEN i.last_row
  WHEN 'cancelling' THEN i.last_row
  ELSE -10 - COALESCE((i.correcting ->> 'after')::bigint * 10, 0)
    - (SELECT count(*) FROM contact_import_rerun_previews p
      WHERE p.import_id = i.id AND p.outcomes IS NOT NULL) END


-- name: is_any_held
SELECT EXISTS (SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
  WHERE l.heartbeat_at > clock_timestamp() - make_interval(secs => %(lease_seconds)s)
    AND i.state = ANY(%(states)s)) AS held


-- The steps of a claim.

-- name: lock_if_free
-- A heartbeat from before the database's own start tells of the database's stop, not of the
-- worker's death.
SELECT l.backend_pid, l.backend_start, l.worker, l.deaths, l.deaths_at_row,
  COALESCE(l.heartbeat_at = 'epoch' OR l.heartbeat_at > pg_postmaster_start_time(), false) AS died
FROM contact_import_leases l
WHERE l.import_id = %(import_id)s AND (l.heartbeat_at IS NULL
  OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease_seconds)s))
FOR UPDATE OF l SKIP LOCKED

-- part: holders_sessions
-- The start time is compared too: the pid may belong to another process by now.
pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user
AND datname = current_database()
AND (application_name = 'rowcall-lane ' || %(import_id)s
  OR (application_name = 'rowcall-job' AND pid = %(pid)s AND backend_start = %(started)s))

-- name: end_sessions
SELECT pg_terminate_backend(pid, %(most)s) FROM {{holders_sessions}}

-- name: look_anew
SELECT pg_stat_clear_snapshot()

-- name: sessions
SELECT pid FROM {{holders_sessions}}

-- name: name_lane
SELECT set_config('application_name', 'rowcall-lane ' || %(import_id)s, false)

-- name: move_token
UPDATE contact_imports i SET lease_token = lease_token + 1 WHERE id = %(import_id)s
RETURNING lease_token, {{place}} AS place

-- name: record_holder
UPDATE contact_import_leases
SET token = %(token)s, worker = %(worker)s, heartbeat_at = clock_timestamp(),
  backend_pid = pg_backend_pid(),
  backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
  waiting_for = NULL, deaths = %(deaths)s, deaths_at_row = %(place)s
WHERE import_id = %(import_id)s

-- name: log_resumed
INSERT INTO contact_import_logs (import_id, event, category, message)
VALUES (%(import_id)s, 'resumed', 'system', %(message)s)


-- While it is held, and at its end.

-- name: renew
-- Never after it was let go.
UPDATE contact_import_leases SET heartbeat_at = clock_timestamp()
WHERE import_id = %(import_id)s AND token = %(token)s AND heartbeat_at > 'epoch'

-- name: release
-- Who lets go since the database is away may still have a session there, which the next claim ends.
UPDATE contact_import_leases
SET heartbeat_at = NULL, worker = NULL, enqueued_at = clock_timestamp(),
  backend_pid = CASE WHEN %(waiting_for)s::text IS NOT NULL THEN backend_pid END,
  waiting_for = %(waiting_for)s
WHERE import_id = %(import_id)s AND token = %(token)s

-- name: abandon
-- The message stands in the log once where it is the same again and again.
WITH ended AS (
  UPDATE contact_import_leases
  SET heartbeat_at = 'epoch', backend_pid = NULL, enqueued_at = clock_timestamp()
  WHERE import_id = %(import_id)s AND token = %(token)s RETURNING import_id)
INSERT INTO contact_import_logs (import_id, event, category, message)
SELECT import_id, 'broken_off', 'system', %(message)s FROM ended
WHERE %(deaths)s < %(give_up_after)s OR %(message)s IS DISTINCT FROM (
  SELECT message FROM contact_import_logs
  WHERE import_id = %(import_id)s AND event = 'broken_off' ORDER BY id DESC LIMIT 1)

-- name: expire
UPDATE contact_import_leases SET heartbeat_at = 'epoch', enqueued_at = clock_timestamp()
WHERE import_id = %(import_id)s AND heartbeat_at IS NOT NULL AND worker = %(worker)s

-- name: silent_workers
SELECT worker FROM contact_import_leases
WHERE worker IS NOT NULL AND heartbeat_at > pg_postmaster_start_time()
  AND heartbeat_at < clock_timestamp() - make_interval(secs => %(lease_seconds)s)
