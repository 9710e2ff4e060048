-- What the doctor asks the database: `admin/doctor.py`.

-- name: retention
-- The time that holds, and workers whose environments name another.
SELECT i.retention_days AS held, w.name, w.retention_days AS told
FROM installation i LEFT JOIN workers w ON w.retention_days <> i.retention_days
  AND w.seen_at > clock_timestamp() - make_interval(secs => %(age)s)

-- name: workers
SELECT * FROM workers WHERE seen_at > clock_timestamp() - make_interval(secs => %(age)s)
ORDER BY name
