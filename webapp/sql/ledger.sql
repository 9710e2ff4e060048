-- The ledger as people read it: `reports/ledger.py`.

-- part: rows
SELECT l.row, l.outcome::text AS outcome, l.contact_id, l.code, l.detail, h.before, h.after,
  (SELECT d.planned FROM contact_import_differences d
    WHERE d.import_id = l.import_id AND d.row = l.row) AS planned, s.who, s.problems,
  o.at AS undone_at, COALESCE(NULLIF(u.name, ''), u.email) AS undone_by, o.kept
FROM (SELECT * FROM {{source}} l WHERE {{conditions}} ORDER BY l.row LIMIT %(limit)s) l
LEFT JOIN contact_row_undos o ON o.import_id = l.import_id AND o.row = l.row
LEFT JOIN users u ON u.id = o.user_id
LEFT JOIN LATERAL (SELECT h.before, h.after FROM contact_changes h
  WHERE h.contact_id = l.contact_id AND h.import_id = l.import_id AND h.row = l.row
    AND h.kind = 'import'
  ORDER BY h.id DESC LIMIT 1) h ON true
LEFT JOIN LATERAL (SELECT r.problems, {{who}} AS who
  FROM contact_import_rows r WHERE r.import_id = l.import_id AND r.row = l.row LIMIT 1) s ON true
ORDER BY l.row

-- part: not_processed
-- Staged rows that a stopped import never came to, as the entries that they have not got.
(SELECT r.import_id, r.row, '{{outcome}}' AS outcome, NULL::bigint AS contact_id,
    NULL::text AS code, NULL::jsonb AS detail FROM contact_import_rows r
  WHERE r.import_id = %(id)s AND NOT EXISTS (
    SELECT FROM contact_import_results d WHERE d.import_id = r.import_id AND d.row = r.row))

-- part: undone
l.row IN (SELECT u.row FROM contact_row_undos u WHERE u.import_id = %(id)s AND u.row > %(after)s)

-- part: differs
l.row IN (SELECT d.row FROM contact_import_differences d
  WHERE d.import_id = %(id)s AND d.row > %(after)s)

-- name: names
SELECT id, {{name}} AS name FROM contacts WHERE id = ANY(%(ids)s)
