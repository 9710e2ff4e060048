-- The plan: what an execution would do, row by row, as the lines of a CSV in blocks of rows.

-- part: line
-- A row's line, of a ledger's entry `l`; `writes` says whether it changed a contact. The word by name
-- costs less than the type's own way to text. A contact that the import itself makes has no number before: `joins_row` names the row.
l.row::text || {{word}}
  || CASE WHEN l.outcome = 'created' OR l.detail ? 'row' THEN '' ELSE COALESCE(l.contact_id::text, '') END
  || ',' || COALESCE(l.code, '') || ',' || COALESCE(l.detail ->> 'row', '')
  || ',' || CASE WHEN {{writes}} THEN {{changed}} ELSE '' END || E'\n'

-- part: changed
-- The changed fields as one cell: `fields` are names or null. A subselect takes longer than the rest
-- of the line: only rows with custom fields that may have changed come to it.
CASE WHEN NOT ({{has_labels}}) THEN concat_ws('|', {{fields}}) ELSE
(SELECT CASE WHEN labels IS NULL THEN fields
    WHEN labels ~ '[",]' THEN '"' || replace(concat_ws('|', NULLIF(fields, ''), labels), '"', '""') || '"'
    ELSE concat_ws('|', NULLIF(fields, ''), labels) END
  FROM (SELECT concat_ws('|', {{fields}}) AS fields, {{labels}} AS labels OFFSET 0) named) END

-- part: labels
-- Custom fields `k` of a list: in the order of their bytes, in any language of the database.
-- Each in one line, protected as a cell is in `reading/formulas.py`, and quoted where it needs that.
(SELECT string_agg(CASE WHEN k !~ '[|",;\t\r\n]' THEN k
    WHEN k ~ '[|"]' THEN '"' || replace({{protected}}, '"', '""') || '"'
    ELSE {{protected}} END, '|' ORDER BY k COLLATE "C")
  FROM {{names}} k WHERE starts_with(k, 'custom:'))

-- part: protected
regexp_replace(regexp_replace(k, '[\r\n]+', ' ', 'g'), '{{formula}}', '\1''', 'g')

-- part: ledger_block
-- The lines of the rows of a block, as far as the ledger has them. Of a contact that many rows
-- changed, the journal is read once. Sorted by row, each change stands right behind its entry: that
-- needs no join, whose plan would depend on the session's settings.
WITH entries AS MATERIALIZED (
  SELECT row, outcome, contact_id, code, detail FROM contact_import_results
  WHERE import_id = %(import_id)s AND row >= %(first)s AND row <= %(last)s),
changes AS MATERIALIZED (
  SELECT h.row, h.before
  FROM (SELECT DISTINCT contact_id FROM entries WHERE outcome IN ({{changing}})) c
  CROSS JOIN LATERAL (SELECT * FROM contact_changes WHERE contact_id = c.contact_id OFFSET 0) h
  WHERE h.import_id = %(import_id)s AND h.kind = 'import' AND h.row >= %(first)s AND h.row <= %(last)s)
SELECT string_agg({{line}}, '' ORDER BY l.row) AS lines FROM (
  SELECT *, lead(change) OVER (ORDER BY row, change IS NOT NULL) AS before FROM (
    SELECT row, outcome, contact_id, code, detail, NULL::jsonb AS change FROM entries
    UNION ALL
    SELECT row, NULL, NULL, NULL, NULL, before FROM changes) sorted) l
WHERE l.outcome IS NOT NULL

-- name: blocks
SELECT block, lines FROM contact_import_plan_blocks
WHERE import_id = %(import_id)s AND strategy = %(strategy)s AND create_new = %(create_new)s
  AND hold_other_names = %(hold_other_names)s AND block >= %(first)s AND strpos(lines, %(sought)s) > 0
ORDER BY block LIMIT 1
