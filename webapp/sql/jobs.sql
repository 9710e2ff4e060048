-- Which imports want a worker, and what each worker says of itself.

-- name: unattended
-- Imports with work to do that no live worker holds.
SELECT i.id FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
WHERE (i.state = ANY(%(states)s)
    OR (i.state = 'ready' AND i.correcting IS NOT NULL)
    OR (i.state = 'ready' AND l.deaths < %(give_up_after)s AND (
      SELECT count(*) FROM contact_import_previews p WHERE p.import_id = i.id) < %(strategies)s
      AND (i.mended_at IS NULL OR i.mended_at < clock_timestamp() - interval '2 seconds')))
  AND (l.heartbeat_at IS NULL
    OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease)s))
ORDER BY l.enqueued_at NULLS FIRST

-- name: under_older_rules
-- Imports that wait to be run, with rows that were checked under older rules.
SELECT id FROM contact_imports
WHERE state = 'ready' AND rules < %(rules)s AND correcting IS NULL AND expired_at IS NULL

-- name: others_wait
SELECT EXISTS (
  SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
  WHERE l.import_id <> %(import_id)s AND l.heartbeat_at IS NULL
    AND (i.state = ANY(%(states)s) OR i.correcting IS NOT NULL)) AS wait

-- name: note_queue
UPDATE contact_import_leases SET waiting_for = %(now)s
WHERE import_id = ANY(%(ids)s) AND waiting_for IS NOT DISTINCT FROM %(before)s

-- name: lock_phones
SELECT CASE WHEN 'phone' = ANY(match_keys) THEN pg_try_advisory_lock(%(lock)s) ELSE true END AS free
FROM contact_imports WHERE id = %(import_id)s

-- name: state
SELECT state FROM contact_imports WHERE id = %(import_id)s

-- name: after_a_slice
SELECT state, notification_email, l.waiting_for FROM contact_imports i
JOIN contact_import_leases l ON l.import_id = i.id WHERE i.id = %(import_id)s

-- name: retention_days
SELECT retention_days AS days FROM installation

-- name: report_worker
INSERT INTO workers (name, seen_at, tables, clock_ahead, retention_days)
VALUES (%(name)s, clock_timestamp(), %(tables)s,
  %(now)s - extract(epoch FROM clock_timestamp()), %(days)s)
ON CONFLICT (name) DO UPDATE SET (seen_at, tables, clock_ahead, retention_days) =
  (excluded.seen_at, excluded.tables, excluded.clock_ahead, excluded.retention_days)

-- name: forget_silent_workers
DELETE FROM workers WHERE seen_at < clock_timestamp() - interval '1 day'
