-- The one pass over an import's rows that all its previews share: `deciding/preview_scan.py`.
--
-- The decision's own look-up says once whom each row belongs to, and its new values say, for each
-- strategy that writes, which fields of the contact would change. That is what becomes of a row
-- which shares no key and no contact with another row of the file. The others are simulated.


-- The pass, a range of rows at a time: $1 the import, $2 the row before the range, $3 how many rows
-- at most, $4 the row behind it, $5 what the pass depends on.

-- part: rows_of_range
contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row > $2::bigint AND r.row < $4::bigint

-- part: scan
INSERT INTO contact_import_scans (import_id, first_row, inputs, rows, statuses, codes, owners,
  updates, merges, update_clears, merge_clears, persons, update_persons, merge_persons, apart,
  key_rows, keys, keyless, last_change, last_contact)
WITH {{looked}},
valid AS NOT MATERIALIZED (SELECT * FROM looked WHERE status = 'valid')
SELECT $1::uuid, $2::bigint + 1, $5::text, found.*, shared.*, {{keyless_persons}},
  (SELECT max(id) FROM contact_changes), (SELECT max(id) FROM contacts)
FROM (
  SELECT array_agg(d.row), array_agg(NULLIF(d.status, 'valid')), array_agg(d.code),
    array_agg(CASE WHEN d.conflict IS NULL THEN d.owner END),
    array_agg(v.updates), array_agg(v.merges),
    array_agg(v.update_clears), array_agg(v.merge_clears),
    {{persons_of_rows}},
    array_agg(d.row) FILTER (WHERE {{apart}})
  FROM looked d LEFT JOIN LATERAL (
    SELECT of_update.names AS updates, of_merge.names AS merges,
      of_update.clears AS update_clears, of_merge.clears AS merge_clears,
      {{values_of_persons}}
      of_update.exceeds OR of_merge.exceeds AS exceeds
    FROM (
      SELECT * FROM contact_import_rows r
      WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1) j
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
    CROSS JOIN LATERAL (
      {{of_update}}) of_update
    CROSS JOIN LATERAL (
      {{of_merge}}) of_merge
    WHERE d.owner IS NOT NULL AND d.conflict IS NULL) v ON true
  HAVING count(*) > 0) found,
(
  SELECT array_agg(row), array_agg(key) FROM (
    {{keys}}) k WHERE key IS NOT NULL) shared

-- part: told
{{names}} AS names, n.exceeds, {{clears}} AS clears{{person}}

-- part: clears
-- How many fields the clear token empties. Of several addresses the main one goes.
CASE WHEN j.clears IS NOT NULL THEN (
  SELECT count(*) FROM unnest(j.clears) AS cleared(field)
  WHERE CASE field
    {{of_fields}}
    ELSE starts_with(field, 'custom:')
      AND n.old_custom -> substr(field, 8) IS DISTINCT FROM n.custom -> substr(field, 8) END) END

-- part: changed_labels
-- The custom fields that change.
(SELECT 'custom:' || label AS k FROM jsonb_object_keys(n.old_custom || n.custom) label
  WHERE n.old_custom -> label IS DISTINCT FROM n.custom -> label)

-- part: persons
array_agg(CASE WHEN {{means_person}} THEN NULL WHEN d.owner IS NULL THEN d.person ELSE v.person END),
array_agg(CASE WHEN {{means_person}} THEN NULL ELSE v.updated END),
array_agg(CASE WHEN {{means_person}} THEN NULL ELSE v.merged END)

-- What a row shares with others: the keys that no contact has, by a hash, and the contacts that it
-- reaches, by their numbers. Where two are the same by chance, more rows are simulated.

-- part: free_keys
SELECT row, hashtextextended(free_{{key}}, {{seed}}) AS key FROM valid WHERE free_{{key}} IS NOT NULL

-- part: free_addresses
SELECT row, hashtextextended(unnest(further_free_{{key}}), {{seed}})
FROM valid WHERE further_free_{{key}} IS NOT NULL

-- part: contacts
-- A row without a conflict reaches no other contact than its owner.
SELECT row, owner FROM valid WHERE conflict IS NULL
UNION ALL
SELECT row, unnest({{reached}}) FROM valid WHERE {{reaches_more}}

