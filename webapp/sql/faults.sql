-- What rows at fault say: `reports/faults.py`.

-- name: faults
-- A row counts for its first error, as in the ledger.
SELECT e.p ->> 'code' AS code, e.p ->> 'field' AS field, e.p ->> 'value' AS value,
  count(*) AS rows, count(*) FILTER (WHERE e.p ? 'suggestion') AS suggested,
  (array_agg(r.row ORDER BY r.row))[1:3] AS first
FROM (SELECT row, problems FROM contact_import_rows
  WHERE import_id = %(id)s AND problems IS NOT NULL AND status = 'invalid'
  ORDER BY row LIMIT %(limit)s) r
CROSS JOIN LATERAL (
  SELECT jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error")') AS p) e
WHERE e.p IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY rows DESC, min(r.row)
