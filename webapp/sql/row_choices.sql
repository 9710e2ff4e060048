-- How rows in conflict are settled: `staging/row_choices.py`.

-- Which rows are in conflict: {{conflicts}} is one of the two.

-- part: before_run
-- As the previews found them. That a choice is gone is true of the one that they met.
SELECT row, code, kind, candidates, code <> 'choice_gone' OR NOT EXISTS (
  SELECT FROM contact_import_previews WHERE import_id = %(import_id)s) AS holds
FROM contact_import_conflicts WHERE import_id = %(import_id)s

-- part: after_run
-- As the ledger has them. Entries from before say no keys: there the contact counts while it holds
-- any.
SELECT row, code, code || ':' || COALESCE(c.kinds, '') AS kind,
  COALESCE(c.candidates, '[]') AS candidates, code <> 'choice_gone' OR EXISTS (
    SELECT FROM contact_import_reopened o WHERE o.import_id = %(import_id)s AND o.row = l.row) AS holds
FROM (
  SELECT row, code, COALESCE(detail -> 'by', jsonb_build_object('external_id',
    detail -> 'contacts', 'email', detail -> 'contacts', 'phone', detail -> 'contacts')) AS holders
  FROM contact_import_results
  WHERE import_id = %(import_id)s AND outcome = 'conflict') l
CROSS JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('contact_id', id, 'by', keys) ORDER BY id) AS candidates,
    (SELECT string_agg(key, ',' ORDER BY key) FROM jsonb_object_keys(holders) key) AS kinds
  FROM (
    SELECT one::bigint AS id, jsonb_agg(key ORDER BY {{rank}}) AS keys
    FROM jsonb_each(jsonb_strip_nulls(holders)) h(key, ids)
    CROSS JOIN LATERAL jsonb_array_elements_text(ids) one GROUP BY 1) of_contact) c

-- part: listed
SELECT k.row, k.code, k.kind, k.candidates, c.chosen, c.contact_id, c."by",
  c.chosen IS NOT NULL AND k.holds AS is_settled
FROM (
  SELECT * FROM ({{conflicts}}) k
  WHERE row > %(after)s {{only}} ORDER BY row LIMIT %(limit)s) k
LEFT JOIN LATERAL (
  SELECT chosen, contact_id, "by" FROM contact_import_choices
  WHERE import_id = %(import_id)s AND row = k.row LIMIT 1) c ON true
ORDER BY k.row

-- part: unsettled
AND NOT (holds AND EXISTS (
  SELECT FROM contact_import_choices c WHERE c.import_id = %(import_id)s AND c.row = k.row))

-- The rows alone, to say where one of them stands among them.

-- part: rows_before_run
SELECT row FROM contact_import_conflicts WHERE import_id = %(import_id)s

-- part: rows_after_run
SELECT row FROM contact_import_results WHERE import_id = %(import_id)s AND outcome = 'conflict'

-- part: place
SELECT count(*) FILTER (WHERE row <= %(row)s) AS number, max(row) FILTER (WHERE row < %(row)s) AS before,
  min(row) FILTER (WHERE row > %(row)s) AS behind
FROM ({{rows}}) k

-- How many rows of each kind there are, and how many of them are settled: without a look at each
-- row's candidates, of which there can be a hundred thousand.

-- part: kinds_before_run
SELECT kind, count(*) AS rows, count(c.row) FILTER (WHERE code <> 'choice_gone' OR NOT EXISTS (
  SELECT FROM contact_import_previews WHERE import_id = %(import_id)s)) AS settled
FROM contact_import_conflicts k
LEFT JOIN contact_import_choices c ON c.import_id = %(import_id)s AND c.row = k.row
WHERE k.import_id = %(import_id)s
GROUP BY kind

-- part: kinds_after_run
SELECT code || ':' || concat_ws(',', {{named_keys}}) AS kind, rows, settled
FROM (
  SELECT code, {{has_keys}}, count(*) AS rows, count(c.row) FILTER (
    WHERE code <> 'choice_gone' OR l.row IN (
      SELECT row FROM contact_import_reopened WHERE import_id = %(import_id)s)) AS settled
  FROM contact_import_results l
  LEFT JOIN contact_import_choices c ON c.import_id = %(import_id)s AND c.row = l.row
  WHERE l.import_id = %(import_id)s AND outcome = 'conflict'
  GROUP BY code, {{keys}}) k

-- part: rows_without
-- Rows of a kind of which the contact is no candidate.
SELECT count(*) AS rows FROM ({{conflicts}}) k
WHERE kind = %(kind)s
  AND NOT candidates @> jsonb_build_array(jsonb_build_object('contact_id', %(contact_id)s::bigint))

-- part: choose_alike
-- Rows in which several contacts hold the key whose owner is meant stay as they are.
INSERT INTO contact_import_choices (import_id, row, chosen, contact_id, "by")
SELECT %(import_id)s, row, %(chosen)s, %(contact_id)s, CASE %(chosen)s
    WHEN 'owner_of' THEN ARRAY[%(by)s]
    WHEN 'contact' THEN ARRAY(
      SELECT jsonb_array_elements_text(x -> 'by') FROM jsonb_array_elements(candidates) x
      WHERE x -> 'contact_id' = to_jsonb(%(contact_id)s::bigint))
  END
FROM ({{conflicts}}) k
WHERE kind = %(kind)s AND (%(chosen)s <> 'owner_of' OR (
  SELECT count(*) FROM jsonb_array_elements(candidates) x WHERE x -> 'by' ? %(by)s) = 1)
ON CONFLICT (import_id, row) DO UPDATE
SET chosen = excluded.chosen, contact_id = excluded.contact_id, "by" = excluded."by"
RETURNING row

-- name: keep_matches
-- What was found of the rows before they were settled is true of them still.
UPDATE contact_import_match_searches s SET mended_at = i.mended_at FROM contact_imports i
WHERE i.id = s.import_id AND i.id = %(import_id)s
  AND s.mended_at IS NOT DISTINCT FROM %(mended_at)s
