-- The batches of an import's undo: `undoing/undo.py`.

-- name: log_batch
INSERT INTO contact_import_logs (import_id, event, rows, duration_ms)
VALUES (%(id)s, 'batch_undone', %(entries)s, %(ms)s)

-- name: how_far
SELECT rollback FROM contact_imports WHERE id = %(id)s

-- name: another
SELECT EXISTS (SELECT FROM contact_imports
  WHERE state = 'rolling_back' AND rollback IS NOT NULL AND id <> %(id)s) AS under_way

-- name: to_go_through
SELECT created + (SELECT count(*) FROM contact_changes h
  WHERE h.import_id = i.id AND h.kind = 'import' AND h.undone_at IS NULL)
  - (SELECT count(*) FROM contact_row_undos o
    JOIN contact_import_results l ON l.import_id = o.import_id AND l.row = o.row
    WHERE o.import_id = i.id AND l.outcome = 'created' AND {{undone_alone}}) AS entries
FROM contact_imports i WHERE i.id = %(id)s

-- name: checkpoint
UPDATE contact_imports SET rollback = %(undone)s
WHERE id = %(id)s AND lease_token = %(token)s AND state = 'rolling_back' RETURNING id

-- name: wait_briefly
SELECT set_config('lock_timeout', %(timeout)s, true)

-- part: of_half
-- Neighbours are written together, so a half has them in hundreds.
(%(half)s::int IS NULL OR contact_id / %(stripe)s %% 2 = %(half)s)

-- name: count_kept
SELECT count(DISTINCT contact_id) AS contacts FROM contact_undo_kept
WHERE import_id = %(id)s AND code <> 'deleted_meanwhile'

-- name: next_created
SELECT row, contact_id, import_id AS creator, import_id AS undone FROM contact_import_results l
WHERE import_id = %(import_id)s AND outcome = 'created' AND contact_id IS NOT NULL
  AND row < COALESCE(%(at)s::bigint, 9223372036854775807) AND {{of_half}}
  AND NOT {{undone_alone}}
ORDER BY row DESC LIMIT %(batch)s

-- name: next_due
SELECT d.contact_id, d.row, d.import_id AS creator, {{undone_import}} AS undone
FROM contact_undo_due d
WHERE d.kind = 'contact' AND d.contact_id > COALESCE(%(at)s::bigint, 0) AND {{of_half}}
  AND EXISTS (SELECT FROM contacts c WHERE c.id = d.contact_id)
  AND NOT EXISTS (
    {{standing_change}})
ORDER BY d.contact_id LIMIT %(batch)s

-- name: next_changes
SELECT id, contact_id, row FROM contact_changes
WHERE import_id = %(import_id)s AND kind = 'import' AND undone_at IS NULL
  AND id < COALESCE(%(at)s::bigint, 9223372036854775807) AND {{of_half}} ORDER BY id DESC LIMIT %(batch)s

-- name: kept
SELECT k.*, i.filename AS by_file, COALESCE(NULLIF(u.name, ''), u.email) AS by_person
FROM contact_undo_kept k LEFT JOIN contact_imports i ON i.id = k.changed_by_import
LEFT JOIN users u ON u.id = k.changed_by_user
WHERE k.import_id = %(id)s AND k.id > %(after)s ORDER BY k.id LIMIT %(limit)s
