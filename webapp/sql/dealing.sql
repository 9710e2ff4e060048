-- Which rows lanes take, and how far they are: `executing/dealing.py`.

-- name: plan
-- The plan of exactly what is executed, if it is of today's decision and tells which of its rows share
-- something; how many do, and the last row of the file.
SELECT p.strategy, p.create_new, p.hold_other_names, p.last_change, p.last_contact,
  (SELECT max(row) FROM contact_import_rows WHERE import_id = i.id) AS last_row, b.shared
FROM contact_imports i
JOIN contact_import_previews p ON p.import_id = i.id AND p.strategy = i.duplicate_strategy
  AND p.create_new = i.create_new AND p.hold_other_names = i.hold_other_names
CROSS JOIN LATERAL (
  SELECT sum(cardinality(shared)) AS shared, bool_and(shared IS NOT NULL) AS told
  FROM contact_import_plan_blocks
  WHERE import_id = p.import_id AND strategy = p.strategy AND create_new = p.create_new
    AND hold_other_names = p.hold_other_names AND block >= 0) b
WHERE i.id = %(import_id)s AND p.decided_by = %(version)s AND p.last_change IS NOT NULL AND b.told

-- name: keys_by_others
-- Whether anyone else gave a contact a key since; and the book's newest entry and contact now. A key
-- that a contact loses makes no rows meet that shared nothing.
SELECT EXISTS (SELECT FROM contact_changes
    WHERE id > %(last_change)s AND import_id IS DISTINCT FROM %(import_id)s
      AND after ?| ARRAY[{{keys}}])
  OR EXISTS (SELECT FROM contacts
    WHERE id > %(last_contact)s AND imported_from IS DISTINCT FROM %(import_id)s
      AND ({{has_key}})) AS given,
  COALESCE((SELECT max(id) FROM contact_changes), 0) AS last_change,
  COALESCE((SELECT max(id) FROM contacts), 0) AS last_contact

-- name: rows_between
-- The rows of some blocks of the plan, those of them that share something, and which blocks are there.
SELECT ARRAY(
    SELECT row FROM contact_import_rows
    WHERE import_id = %(import_id)s AND row > %(after)s AND row <= %(last)s ORDER BY row) AS rows,
  COALESCE(array_agg(block), '{}') AS blocks,
  ARRAY(
    SELECT s.row FROM contact_import_plan_blocks b CROSS JOIN LATERAL unnest(b.shared) s(row)
    WHERE {{of_variant}} AND s.row > %(after)s AND s.row <= %(last)s) AS shared
FROM contact_import_plan_blocks b WHERE {{of_variant}}

-- part: of_variant
b.import_id = %(import_id)s AND b.strategy = %(strategy)s AND b.create_new = %(create_new)s
AND b.hold_other_names = %(hold_other_names)s
AND b.block >= %(after)s / {{block_rows}} AND b.block <= %(last)s / {{block_rows}}

-- name: furthest
-- The last row that has an entry.
SELECT COALESCE(max(row), 0) AS row FROM contact_import_results WHERE import_id = %(import_id)s
