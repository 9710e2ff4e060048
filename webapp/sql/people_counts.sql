-- What a ledger comes to in people: `deciding/people_counts.py`.

-- name: of_ledger
-- Only rows that met a contact are asked of: each row that created one is another person. The
-- contacts that the import made itself are told by the code.
SELECT count(*) FILTER (WHERE changed) AS contacts_changed,
  COALESCE(sum(joined), 0)::bigint
    + COALESCE(sum(met - 1) FILTER (WHERE met > 0), 0)::bigint AS repeats_in_file,
  {{warnings}}
FROM (
  SELECT contact_id,
    bool_or(outcome IN ({{written}}) AND code IS DISTINCT FROM 'joins_row') AS changed,
    count(*) FILTER (WHERE code = 'joins_row') AS joined,
    count(*) FILTER (WHERE code IS DISTINCT FROM 'joins_row') AS met,
    {{warnings_of_contact}}
  FROM contact_import_results
  WHERE import_id = %(import_id)s AND outcome IN ({{met}})
  GROUP BY contact_id) contacts

-- name: keys_left_out
-- Only rows with a choice are without keys of other contacts.
SELECT count(*) AS rows FROM contact_import_choices c
CROSS JOIN LATERAL (
  SELECT FROM contact_import_results l
  WHERE l.import_id = c.import_id AND l.row = c.row
    AND l.detail -> 'warnings' ? 'key_left_out' LIMIT 1) l
WHERE c.import_id = %(import_id)s

-- name: held
SELECT count(*) AS rows FROM contact_import_results
WHERE import_id = %(import_id)s AND outcome = 'conflict' AND code = 'other_name'

-- name: of_keyless
-- What becomes of rows without e-mail, phone and ID.
SELECT count(*) AS rows, count(*) FILTER (WHERE l.code = 'joins_row') AS joined,
  count(*) FILTER (WHERE l.outcome = 'created') AS created
FROM contact_import_rows r
CROSS JOIN LATERAL (
  SELECT outcome, code FROM contact_import_results l
  WHERE l.import_id = r.import_id AND l.row = r.row LIMIT 1) l
WHERE r.import_id = %(import_id)s AND r.status = 'valid' AND {{keyless}}
