-- A contact's history: `contacts/timeline.py`.

-- part: people
-- The contact and all that were merged into it, with the deletion of each.
people(id, deletion_id) AS (
  SELECT %(id)s::bigint, NULL::bigint
  UNION SELECT m.other_id, m.deletion_id
  FROM people p JOIN contact_merges m ON m.contact_id = p.id WHERE {{stands}})

-- name: events
-- The ledger says whether a row updated or merged; an import's person is the one who brought it. The
-- deletion of a contact that was merged away is told as the merge.
WITH RECURSIVE {{people}}
SELECT h.id AS change_id,
  CASE WHEN m.change_id = h.id THEN 'merge' WHEN m.deletion_id = h.id THEN 'merged_away'
    ELSE h.kind::text END AS kind,
  h.at, h.row, h.import_id, h.before, h.after, h.undone_at, i.filename, l.outcome::text AS outcome,
  COALESCE(NULLIF(u.name, ''), u.email) AS person,
  h.at > now() - make_interval(days => %(days)s) AS in_time, h.contact_id,
  CASE WHEN m.change_id = h.id THEN {{name_of_o}} WHEN m.deletion_id = h.id THEN {{name_of_k}}
    ELSE {{name_of_p}} END AS other_name,
  CASE WHEN m.change_id = h.id THEN m.other_id ELSE m.contact_id END AS other_id
FROM (SELECT c.*, p.deletion_id FROM people p JOIN LATERAL (
    SELECT * FROM contact_changes WHERE contact_id = p.id AND id IS DISTINCT FROM p.deletion_id
      AND kind IN ('import', 'edit', 'delete') ORDER BY id DESC LIMIT %(limit)s) c ON true
  ORDER BY c.id DESC LIMIT %(limit)s) h
LEFT JOIN contact_imports i ON i.id = h.import_id
LEFT JOIN contact_import_results l ON l.import_id = h.import_id AND l.row = h.row
LEFT JOIN users u ON u.id = COALESCE(h.user_id, i.created_by)
LEFT JOIN LATERAL (
  SELECT * FROM contact_merges WHERE change_id = h.id
  UNION ALL SELECT * FROM contact_merges WHERE deletion_id = h.id) m ON true
LEFT JOIN contact_changes o ON o.id = m.deletion_id
LEFT JOIN contacts k ON k.id = m.contact_id
LEFT JOIN contact_changes p ON p.id = h.deletion_id
ORDER BY h.id DESC

-- name: merged_creations
-- How the contacts that were merged into this one came into the book, as far as it is kept.
WITH RECURSIVE {{people}}
SELECT (p.before ->> '(created_at)')::timestamptz AS at, i.id AS import_id,
  (p.before ->> '(imported_row)')::bigint AS row, i.filename,
  COALESCE(NULLIF(u.name, ''), u.email) AS person, p.contact_id, {{name_of_p}} AS other_name
FROM people e JOIN contact_changes p ON p.id = e.deletion_id
LEFT JOIN contact_imports i ON i.id = (p.before ->> '(imported_from)')::uuid
LEFT JOIN users u ON u.id = i.created_by
WHERE p.before ? '(created_at)' ORDER BY at DESC LIMIT %(limit)s

-- name: creation
SELECT i.filename, COALESCE(NULLIF(u.name, ''), u.email) AS person
FROM contact_imports i LEFT JOIN users u ON u.id = i.created_by WHERE i.id = %(id)s
