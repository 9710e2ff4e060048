-- What Rowcall asks of the server and of its role: `db.py`.

-- name: unfit
-- What it cannot do with, in the order of the sentences that say so.
SELECT current_setting('server_version_num')::int < 150000,
  current_setting('server_encoding') <> 'UTF8',
  pg_is_in_recovery(),
  current_setting('session_replication_role') <> 'origin',
  NOT has_database_privilege(current_database(), 'TEMP'),
  NOT (has_schema_privilege(COALESCE(current_schema(), 'public'), 'CREATE')
    AND has_schema_privilege(COALESCE(current_schema(), 'public'), 'USAGE'))
