-- The discarding of an import that was never executed: `retention/discarding.py`.

-- name: delete_file
-- The file goes with the import that brought it. One that was shared may have outlived that one's
-- retention time.
DELETE FROM contact_import_files WHERE import_id = %(file_id)s AND NOT EXISTS (
  SELECT FROM contact_imports WHERE COALESCE(file_of, id) = %(file_id)s AND purged_at IS NULL)
