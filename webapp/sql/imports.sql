-- Commands to an import, its state, its log and its stored file.

-- part: move
-- The one statement that writes an import's state.
UPDATE contact_imports i SET state = %(target)s{{also}}
WHERE {{conditions}} RETURNING id

-- name: log_event
INSERT INTO contact_import_logs (import_id, event) VALUES (%(import_id)s, %(event)s)

-- part: is_free
-- While a batch commits it holds the import's row. Waiting for it would hide a request to stop from
-- the next batch.
id IN (SELECT id FROM contact_imports WHERE id = %(import_id)s AND state = ANY(%(sources)s)
  FOR NO KEY UPDATE SKIP LOCKED)

-- part: cancelled_in_the_queue
lease_token = lease_token + 1, completed_at = clock_timestamp(),
failure_reason = CASE rerun_from WHEN 'failed' THEN 'stopped_at_first_error' END,
rerun = '', rerun_from = NULL

-- name: copy_corrections
INSERT INTO contact_import_corrections (import_id, row, cells, left_out)
SELECT %(new)s, row, cells, left_out FROM contact_import_corrections WHERE import_id = %(old)s

-- name: copy_act
-- What was corrected is the first act of the new import.
WITH act AS (
  INSERT INTO contact_import_acts (import_id, number, kind, rows)
  SELECT %(new)s, 1, 'earlier', count(*) FROM contact_import_corrections
  WHERE import_id = %(old)s HAVING count(*) > 0)
INSERT INTO contact_import_corrected_cells (import_id, row, "column", act, after)
SELECT %(new)s, row, c.key::bigint, 1, c.value
FROM contact_import_corrections, jsonb_each_text(cells) c WHERE import_id = %(old)s
UNION ALL SELECT %(new)s, row, -1, 1, left_out::text FROM contact_import_corrections
WHERE import_id = %(old)s AND (left_out OR cells = '{}')

-- name: copy_choices
-- Also those of a contact that is gone by now: without its choice the row could go to another one.
INSERT INTO contact_import_choices (import_id, row, chosen, contact_id, "by")
SELECT %(new)s, row, chosen, contact_id, "by" FROM contact_import_choices
WHERE import_id = %(old)s

-- name: copy_settled
-- And among whom was chosen, so that it can be chosen otherwise.
INSERT INTO contact_import_conflicts (import_id, row, code, kind, candidates)
SELECT %(new)s, row, code, kind, candidates FROM contact_import_conflicts k
WHERE import_id = %(old)s AND EXISTS (
  SELECT FROM contact_import_choices c WHERE c.import_id = k.import_id AND c.row = k.row)

-- name: copy_matches
-- And which contact a row looks like for which was chosen.
INSERT INTO contact_import_possible_matches (import_id, row, contact_id, score, evidence)
SELECT %(new)s, row, contact_id, score, evidence FROM contact_import_possible_matches m
WHERE import_id = %(old)s AND EXISTS (
  SELECT FROM contact_import_choices c WHERE c.import_id = m.import_id AND c.row = m.row)

-- name: keep_chunk
INSERT INTO contact_import_files (import_id, position, content)
VALUES (%(import_id)s, %(position)s, %(content)b)

-- name: read_chunk
SELECT substr(content, (%(offset)s - position + 1)::int) FROM contact_import_files
WHERE import_id = %(file_id)s AND position <= %(offset)s ORDER BY position DESC LIMIT 1

-- name: custom_labels
-- Labels of custom fields in the book, the newest first: those of the latest contacts and of the
-- latest imports that ran. Both are counted out, however large the book is.
SELECT label FROM (
  SELECT jsonb_object_keys(custom) AS label, 0 AS place FROM (
    SELECT custom FROM contacts ORDER BY id DESC LIMIT %(contacts)s) c
  WHERE custom <> '{}'
  UNION ALL
  SELECT substr(target, length('custom:') + 1), i.place FROM (
    SELECT mapping, row_number() OVER (ORDER BY created_at DESC) AS place FROM contact_imports
    WHERE started_at IS NOT NULL AND rolled_back_at IS NULL AND mapping IS NOT NULL
    ORDER BY created_at DESC LIMIT %(imports)s) i
  CROSS JOIN LATERAL jsonb_array_elements_text(i.mapping) target
  WHERE target LIKE 'custom:%%') labels
GROUP BY label ORDER BY min(place), label LIMIT %(labels)s
