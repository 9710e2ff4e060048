-- Previews: each variant on temporary tables that bear the names of the real ones.

-- name: drop_outdated
-- What another version of the decision said of imports that wait goes, and its plan with it.
DELETE FROM contact_import_previews p USING contact_imports i
WHERE i.id = p.import_id AND i.state = ANY(%(previewed)s) AND p.decided_by IS DISTINCT FROM %(version)s

-- name: variants_there
SELECT strategy, create_new, hold_other_names FROM contact_import_previews
WHERE import_id = %(import_id)s

-- name: variants_requested
SELECT strategy, create_new, hold_other_names FROM contact_import_preview_requests
WHERE import_id = %(import_id)s ORDER BY create_new DESC, hold_other_names, strategy

-- part: shadow
CREATE TEMP TABLE {{table}} (LIKE public.{{table}} INCLUDING ALL)

-- name: key_triggers
-- What keeps the table of keys, for the shadow of `contacts`; it is emptied together with it.
SELECT replace(pg_get_triggerdef(oid), ' ON public.contacts ', ' ON pg_temp.contacts ') AS definition
FROM pg_trigger WHERE tgrelid = 'public.contacts'::regclass
  AND tgname LIKE 'contact\_keys\_%%' AND tgname <> 'contact_keys_empty'

-- name: make_email_keys
-- The view of all e-mails, on the shadows.
CREATE TEMP VIEW contact_email_keys AS
SELECT email_key AS key, id AS contact_id FROM contacts WHERE email_key IS NOT NULL
UNION ALL
SELECT key, contact_id FROM contact_further_emails

-- part: fill_contacts
-- The contacts that hold any key of the file, and those that a person chose for a row.
INSERT INTO pg_temp.{{into}} SELECT c.* FROM public.contacts c
WHERE c.id IN (
  {{holders}})

-- part: holders_of_key
-- Of one key, where the decision looks it up.
SELECT k.{{contact}} FROM contact_import_rows r JOIN public.{{table}} k ON k.{{column}} = r.{{own}}
WHERE r.import_id = %(import_id)s {{if_chosen}}

-- part: holders_of_further_keys
SELECT k.{{contact}} FROM contact_import_rows r
CROSS JOIN LATERAL jsonb_array_elements(r.{{further}}) f
JOIN public.{{table}} k ON k.{{column}} = f ->> 'key'
WHERE r.import_id = %(import_id)s AND r.{{further}} IS NOT NULL {{if_chosen}}

-- part: chosen_contacts
SELECT c.contact_id FROM contact_import_rows r
JOIN contact_import_choices c ON c.import_id = r.import_id AND c.row = r.row
WHERE r.import_id = %(import_id)s AND c.contact_id IS NOT NULL

-- part: is_chosen
AND (SELECT '{{key}}' = ANY(match_keys) FROM contact_imports WHERE id = %(import_id)s)

-- part: fill_persons
-- And those who are the same person as a row without e-mail, phone and ID.
INSERT INTO pg_temp.{{into}} SELECT c.* FROM (
  SELECT DISTINCT {{key}} AS person FROM contact_import_rows r
  WHERE import_id = %(import_id)s AND status = 'valid' AND {{keyless}}) r
JOIN public.contacts c ON c.person_key = r.person AND c.person_version = c.version
ON CONFLICT (id) DO NOTHING

-- name: fill_again
INSERT INTO pg_temp.contacts SELECT * FROM pg_temp.book_contacts

-- name: number_behind_the_book
-- And behind contacts that were deleted: a choice of one must not meet a contact made here.
SELECT setval('contacts_id_seq', 1 + GREATEST(
  (SELECT max(id) FROM public.contacts), (SELECT last_value FROM public.contacts_id_seq)))

-- name: options
SELECT match_keys, column_rules, tag, state, mended_at, clear_token, mapping,
  EXISTS (SELECT FROM contact_import_choices WHERE import_id = i.id) AS chosen
FROM contact_imports i WHERE id = %(import_id)s

-- name: still
-- Whether the rows are as they were and the lease is held.
SELECT FROM contact_imports
WHERE id = %(import_id)s AND state = ANY(%(previewed)s) AND lease_token = %(token)s
  AND mended_at IS NOT DISTINCT FROM %(mended_at)s FOR SHARE

