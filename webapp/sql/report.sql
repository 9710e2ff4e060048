-- The report on an import: `reports/summary.py`.

-- name: problems
SELECT outcome::text AS outcome, COALESCE(code, outcome::text) AS code, count(*) AS rows
FROM contact_import_results
WHERE import_id = %(id)s AND outcome IN ({{problems}})
GROUP BY 1, 2 ORDER BY rows DESC, code

-- name: lines
SELECT count(*) FROM contact_import_results
WHERE import_id = %(id)s AND outcome = 'left_out' AND code = ANY(%(codes)s)

-- name: batches
SELECT count(*) FILTER (WHERE result <> 'retried') AS batches,
  count(*) FILTER (WHERE result = 'retried') AS retries,
  COALESCE(min(rows) FILTER (WHERE result = 'done'), 0) AS smallest_batch,
  COALESCE(max(rows) FILTER (WHERE result = 'done'), 0) AS largest_batch
FROM contact_import_logs WHERE import_id = %(id)s AND event = 'batch'

-- name: newest_end
SELECT result, message FROM contact_import_logs
WHERE import_id = %(id)s AND event = ANY(%(ends)s) ORDER BY id DESC LIMIT 1

-- name: troubles
SELECT batch, attempt, first_row, last_row, result, message FROM contact_import_logs
WHERE import_id = %(id)s AND event = 'batch' AND result IN ('retried', 'failed')
ORDER BY id LIMIT 20

-- name: throughput
-- The span is materialized: who takes the batches for few would look for first and last anew for
-- each of them.
WITH done AS (
  SELECT at, rows FROM contact_import_logs
  WHERE import_id = %(id)s AND event = 'batch' AND result = 'done'),
span AS MATERIALIZED (SELECT min(at) AS first, max(at) AS last FROM done)
SELECT least(floor(extract(epoch FROM at - first) * %(bars)s
    / greatest(extract(epoch FROM last - first), 0.000001)), %(bars)s - 1)::int AS bar,
  sum(rows)::int AS rows
FROM done, span GROUP BY 1
