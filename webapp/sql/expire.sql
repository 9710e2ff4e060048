-- What is deleted some days after an import ended: `retention/expiry.py`.

-- name: expire
UPDATE contact_imports SET expired_at = clock_timestamp(), correcting = NULL
WHERE expired_at IS NULL AND state = ANY(%(states)s)
  AND COALESCE(rolled_back_at, completed_at, (approval ->> 'at')::timestamptz, created_at)
    < clock_timestamp() - make_interval(days => %(days)s)

-- name: next_import
SELECT id, state = ANY(%(unused)s) AS unused FROM contact_imports
WHERE expired_at IS NOT NULL AND purged_at IS NULL ORDER BY expired_at LIMIT 1


-- The steps of one import, each at most %(limit)s at a time.

-- name: delete_file
-- A file that several imports share stays until the last of them expires.
DELETE FROM contact_import_files WHERE (import_id, position) IN (
  SELECT f.import_id, f.position FROM contact_imports i
    JOIN contact_import_files f ON f.import_id = COALESCE(i.file_of, i.id)
  WHERE i.id = %(id)s AND NOT EXISTS (SELECT FROM contact_imports o
    WHERE COALESCE(o.file_of, o.id) = f.import_id AND o.id <> i.id AND o.expired_at IS NULL)
  LIMIT %(limit)s)

-- name: delete_rows
DELETE FROM contact_import_rows WHERE import_id = %(id)s AND row IN (
  SELECT row FROM contact_import_rows WHERE import_id = %(id)s ORDER BY row LIMIT %(limit)s)

-- name: empty_journal
-- The journal keeps which fields came from where, without their values. A change that was undone
-- counts for nothing, so the next change of each of its fields found what that one had found:
-- otherwise its undo would bring a value back that was undone.
WITH batch AS MATERIALIZED (
  SELECT * FROM contact_changes WHERE import_id = %(id)s AND after <> '{}' ORDER BY id
  LIMIT %(limit)s),
handed AS MATERIALIZED (
  SELECT DISTINCT ON (n.id, f.field) n.id, f.field, f.before
  FROM batch p CROSS JOIN LATERAL {{fields_of_p}} f
  CROSS JOIN LATERAL (
    SELECT q.id FROM {{journal_since_p}} q CROSS JOIN LATERAL {{fields_of_q}} g
    WHERE g.field = f.field AND q.kind IN ('import', 'edit') AND q.after <> '{}'
      AND q.import_id IS DISTINCT FROM %(id)s ORDER BY q.id LIMIT 1) n
  WHERE p.undone_at IS NOT NULL AND f.field <> 'tags' AND NOT {{is_of_addresses}}
  ORDER BY n.id, f.field, p.id),
sides AS MATERIALIZED (
  SELECT id, COALESCE(jsonb_object_agg(field, before) FILTER (WHERE field NOT LIKE 'tag%%'), '{}')
      AS plain,
    array_agg(substr(field, 5)) FILTER (WHERE before = 'true' AND NOT field NOT LIKE 'tag%%')
      AS had,
    array_agg(substr(field, 5)) FILTER (WHERE before = 'false' AND NOT field NOT LIKE 'tag%%')
      AS lacked
  FROM handed GROUP BY id),
heirs AS (
  UPDATE contact_changes h SET before = h.before || s.plain
    || CASE WHEN s.had IS NULL AND s.lacked IS NULL THEN '{}'
      ELSE jsonb_build_object('tags', to_jsonb(ARRAY(
        SELECT t FROM jsonb_array_elements_text(h.before -> 'tags') t
        WHERE t <> ALL(COALESCE(s.lacked, '{}')))
        || COALESCE(s.had, '{}'))) END
  FROM sides s WHERE h.id = s.id)
UPDATE contact_changes h SET after = '{}',
  before = (SELECT jsonb_object_agg(k, NULL) FROM jsonb_object_keys(h.before) k)
FROM batch b WHERE h.id = b.id

-- name: delete_due
DELETE FROM contact_undo_due WHERE id IN (
  SELECT id FROM contact_undo_due WHERE import_id = %(id)s
  UNION ALL
  SELECT d.id FROM contact_undo_due d JOIN contact_changes h ON h.id = d.change_id
  WHERE h.import_id = %(id)s LIMIT %(limit)s)

-- name: empty_kept
UPDATE contact_undo_kept SET wanted = NULL, now = NULL WHERE id IN (
  SELECT id FROM contact_undo_kept
  WHERE import_id = %(id)s AND (wanted IS NOT NULL OR now IS NOT NULL)
  LIMIT %(limit)s)

-- name: delete_messages
UPDATE contact_import_results SET detail = NULLIF(detail - 'message', '{}')
WHERE import_id = %(id)s AND outcome = 'failed' AND row IN (
  SELECT row FROM contact_import_results
  WHERE import_id = %(id)s AND outcome = 'failed' AND detail ? 'message' LIMIT %(limit)s)


-- Its end, and what hangs on no import.

-- name: empty_logs
UPDATE contact_import_logs SET message = NULL
WHERE import_id = %(id)s AND event = 'row_failed'

-- name: log_purged
INSERT INTO contact_import_logs (import_id, event) VALUES (%(id)s, 'purged')

-- name: purged
UPDATE contact_imports
SET purged_at = clock_timestamp(), {{cells_emptied}}, check_summary = '{}'
WHERE id = %(id)s

-- name: empty_deleted
-- Contacts deleted by hand: the journal keeps that they were, and no longer who.
UPDATE contact_changes h SET before = '{}' WHERE id IN (
  SELECT id FROM contact_changes WHERE kind = 'delete' AND before <> '{}'
    AND at < clock_timestamp() - make_interval(days => %(days)s) ORDER BY id LIMIT %(limit)s)

-- name: delete_due_by_hand
-- Keys that the undo of an old change by hand left due: they are for good where they are.
DELETE FROM contact_undo_due WHERE id IN (
  SELECT d.id FROM contact_undo_due d JOIN contact_changes h ON h.id = d.change_id
  WHERE h.kind IN ('edit', 'delete')
    AND h.at < clock_timestamp() - make_interval(days => %(days)s) LIMIT %(limit)s)
