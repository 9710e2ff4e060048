-- A contact's history: `contacts/timeline.py`.

-- name: events
-- The ledger says whether a row updated or merged; an import's person is the one who brought it.
SELECT h.id AS change_id, h.kind::text AS kind, h.at, h.row, h.import_id, h.before, h.after,
  h.undone_at, i.filename, l.outcome::text AS outcome,
  COALESCE(NULLIF(u.name, ''), u.email) AS person,
  h.at > now() - make_interval(days => %(days)s) AS in_time
FROM (SELECT * FROM contact_changes WHERE contact_id = %(id)s
    AND kind IN ('import', 'edit', 'delete') ORDER BY id DESC LIMIT %(limit)s) h
LEFT JOIN contact_imports i ON i.id = h.import_id
LEFT JOIN contact_import_results l ON l.import_id = h.import_id AND l.row = h.row
LEFT JOIN users u ON u.id = COALESCE(h.user_id, i.created_by)
ORDER BY h.id DESC

-- name: creation
SELECT i.filename, COALESCE(NULLIF(u.name, ''), u.email) AS person
FROM contact_imports i LEFT JOIN users u ON u.id = i.created_by WHERE i.id = %(id)s