-- part: phones
-- Contacts can share a phone, and the look-up names two of them. Once an earlier row gave one of
-- these another phone, a row reaches the next: so rows share the phones of those whom they reach.
SELECT DISTINCT row, hashtextextended(phone, {{seed}}) FROM (
  SELECT row, unnest(phones) AS phone FROM valid
  UNION ALL
  SELECT v.row, p.key
  FROM valid v CROSS JOIN LATERAL unnest({{reached}}) k(id)
  CROSS JOIN LATERAL (
    SELECT phone_key, further_phones FROM contacts WHERE id = k.id LIMIT 1) c
  CROSS JOIN LATERAL (
    SELECT c.phone_key AS key
    UNION ALL SELECT f ->> 'key' FROM jsonb_array_elements(c.further_phones) f) p) phones


-- The pass goes on where it was put down, unless what it depends on has changed.

-- name: forget_others
DELETE FROM contact_import_scans WHERE import_id = %(import_id)s AND inputs <> %(inputs)s

-- name: missing_ranges
-- The first row numbers of those that hold rows and are not there yet.
SELECT start FROM generate_series(
  (SELECT min(row) / {{range}} * {{range}} FROM contact_import_rows WHERE import_id = %(import_id)s),
  (SELECT max(row) FROM contact_import_rows WHERE import_id = %(import_id)s), {{range}}) start
WHERE NOT EXISTS (
    SELECT FROM contact_import_scans WHERE import_id = %(import_id)s AND first_row = start)
  AND EXISTS (
    SELECT FROM contact_import_rows
    WHERE import_id = %(import_id)s AND row >= start AND row < start + {{range}})
ORDER BY start

-- name: forget
DELETE FROM contact_import_scans WHERE import_id = %(import_id)s


-- Which rows are simulated: known once all ranges are there.

-- name: is_known
SELECT count(*) > 0 AND bool_and(simulated IS NOT NULL) AS known FROM contact_import_scans
WHERE import_id = %(import_id)s

-- name: find_simulated
-- Rows of which something stands in another row too, in the order of what they share; and those that
-- are simulated in any case.
WITH pairs AS (
  SELECT k.first_row, u.row, u.key
  FROM contact_import_scans k CROSS JOIN LATERAL unnest(k.key_rows, k.keys) u(row, key)
  WHERE k.import_id = %(import_id)s),
neighbours AS (
  SELECT first_row, row, lag(row) OVER beside AS row_before, lead(row) OVER beside AS row_behind,
    key = lag(key) OVER beside AS as_before, key = lead(key) OVER beside AS as_behind
  FROM pairs WINDOW beside AS (ORDER BY key, row)),
found AS (
  SELECT first_row, row FROM neighbours
  WHERE as_before AND row <> row_before OR as_behind AND row <> row_behind
  UNION ALL
  SELECT first_row, unnest(apart) FROM contact_import_scans WHERE import_id = %(import_id)s
  UNION ALL
  {{of_keyless}}
  UNION ALL
  SELECT first_row, NULL FROM contact_import_scans WHERE import_id = %(import_id)s)
UPDATE contact_import_scans k SET simulated = f.rows
FROM (
  SELECT first_row, COALESCE(array_agg(DISTINCT row) FILTER (WHERE row IS NOT NULL), '{}') AS rows
  FROM found GROUP BY first_row) f
WHERE k.import_id = %(import_id)s AND k.first_row = f.first_row

-- part: of_keyless
-- Rows that make or change a contact which a row without any key may mean by what it is called.
SELECT p.first_row, p.row
FROM (
  SELECT DISTINCT unnest(keyless) AS person FROM contact_import_scans
  WHERE import_id = %(import_id)s) sought
JOIN (
  SELECT k.first_row, u.row, unnest(ARRAY[u.person, u.updated, u.merged]) AS person
  FROM contact_import_scans k
  CROSS JOIN LATERAL unnest(k.rows, k.persons, k.update_persons, k.merge_persons)
    u(row, person, updated, merged)
  WHERE k.import_id = %(import_id)s AND k.persons IS NOT NULL) p ON p.person = sought.person

-- part: add_examples
-- Examples are shown from the simulation: the first rows of each outcome that the book alone decides.
WITH examples AS (
  {{examples}})
UPDATE contact_import_scans k SET simulated = k.simulated || e.rows
FROM (SELECT first_row, array_agg(DISTINCT row) AS rows FROM examples GROUP BY first_row) e
WHERE k.import_id = %(import_id)s AND k.first_row = e.first_row

