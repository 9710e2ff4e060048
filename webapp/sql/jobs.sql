-- Which imports want a worker, and what each worker says of itself.

-- name: unattended
-- Imports with work to do that no live worker holds.
SELECT i.id FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
WHERE (i.state = ANY(%(states)s)
    OR i.correcting IS NOT NULL
    OR (i.state IN ('completed', 'cancelled', 'failed') AND l.deaths < %(give_up_after)s
      AND EXISTS (SELECT FROM contact_import_rerun_previews p
        WHERE p.import_id = i.id AND p.outcomes IS NULL))
    OR (i.state = ANY(%(previewed)s) AND l.deaths < %(give_up_after)s AND ((
      SELECT count(*) FROM contact_import_previews p
      WHERE p.import_id = i.id AND p.create_new AND NOT p.hold_other_names) < %(usual)s
        OR EXISTS (SELECT FROM contact_import_preview_requests q
          LEFT JOIN contact_import_previews p
            USING (import_id, strategy, create_new, hold_other_names)
          WHERE q.import_id = i.id AND p.import_id IS NULL))
      AND (i.mended_at IS NULL OR i.mended_at < clock_timestamp() - interval '2 seconds')))
  AND (l.heartbeat_at IS NULL
    OR l.heartbeat_at < clock_timestamp() - make_interval(secs => %(lease)s))
ORDER BY l.enqueued_at NULLS FIRST

-- name: under_older_rules
-- Imports that wait for a person, with rows that were checked under older rules.
SELECT id FROM contact_imports
WHERE state = ANY(%(previewed)s) AND rules < %(rules)s AND correcting IS NULL AND expired_at IS NULL

-- part: waits
l.heartbeat_at IS NULL AND (i.state = ANY(%(states)s) OR i.correcting IS NOT NULL)

-- name: others_wait
SELECT EXISTS (
  SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
  WHERE l.import_id <> %(import_id)s AND {{waits}}) AS wait

-- name: others_at_work
-- Other imports that a worker holds, or that wait for one; and the workers that were heard of lately.
SELECT count(*) AS imports,
  (SELECT count(*) FROM workers
    WHERE seen_at > clock_timestamp() - make_interval(secs => %(lease_seconds)s)) AS workers
FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
WHERE l.import_id <> %(import_id)s AND (({{waits}})
  OR l.heartbeat_at > clock_timestamp() - make_interval(secs => %(lease_seconds)s))

-- name: note_queue
UPDATE contact_import_leases SET waiting_for = %(now)s
WHERE import_id = ANY(%(ids)s) AND waiting_for IS NOT DISTINCT FROM %(before)s

-- name: lock_unguarded
-- A phone is no unique key, and neither is what a person is called.
SELECT CASE WHEN %(keyless)s OR 'phone' = ANY(match_keys) THEN pg_try_advisory_lock(%(lock)s)
  ELSE true END AS free
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
