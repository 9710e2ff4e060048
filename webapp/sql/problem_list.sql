-- The list of cells with problems, in the order in which they are corrected: `staging/problem_list.py`.

-- part: kind
CASE WHEN status = 'left_out' THEN 2 WHEN status = 'valid' THEN 1
  WHEN severity = 'error' THEN 0 ELSE 3 END

-- part: cells
-- Each code of each cell once; a row that was left out, and has no problem, by itself.
SELECT DISTINCT ON (row, "column", code) row, "column", code, {{kind}} AS kind, place,
  suggests, hashtextextended(COALESCE(value, ''), 0) AS hash, value IS NOT NULL AS says
FROM (
  SELECT r.row, r.status, COALESCE((x ->> 'column')::bigint, -1) AS "column", x ->> 'code' AS code,
    x ->> 'severity' AS severity, x ->> 'value' AS value, x ? 'suggestion' AS suggests, place
  FROM ({{rows}}) r, jsonb_array_elements(r.problems) WITH ORDINALITY AS t(x, place)
  UNION ALL
  SELECT r.row, r.status, -1, 'left_out', 'warning', NULL, false, 1
  FROM ({{left_out}}) r) found
ORDER BY row, "column", code, place

-- part: ranked
SELECT row, "column", code, kind, suggests, hash, says,
  CASE WHEN row_number() OVER (PARTITION BY row, kind ORDER BY place, code) = 1 THEN 0
    WHEN row_number() OVER (PARTITION BY row, kind, "column" ORDER BY place, code) = 1 THEN 1
    ELSE 2 END AS rank
FROM ({{cells}}) c

-- part: first_rows
SELECT row, status, problems FROM contact_import_rows
WHERE import_id = %(import_id)s AND problems IS NOT NULL ORDER BY row LIMIT %(most)s

-- part: first_left_out
SELECT r.row, r.status FROM contact_import_corrections c
JOIN contact_import_rows r ON r.import_id = c.import_id AND r.row = c.row
WHERE c.import_id = %(import_id)s AND c.left_out AND r.problems IS NULL
ORDER BY r.row LIMIT %(most)s

-- name: clear
DELETE FROM contact_import_listed_cells WHERE import_id = %(import_id)s

-- part: make
-- What has a suggestion first, then equal values, the most frequent ones first, then single ones.
INSERT INTO contact_import_listed_cells
  (import_id, row, "column", code, kind, rank, "group", number, hash)
SELECT %(import_id)s, row, "column", code, kind, rank, CASE WHEN suggests THEN 0
    WHEN alike > 1 THEN 2 * min(number) OVER (PARTITION BY kind, "column", code, hash, alike)
    ELSE 2 * number + 1 END, number, hash
FROM (
  SELECT *, row_number() OVER (ORDER BY kind, suggests DESC, alike DESC,
    CASE WHEN alike > 1 THEN "column" END, CASE WHEN alike > 1 THEN code END,
    CASE WHEN alike > 1 THEN hash END, row, "column", rank) AS number
  FROM (
    SELECT *, CASE WHEN suggests OR NOT says OR rank > 1 THEN 1 ELSE count(*)
      OVER (PARTITION BY kind, "column", code, hash, suggests, says, rank > 1) END AS alike
    FROM ({{made}}) r) counted) numbered

-- name: listed
UPDATE contact_imports SET listed_to = (CASE WHEN (
    SELECT count(*) FROM ({{first_rows}}) r) < %(most)s THEN 9223372036854775807
  ELSE (SELECT max(row) FROM ({{first_rows}}) r) END)
WHERE id = %(import_id)s RETURNING listed_to

-- name: take_off
DELETE FROM contact_import_listed_cells
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[])
RETURNING row, "column", code, "group", number, hash

-- part: these_rows
SELECT row, status, problems FROM contact_import_rows
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) AND problems IS NOT NULL

-- part: these_left_out
SELECT r.row, r.status FROM contact_import_rows r
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) AND problems IS NULL
  AND status = 'left_out'

