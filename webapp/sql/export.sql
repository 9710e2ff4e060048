-- The pages of a report as CSV, and what the rows held: `reports/exports.py`.

-- name: in_file_order
-- Without statistics PostgreSQL might fetch and sort all rows for each page. The transaction ends
-- with the page.
SELECT set_config(name, 'off', true) FROM unnest(%(settings)s::text[]) AS name

-- name: every_row
SELECT * FROM (
  SELECT p.*, {{chars_before}}
  FROM (
    SELECT r.row, COALESCE(l.outcome::text, '{{not_processed}}') AS outcome, {{entry_and_cells}}
    FROM {{rows_with_entries}}
    WHERE r.import_id = %(id)s AND r.row > %(after)s ORDER BY r.row LIMIT %(rows)s) p) q
{{full_page}}

-- name: rejected
SELECT * FROM (
  SELECT p.*, {{chars_before}}
  FROM (
    SELECT r.row, COALESCE(l.outcome::text, '{{invalid}}') AS outcome, {{entry_and_cells}}
    FROM {{rows_with_entries}}
    WHERE r.import_id = %(id)s AND r.row > %(after)s
      AND (r.status = 'invalid' OR l.outcome IN ({{failures}}) OR {{lacks_a_cell}}) ORDER BY r.row LIMIT %(rows)s) p) q
{{full_page}}

-- name: ledger
SELECT * FROM (
  SELECT p.*, {{chars_before}}
  FROM (
    SELECT row, outcome::text AS outcome, contact_id, code, detail, NULL AS problems,
      NULL AS record, {{undone_at}}
    FROM contact_import_results r WHERE import_id = %(id)s AND row > %(after)s
    ORDER BY row LIMIT %(rows)s) p) q
{{full_page}}

-- part: lacks_a_cell
-- It got in, without a cell that is to be corrected.
l.outcome IS NOT NULL AND r.status = 'valid' AND r.problems @> '[{"code": "cell_dropped"}]'

-- part: entry_and_cells
l.contact_id, l.code, l.detail,
r.problems, CASE WHEN %(with_cells)s THEN r.record END AS record, {{undone_at}}

-- part: undone_at
(SELECT o.at FROM contact_row_undos o
  WHERE o.import_id = r.import_id AND o.row = r.row) AS undone_at

-- part: rows_with_entries
-- One look-up for each row: before the tables were first analyzed, a plain join read all entries
-- again for every row.
contact_import_rows r LEFT JOIN LATERAL (
  SELECT * FROM contact_import_results l
  WHERE l.import_id = r.import_id AND l.row = r.row LIMIT 1) l ON true

-- part: chars_before
sum(length(COALESCE(p.problems::text, '')) + length(COALESCE(p.record::text, '')))
  OVER (ORDER BY p.row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before

-- part: full_page
-- The rows of a page up to and with the one that passes the limit of characters.
WHERE COALESCE(chars_before, 0) <= %(chars)s ORDER BY row
