-- Whether the database is ready: `readiness.py`.

-- name: missing_tables
SELECT count(*) FROM unnest(%(names)s::text[]) name WHERE to_regclass(name) IS NULL

-- name: count_workers
SELECT count(*) FROM workers
WHERE seen_at > clock_timestamp() - make_interval(secs => %(age)s)