-- name: make_book
-- What the simulations begin with.
CREATE TEMP TABLE book_contacts (LIKE public.contacts, PRIMARY KEY (id))

-- name: make_lines
CREATE TEMP TABLE simulated_lines (
  row bigint, variant integer, line text NOT NULL, PRIMARY KEY (row, variant))

-- name: make_composed
CREATE TEMP TABLE composed (variant integer, block bigint, lines text NOT NULL, left_out bigint,
  invalid bigint, new bigint, unchanged bigint, changed bigint, cleared bigint,
  PRIMARY KEY (variant, block))

-- name: state
SELECT state FROM contact_imports WHERE id = %(import_id)s

-- name: cleared_fields
-- How many fields the clear token empties. Of several addresses the main one goes.
SELECT count(*) AS fields FROM contact_changes h
CROSS JOIN LATERAL (
  SELECT clears FROM contact_import_rows r
  WHERE r.import_id = h.import_id AND r.row = h.row LIMIT 1) r
CROSS JOIN LATERAL unnest(r.clears) AS cleared(field)
WHERE h.before ? cleared.field

-- name: examples
-- A few rows of one outcome: the file's values, the contact's, and the change. The rows come first,
-- and all else is looked up for each of them: joined, the journal was read anew for every row.
SELECT l.row, l.outcome::text AS outcome, l.contact_id, l.code, l.detail, h.before, h.after,
  jsonb_strip_nulls(jsonb_build_object(
    {{row_fields}},
    'tags', NULLIF(r.tags, '{}'), 'custom', NULLIF(r.custom, '{}'))) AS file,
  jsonb_strip_nulls(jsonb_build_object(
    {{contact_fields}},
    'tags', NULLIF(c.tags, '{}'), 'custom', NULLIF(c.custom, '{}'))) AS now
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

-- part: keep_lines
-- The lines of a plan of the rows that were simulated.
INSERT INTO pg_temp.simulated_lines
SELECT l.row, %(number)s, {{line}} FROM (
  SELECT l.row, l.outcome, l.contact_id, l.code, l.detail, h.before
  FROM pg_temp.contact_import_results l
  LEFT JOIN pg_temp.contact_changes h ON h.row = l.row AND h.import_id = l.import_id) l

-- name: composed_behind
SELECT block, lines FROM pg_temp.composed
WHERE variant = %(number)s AND block > %(block)s ORDER BY block LIMIT %(limit)s

-- name: keep
-- Unless the mapping or a row changed, or another worker took over, meanwhile.
INSERT INTO contact_import_previews (import_id, strategy, create_new, hold_other_names,
  outcomes, examples, cleared, plan_digest, people, decided_by, last_change, last_contact)
SELECT id, %(strategy)s, %(create_new)s, %(hold_other_names)s,
  %(outcomes)s, %(examples)s, %(cleared)s, %(plan_digest)s, %(people)s, %(version)s,
  (SELECT COALESCE(min(COALESCE(last_change, 0)), 0) FROM contact_import_scans k
    WHERE k.import_id = i.id),
  (SELECT COALESCE(min(COALESCE(last_contact, 0)), 0) FROM contact_import_scans k
    WHERE k.import_id = i.id)
FROM contact_imports i
WHERE id = %(import_id)s AND state = ANY(%(previewed)s) AND lease_token = %(token)s
  AND mended_at IS NOT DISTINCT FROM %(mended_at)s FOR UPDATE
ON CONFLICT (import_id, strategy, create_new, hold_other_names) DO NOTHING

-- name: keep_header
INSERT INTO contact_import_plan_blocks (import_id, strategy, create_new, hold_other_names, block, lines)
VALUES (%(import_id)s, %(strategy)s, %(create_new)s, %(hold_other_names)s, -1, %(header)s)

-- name: keep_blocks
INSERT INTO contact_import_plan_blocks (import_id, strategy, create_new, hold_other_names, block, lines,
  shared)
SELECT %(import_id)s, %(strategy)s, %(create_new)s, %(hold_other_names)s, block, lines, ARRAY(
  SELECT s.row FROM contact_import_scans k CROSS JOIN LATERAL unnest(k.simulated) s(row)
  WHERE k.import_id = %(import_id)s AND k.first_row = block * {{block_rows}} / {{range}} * {{range}}
    AND s.row / {{block_rows}} = block
  ORDER BY s.row)
FROM pg_temp.composed WHERE variant = %(number)s
