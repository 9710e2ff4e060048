-- How fast an import moves.

-- name: seconds
-- What was committed in each of the last seconds, from the log's newest entries of one kind.
WITH newest AS MATERIALIZED (
  SELECT at, rows, COALESCE(duration_ms, 0) * interval '1 millisecond' AS took
  FROM contact_import_logs
  WHERE import_id = %(id)s AND event = %(event)s AND rows IS NOT NULL
  ORDER BY id DESC LIMIT %(most)s)
SELECT floor(extract(epoch FROM at))::bigint AS second, sum(rows)::bigint AS rows,
  extract(epoch FROM min(at - took))::float8 AS began,
  extract(epoch FROM max(at))::float8 AS ended
FROM newest
WHERE at > (SELECT max(at) FROM newest) - %(span)s * interval '1 second'
GROUP BY 1 ORDER BY 1
