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

-- name: log_failed_rows
-- Before a second run: the reasons of the first.
INSERT INTO contact_import_logs (import_id, event, first_row, last_row, rows, result, message)
SELECT import_id, 'row_failed', row, row, 1, code, detail ->> 'message'
FROM contact_import_results
WHERE import_id = %(import_id)s AND outcome = 'failed' ORDER BY row

-- name: copy_corrections
INSERT INTO contact_import_corrections (import_id, row, cells, left_out)
SELECT %(new)s, row, cells, left_out FROM contact_import_corrections WHERE import_id = %(old)s

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
