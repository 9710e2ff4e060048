-- The undo of an edit or a deletion by hand: `undoing/undo_by_hand.py`.

-- name: held
SELECT {{now}} AS held
FROM contacts c WHERE c.id = %(id)s FOR UPDATE

-- name: still_due
-- What was due before the deletion is still what the field should come to.
UPDATE contact_undo_due SET held = NULL
WHERE contact_id = %(contact)s AND kind = %(kind)s RETURNING id

-- part: newest
SELECT COALESCE(max(id), 0) FROM contact_changes h WHERE h.contact_id = %(contact)s

-- name: make_due
INSERT INTO contact_undo_due (kind, key, contact_id, value, since, source, change_id)
VALUES (%(kind)s, %(key)s, %(contact)s, %(value)s, ({{newest}}), ({{newest}} AND h.before ? %(kind)s
  AND h.kind IN ('import', 'edit') AND h.undone_at IS NULL), %(change)s) RETURNING id

-- name: insert
INSERT INTO contacts (id, {{columns}}) OVERRIDING SYSTEM VALUE
VALUES (%(id)s, {{values}}) RETURNING id

-- name: mark
UPDATE contact_changes SET undone_at = clock_timestamp(), undone_by = %(user_id)s
WHERE id = %(id)s RETURNING id

-- name: missed
SELECT h.id FROM contact_changes h WHERE h.contact_id = %(contact)s
  AND {{undone_meanwhile}}

-- name: due_to_go
SELECT row, contact_id, import_id AS creator FROM contact_undo_due
WHERE kind = 'contact' AND contact_id = %(contact)s

-- name: files
SELECT id::text AS id, filename AS name FROM contact_imports WHERE id = ANY(%(ids)s::uuid[])

-- name: people
SELECT id, COALESCE(NULLIF(name, ''), email) AS name FROM users WHERE id = ANY(%(ids)s)