-- part: examples_of
(SELECT k.first_row, o.row
FROM contact_import_scans k
CROSS JOIN LATERAL (
  SELECT o.row FROM unnest(k.rows, k.owners, k.updates, k.merges) o(row, owner, updates, merges)
  LEFT JOIN unnest(k.simulated) s(row) ON s.row = o.row
  WHERE o.owner IS NOT NULL AND {{which}} AND s.row IS NULL) o
WHERE k.import_id = %(import_id)s
ORDER BY k.first_row, o.row LIMIT {{examples}})

-- name: fill_rows
INSERT INTO pg_temp.contact_import_rows SELECT r.*
FROM (
  SELECT unnest(simulated) AS row FROM contact_import_scans WHERE import_id = %(import_id)s) s
CROSS JOIN LATERAL (
  SELECT * FROM public.contact_import_rows WHERE import_id = %(import_id)s AND row = s.row LIMIT 1) r


-- What variants come to: the lines of the simulations, and for all other rows what the pass found. The
-- variants are numbered from 1 on without a gap.

-- part: compose
INSERT INTO pg_temp.composed
SELECT v.variant, b.block, v.lines, b.left_out, b.invalid, b.new, v.unchanged, v.changed, v.cleared
FROM contact_import_scans k CROSS JOIN LATERAL (
  SELECT o.row / {{block_rows}} AS block,
    count(*) FILTER (WHERE s.row IS NULL AND o.status = 'left_out') AS left_out,
    count(*) FILTER (WHERE s.row IS NULL AND o.status = 'invalid') AS invalid,
    count(*) FILTER (WHERE s.row IS NULL AND o.status IS NULL AND o.owner IS NULL) AS new,
    {{of_variants}}
  FROM unnest(k.rows, k.statuses, k.codes, k.owners,
      k.updates, k.merges, k.update_clears, k.merge_clears)
    o(row, status, code, owner, updates, merges, update_clears, merge_clears)
  LEFT JOIN (
    SELECT row, array_agg(line ORDER BY variant) AS lines FROM pg_temp.simulated_lines
    WHERE row >= k.first_row AND row < k.first_row + {{range}} GROUP BY row) s ON s.row = o.row
  GROUP BY o.row / {{block_rows}}) b
CROSS JOIN LATERAL (VALUES
  {{rows_of_variants}}) v(variant, lines, unchanged, changed, cleared)
WHERE k.import_id = %(import_id)s

-- part: of_variant
string_agg(COALESCE(s.lines[{{number}}], o.row::text || CASE
  WHEN o.status IS NOT NULL THEN ',' || o.status || ',,' || COALESCE(o.code, '') || ',,'
  WHEN o.owner IS NULL THEN ',{{new}},,,,'
  {{of_matched}} END || E'\n'), '' ORDER BY o.row) AS lines_{{number}},
{{counts}}

-- part: counts_of_met
0 AS unchanged_{{number}},
count(*) FILTER (WHERE s.row IS NULL AND o.owner IS NOT NULL) AS changed_{{number}},
0 AS cleared_{{number}}

-- part: counts_of_compared
count(*) FILTER (
  WHERE s.row IS NULL AND o.owner IS NOT NULL AND o.{{names}} = '') AS unchanged_{{number}},
count(*) FILTER (
  WHERE s.row IS NULL AND o.owner IS NOT NULL AND o.{{names}} IS DISTINCT FROM '') AS changed_{{number}},
COALESCE(sum(o.{{cleared}}) FILTER (WHERE s.row IS NULL), 0) AS cleared_{{number}}

-- part: row_of_variant
({{number}}, b.lines_{{number}}, b.unchanged_{{number}}, b.changed_{{number}}, b.cleared_{{number}})

-- part: line_of_met
ELSE ',{{outcome}},' || o.owner::text || ',,,'

-- part: line_of_compared
WHEN o.{{names}} = '' THEN ',unchanged,' || o.owner::text || ',,,'
ELSE ',{{outcome}},' || o.owner::text || ',,,' || o.{{names}}

-- name: composed
SELECT variant, sum(left_out)::bigint AS left_out, sum(invalid)::bigint AS invalid,
  sum(new)::bigint AS new, sum(unchanged)::bigint AS unchanged, sum(changed)::bigint AS changed,
  sum(cleared)::bigint AS cleared
FROM pg_temp.composed GROUP BY variant
