-- Rows read again from the file: `staging/file_rows.py`.

-- name: position_before
SELECT row, byte_offset FROM contact_import_positions
WHERE import_id = %(import_id)s AND row <= %(row)s ORDER BY row DESC LIMIT 1

-- name: between
-- The staged rows beside those of a piece of the file, and whether an outcome of theirs is final.
SELECT r.row, r.status, r.record, r.problems,
  NOT EXISTS (SELECT FROM contact_import_results l
    WHERE l.import_id = r.import_id AND l.row = r.row AND l.outcome NOT IN ({{open}})) AS is_open
FROM contact_import_rows r
WHERE import_id = %(import_id)s AND row BETWEEN %(first)s AND %(last)s ORDER BY row
