-- The exchange of a database for a backup: `admin/restore.py`.

-- name: describe
-- The database's row of pg_database, whose columns differ from version to version.
SELECT to_jsonb(d) || jsonb_build_object('name', pg_encoding_to_char(encoding)) AS found
FROM pg_database d WHERE datname = current_database()

-- name: count_relations
SELECT count(*) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE s.nspname NOT IN ('pg_catalog', 'information_schema') AND s.nspname !~ '^pg_toast'

-- name: free_leases
UPDATE contact_import_leases SET token = token + %(on)s, worker = NULL,
  heartbeat_at = NULL, backend_pid = NULL, backend_start = NULL

-- name: end_sessions
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %(name)s AND pg_has_role(usesysid, 'MEMBER')
