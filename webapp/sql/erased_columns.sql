-- What goes and what stays of a row that is erased: `retention/erased_columns.py`.

-- part: their_rows
(SELECT * FROM unnest(%(imports)s::uuid[], %(rows)s::bigint[]))

-- part: problems
(SELECT jsonb_agg(jsonb_build_object('code', p -> 'code', 'column', p -> 'column',
  'field', p -> 'field', 'severity', p -> 'severity', 'dropped', p -> 'dropped',
  'value', NULL))
FROM jsonb_array_elements(problems) p)

-- part: detail
CASE WHEN detail ? 'row' THEN jsonb_build_object('row', detail -> 'row') END

-- name: empty_logs
UPDATE contact_import_logs SET message = NULL
WHERE event = 'row_failed' AND (import_id, first_row) IN {{their_rows}}

-- name: forget_counts
-- Counts of hashed values are of the person's, too. A search under way begins anew.
UPDATE duplicate_searches SET counts = NULL,
  state = CASE WHEN state = 'running' THEN 'waiting' ELSE state END, claims = claims + 1
WHERE counts IS NOT NULL OR state = 'running'
