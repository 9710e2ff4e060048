-- Previews: each strategy on temporary tables that bear the names of the real ones.

-- name: strategies_there
SELECT strategy FROM contact_import_previews WHERE import_id = %(import_id)s

-- part: shadow
CREATE TEMP TABLE {{table}} (LIKE public.{{table}} INCLUDING ALL)

-- part: fill_contacts
-- The contacts that hold any key of the file.
INSERT INTO contacts SELECT c.* FROM public.contacts c
WHERE c.id IN (
  {{holders}})

-- part: holders_of_key
-- Of one key, where the decision looks it up.
SELECT k.id FROM contact_import_rows r JOIN public.contacts k ON k.{{column}} = r.{{column}}
WHERE r.import_id = %(import_id)s {{if_chosen}}

-- part: is_chosen
AND (SELECT '{{key}}' = ANY(match_keys) FROM contact_imports WHERE id = %(import_id)s)

-- name: number_behind_the_book
SELECT setval('contacts_id_seq', (SELECT COALESCE(max(id), 0) + 1 FROM public.contacts))

-- name: choices
SELECT match_keys, state, mended_at, clear_token, mapping FROM contact_imports WHERE id = %(import_id)s

-- name: state
SELECT state FROM contact_imports WHERE id = %(import_id)s

-- name: cleared_fields
-- How many fields the clear token empties, without those that something else may have emptied.
SELECT count(*) AS fields FROM contact_changes, jsonb_each(after) f
WHERE f.value IN ('null', '[]') AND f.key <> ALL(%(others)s)

-- name: examples
-- A few rows of one outcome: the file's values, the contact's, and the change. The rows come first,
-- and all else is looked up for each of them: joined, the journal was read anew for every row.
SELECT l.row, l.outcome::text AS outcome, l.contact_id, l.code, l.detail, h.before, h.after,
  jsonb_strip_nulls(jsonb_build_object(
    {{row_fields}},
    'tags', NULLIF(r.tags, '{}'), 'custom', NULLIF(r.custom, '{}'))) AS file,
  jsonb_strip_nulls(jsonb_build_object(
    {{contact_fields}},
    'tags', NULLIF(c.tags, '{}'), 'custom', NULLIF(c.custom, '{}'))) AS now,
  (SELECT jsonb_agg(jsonb_build_object('id', o.id, {{compared_fields}}))
    FROM jsonb_array_elements_text(l.detail -> 'contacts') k
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE id = k::bigint LIMIT 1) o) AS contacts
FROM (
  SELECT * FROM contact_import_results
  WHERE import_id = %(import_id)s AND outcome = %(outcome)s::outcome
  ORDER BY code NULLS FIRST, row LIMIT %(limit)s) l
CROSS JOIN LATERAL (
  SELECT * FROM contact_import_rows WHERE import_id = l.import_id AND row = l.row LIMIT 1) r
LEFT JOIN LATERAL (SELECT * FROM public.contacts WHERE id = l.contact_id LIMIT 1) c ON true
LEFT JOIN LATERAL (
  SELECT * FROM (SELECT * FROM contact_changes WHERE contact_id = l.contact_id OFFSET 0) o
  WHERE import_id = l.import_id AND row = l.row LIMIT 1) h ON true
ORDER BY l.code NULLS FIRST, l.row

-- name: keep
-- Unless the mapping or a row changed, or another worker took over, meanwhile.
INSERT INTO contact_import_previews (import_id, strategy, outcomes, examples, cleared, promised)
SELECT id, %(strategy)s, %(outcomes)s, %(examples)s, %(cleared)s, %(promised)s
FROM contact_imports
WHERE id = %(import_id)s AND state = 'ready' AND lease_token = %(token)s
  AND mended_at IS NOT DISTINCT FROM %(mended_at)s FOR UPDATE
ON CONFLICT (import_id, strategy) DO NOTHING
