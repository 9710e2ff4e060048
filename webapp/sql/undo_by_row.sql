-- The undo of a single row of an import: `undoing/undo_by_row.py`.

-- name: another
SELECT EXISTS (SELECT FROM contact_imports WHERE state = 'rolling_back') AS under_way

-- name: entry
-- What the row did, and whether that still stands. A row changes one contact, in one journal entry.
SELECT l.outcome::text AS outcome, l.contact_id, o.row IS NOT NULL AS undone, (
  SELECT h.id FROM contact_changes h
  WHERE h.contact_id = l.contact_id AND h.import_id = l.import_id AND h.row = l.row
    AND h.kind = 'import' AND h.undone_at IS NULL ORDER BY h.id DESC LIMIT 1) AS change
FROM contact_import_results l
LEFT JOIN contact_row_undos o ON o.import_id = l.import_id AND o.row = l.row
WHERE l.import_id = %(import_id)s AND l.row = %(row)s

-- name: note
INSERT INTO contact_row_undos (import_id, row, contact_id, user_id, kept)
VALUES (%(import_id)s, %(row)s, %(contact_id)s, %(user_id)s, %(kept)s) RETURNING row