-- part: put_back
-- A cell keeps its place, and stays in its group as long as it says what the others do.
INSERT INTO contact_import_listed_cells
  (import_id, row, "column", code, kind, rank, "group", number, hash)
SELECT %(import_id)s, row, "column", code, kind, rank, CASE WHEN suggests THEN 0
    WHEN is_same AND was_group > 0 THEN was_group ELSE 2 * number + 1 END, number, hash
FROM (
  SELECT n.*, COALESCE(o.number, %(new)s + n.row * 1000 + n."column") AS number,
    o."group" AS was_group, o.code = n.code AND o.hash = n.hash AS is_same
  FROM ({{renewed}}) n
  LEFT JOIN LATERAL (
    SELECT * FROM jsonb_to_recordset(%(before)s) AS b(row bigint, "column" bigint, code text,
      "group" bigint, number bigint, hash bigint)
    WHERE b.row = n.row AND b."column" = n."column" ORDER BY b.code = n.code DESC LIMIT 1) o
    ON true) placed

-- part: asked
FROM contact_import_listed_cells l WHERE l.import_id = %(import_id)s AND {{filtered}}

-- part: says
EXISTS (SELECT FROM contact_import_rows t WHERE t.import_id = l.import_id AND t.row = l.row
  AND array_to_string(t.record, ' ') ILIKE %(pattern)s)

-- part: first_of_code
l."column" = (SELECT min(o."column") FROM contact_import_listed_cells o
  WHERE o.import_id = l.import_id AND o.row = l.row AND o.code = l.code)

-- part: page
-- Up to the row with which they hold more text than a page may.
SELECT * FROM (
  SELECT *, sum(length(record::text)) OVER (ORDER BY "group", number
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS chars_before
  FROM (
    SELECT l."column", l.code, l.kind, l."group", l.number, r.row, r.status, r.problems, r.record
    FROM (SELECT * {{asked}} AND (l."group", l.number) > (%(group_after)s, %(after)s)
      ORDER BY l."group", l.number LIMIT %(limit)s) l
    CROSS JOIN LATERAL (SELECT row, status, problems, record FROM contact_import_rows
      WHERE import_id = l.import_id AND row = l.row LIMIT 1) r) first) bounded
WHERE COALESCE(chars_before, 0) <= %(chars)s ORDER BY "group", number

-- name: groups
SELECT "group", kind, count(*) AS rows FROM contact_import_listed_cells
WHERE import_id = %(import_id)s AND kind = ANY(%(kinds)s::smallint[])
  AND "group" = ANY(%(groups)s::bigint[]) AND rank < 2 GROUP BY 1, 2

-- name: counts
SELECT kind, "column", code, "group" = 0 AS suggested, count(*) AS cells,
  count(*) FILTER (WHERE rank = 0) AS rows
FROM contact_import_listed_cells WHERE import_id = %(import_id)s AND rank < 2 GROUP BY 1, 2, 3, 4

-- name: corrected
-- Rows that a person corrected or left out, and that need nothing any more.
SELECT count(*) FROM contact_import_corrections c WHERE c.import_id = %(import_id)s
  AND NOT EXISTS (SELECT FROM contact_import_listed_cells l
    WHERE l.import_id = c.import_id AND l.row = c.row AND l.kind = 0)

-- name: changed
-- The newest act on each row that is not undone.
SELECT DISTINCT ON (c.row) c.row, c.act, a.made_by, a.made_at
FROM contact_import_corrected_cells c
JOIN contact_import_acts a ON a.import_id = c.import_id AND a.number = c.act
WHERE c.import_id = %(import_id)s AND c.row = ANY(%(rows)s::bigint[]) AND a.undone_at IS NULL
ORDER BY c.row, c.act DESC

-- name: originals
-- What the file says of cells that were changed.
SELECT DISTINCT ON (row, "column") row, "column", before FROM contact_import_corrected_cells
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) AND "column" >= 0
ORDER BY row, "column", act
