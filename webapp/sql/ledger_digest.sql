-- The digest of a ledger, and the sums that must agree.

-- name: block
-- The next entries as lines and as letters. An outcome's word by name costs a fifth less than by
-- the type's own way to text.
SELECT max(row) AS last_row, string_agg({{letter}}, '' ORDER BY row) AS letters,
  string_agg(row::text || {{word}} || COALESCE(contact_id::text, '')
    || COALESCE(',' || code || E'\n', E',\n'), '' ORDER BY row) AS lines
FROM (SELECT row, outcome, contact_id, code FROM contact_import_results
  WHERE import_id = %(import_id)s AND row > %(after)s AND row <= %(last_row)s
  ORDER BY row LIMIT %(limit)s) block

-- name: counters
SELECT i.*, (SELECT count(*) FROM contacts c WHERE c.imported_from = i.id) AS contacts
FROM contact_imports i WHERE i.id = %(import_id)s

-- name: deleted
-- How many of the created contacts were deleted by hand.
SELECT count(DISTINCT l.contact_id) AS contacts
FROM contact_import_results l CROSS JOIN LATERAL (
  SELECT kind FROM contact_changes d
  WHERE d.contact_id = l.contact_id AND d.kind = 'delete' LIMIT 1) d
WHERE l.import_id = %(import_id)s AND l.outcome = 'created'
