-- The search over an import's rows: `reports/row_search.py`.

-- name: unprepared
-- The newest of the imports that came to an end and have no blocks yet.
SELECT i.id FROM contact_imports i
WHERE i.state = ANY(%(states)s) AND i.expired_at IS NULL
  AND NOT EXISTS (SELECT FROM contact_import_row_words w WHERE w.import_id = i.id)
  AND EXISTS (SELECT FROM contact_import_rows r WHERE r.import_id = i.id)
ORDER BY i.completed_at DESC LIMIT 1

-- name: give_way
SET LOCAL lock_timeout = '300ms'

-- name: lock
-- A transaction that changes rows later sees the blocks, and notes in them that they changed.
SELECT pg_advisory_xact_lock({{lock}})

-- name: begin
INSERT INTO contact_import_row_words (import_id, block)
SELECT %(import_id)s, block FROM generate_series(
  (SELECT min(row) / {{rows}} FROM contact_import_rows WHERE import_id = %(import_id)s),
  (SELECT max(row) / {{rows}} FROM contact_import_rows WHERE import_id = %(import_id)s)) block
ON CONFLICT DO NOTHING

-- part: pending
SELECT w.import_id, w.block, w.version FROM contact_import_row_words w
WHERE w.words IS NULL AND {{whose}} ORDER BY w.import_id, w.block LIMIT %(blocks)s

-- part: of_import
w.import_id = %(import_id)s

-- part: of_kept
NOT EXISTS (SELECT FROM contact_imports i WHERE i.id = w.import_id AND i.expired_at IS NOT NULL)

-- name: texts
-- A text or a phone in each line. `c` is a row of the file: its columns are those of a contact.
SELECT w.number, c.row %% {{rows}} AS place,
  concat_ws(E'\n', {{texts_of}}, array_to_string(c.record, E'\n')) AS texts, {{phones_of}} AS phones
FROM unnest(%(imports)s::uuid[], %(blocks)s::bigint[]) WITH ORDINALITY w(import_id, block, number)
JOIN contact_import_rows c ON c.import_id = w.import_id
  AND c.row >= w.block * {{rows}} AND c.row < (w.block + 1) * {{rows}}

-- name: keep
-- A block with a row that was changed since they were read stays pending.
UPDATE contact_import_row_words w SET signature = k.signature, words = k.words
FROM unnest(%(imports)s::uuid[], %(blocks)s::bigint[], %(versions)s::bigint[],
  %(signatures)s::bytea[], %(words)s::text[]) k(import_id, block, version, signature, words)
WHERE w.import_id = k.import_id AND w.block = k.block AND w.version = k.version

-- name: unknown
-- How many rows the search does not know yet; null where it knows of none.
SELECT {{rows}} * count(*) FILTER (WHERE words IS NULL) AS rows, count(*) AS blocks
FROM contact_import_row_words WHERE import_id = %(import_id)s

-- part: behind
w.block >= %(after)s / {{rows}}

-- part: of_these
w.block = ANY(%(blocks)s::bigint[])

-- part: few
-- In which blocks the conditions hold for a row, where an index finds these.
SELECT l.row / {{rows}} AS block FROM {{source}} l WHERE {{conditions}} LIMIT %(most)s

-- part: found
-- In the order of the file, a block after the other, so that the first rows are there soon.
-- OFFSET 0: the signature is asked first, and words are read where it allows for them.
SELECT m.block * {{rows}} + m.line - 1 AS row FROM (
  SELECT w.block, l.line FROM (
    SELECT w.block, w.words FROM contact_import_row_words w
    WHERE w.import_id = %(id)s AND {{among}} AND {{may_have}}
    ORDER BY w.block OFFSET 0) w
  CROSS JOIN LATERAL string_to_table(w.words, E'\n') WITH ORDINALITY l(words, line)
  WHERE {{has}} ORDER BY w.block, l.line) m
CROSS JOIN LATERAL (
  SELECT FROM {{source}} l
  WHERE l.import_id = %(id)s AND l.row = m.block * {{rows}} + m.line - 1 AND {{conditions}} LIMIT 1) l
ORDER BY m.block, m.line LIMIT %(limit)s
