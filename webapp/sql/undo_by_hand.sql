-- The undo of an edit or a deletion by hand: `undoing/undo_by_hand.py`.

-- name: held
SELECT {{now}} AS held
FROM contacts c WHERE c.id = %(id)s FOR UPDATE

-- name: holders
-- Which of these keys another contact has by now.
SELECT d.kind, d.key FROM unnest(%(kinds)s::text[], %(keys)s::text[]) AS d(kind, key)
WHERE EXISTS (SELECT FROM ({{holder_of_d}}) k)

-- name: make_due
-- What was due before the deletion still is.
INSERT INTO contact_undo_due (kind, key, contact_id, value, label, since, source, change_id)
SELECT d.kind, d.key, %(contact)s, d.value, d.label,
  (SELECT COALESCE(max(id), 0) FROM contact_changes h WHERE h.contact_id = %(contact)s),
  (SELECT COALESCE(max(h.id), 0) FROM contact_changes h CROSS JOIN LATERAL {{fields_of_h}} f
    WHERE h.contact_id = %(contact)s AND h.kind IN ('import', 'edit') AND h.undone_at IS NULL
      AND f.field = {{field_of_d}}), %(change)s
FROM jsonb_to_recordset(%(due)s) AS d(kind text, key text, value text, label text)
ON CONFLICT (kind, key, contact_id) DO NOTHING RETURNING id

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
SELECT d.row, d.contact_id, d.import_id AS creator, {{undone_import}} AS undone
FROM contact_undo_due d WHERE kind = 'contact' AND contact_id = %(contact)s

-- name: changed_since
-- Field by field what standing changes wrote to a contact, after the entry numbered %(since)s.
-- E-mails and phones are told as one field each, without their values.
SELECT %(contact)s::bigint AS contact_id, NULL AS row, w.field,
  CASE WHEN w.by_import IS NULL THEN 'edited_since' ELSE 'changed_by_later_import' END AS code,
  w.wanted, w.now, w.by_import::text AS by_import, w.by_user
FROM (
  SELECT {{group_of_f}} AS field,
    (array_agg(f.before ORDER BY h.id) FILTER (WHERE NOT {{is_of_addresses}}))[1] AS wanted,
    (array_agg(f.after ORDER BY h.id DESC) FILTER (WHERE NOT {{is_of_addresses}}))[1] AS now,
    (array_agg(h.import_id ORDER BY h.id DESC))[1] AS by_import,
    (array_agg(h.user_id ORDER BY h.id DESC))[1] AS by_user
  FROM {{journal_since}} h CROSS JOIN LATERAL {{fields_of_h}} f
  WHERE h.kind IN ('import', 'edit') AND h.undone_at IS NULL AND f.field NOT LIKE 'tag:%%'
  GROUP BY 1) w
ORDER BY w.field

-- name: files
SELECT id::text AS id, filename AS name FROM contact_imports WHERE id = ANY(%(ids)s::uuid[])

-- name: people
SELECT id, COALESCE(NULLIF(name, ''), email) AS name FROM users WHERE id = ANY(%(ids)s)
