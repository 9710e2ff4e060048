-- The undo of a bulk act, batch by batch: `undoing/undo_bulk_acts.py`.

-- name: lock
-- Another worker that holds the act undoes its next batch.
SELECT * FROM contact_acts WHERE id = %(act_id)s AND state = 'undoing' FOR UPDATE SKIP LOCKED

-- name: entries
-- The newest first.
SELECT id, contact_id, kind::text AS kind, at, before FROM contact_changes
WHERE act_id = %(act_id)s AND id < %(before)s AND undone_at IS NULL
ORDER BY id DESC LIMIT %(batch)s

-- name: move_on
UPDATE contact_acts SET through = through + %(entries)s, restored = restored + %(restored)s,
  place = %(place)s, attempts = 0, message = NULL, moved_at = clock_timestamp(),
  state = CASE WHEN %(ended)s THEN 'undone' ELSE state END,
  undone_at = CASE WHEN %(ended)s THEN clock_timestamp() END
WHERE id = %(act_id)s

-- name: due_to_go
SELECT contact_id FROM contact_undo_due
WHERE kind = 'contact' AND contact_id = ANY(%(ids)s::bigint[]) ORDER BY contact_id
