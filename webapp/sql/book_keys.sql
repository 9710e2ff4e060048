-- The keys of the book under newer rules, some contacts at a time.

-- name: are_behind
SELECT FROM installation WHERE key_rules < %(rules)s

-- name: hold
-- Two workers never do the same.
SELECT keys_reached FROM installation WHERE key_rules < %(rules)s FOR UPDATE

-- name: last_of_next
-- The contacts end where fewer are left; the journal may know of some behind them.
SELECT max(id) FILTER (WHERE place = %(at_a_time)s) AS id FROM (
  SELECT id, row_number() OVER (ORDER BY id) AS place
  FROM contacts WHERE id > %(reached)s ORDER BY id LIMIT %(at_a_time)s) next

-- part: next_contacts
id > %(reached)s AND (%(until)s::bigint IS NULL OR id <= %(until)s)

-- part: next_entries
contact_id > %(reached)s AND (%(until)s::bigint IS NULL OR contact_id <= %(until)s)

-- name: phone_keys
SELECT phone_key AS key FROM contacts WHERE {{next_contacts}} AND phone_key IS NOT NULL
UNION
SELECT f ->> 'key' FROM contacts CROSS JOIN LATERAL jsonb_array_elements(further_phones) f
WHERE {{next_contacts}} AND further_phones <> '[]' AND f ->> 'key' IS NOT NULL
UNION
SELECT side ->> 'phone_key' FROM contact_changes h
CROSS JOIN LATERAL (VALUES (h.before), (h.after)) s(side)
WHERE {{next_entries}} AND side ->> 'phone_key' IS NOT NULL
UNION
SELECT f ->> 'key' FROM contact_changes h
CROSS JOIN LATERAL (VALUES (h.before), (h.after)) s(side)
CROSS JOIN LATERAL jsonb_path_query(side, '$.further_phones[*]') f
WHERE {{next_entries}} AND side ? 'further_phones' AND f ->> 'key' IS NOT NULL

-- part: without_keys
-- A list of phones, without the keys that are wrong.
COALESCE((
  SELECT jsonb_agg(
    CASE WHEN f ->> 'key' = ANY(%(wrong)s) THEN f || '{"key": null}' ELSE f END ORDER BY place)
  FROM jsonb_array_elements({{phones}}) WITH ORDINALITY AS e(f, place)), '[]')

-- part: has_wrong_key
jsonb_path_query_array({{phones}}, '$[*].key') ?| %(wrong)s

-- part: drop_from_contacts
UPDATE contacts SET version = version + 1,
  phone_key = CASE WHEN phone_key = ANY(%(wrong)s) THEN NULL ELSE phone_key END,
  further_phones = {{without_keys}}
WHERE {{next_contacts}} AND (phone_key = ANY(%(wrong)s) OR {{has_wrong_key}})

-- part: drop_from_journal
-- One side of the entries.
UPDATE contact_changes SET {{side}} = {{side}}
  || CASE WHEN {{side}} ->> 'phone_key' = ANY(%(wrong)s) THEN '{"phone_key": null}'::jsonb
    ELSE '{}' END
  || CASE WHEN {{has_wrong_key}} THEN jsonb_build_object('further_phones', {{without_keys}})
    ELSE '{}' END
WHERE {{next_entries}}
  AND ({{side}} ->> 'phone_key' = ANY(%(wrong)s) OR {{has_wrong_key}})

-- name: reach
-- At the end of the book, where `until` is null, all keys are of these rules.
UPDATE installation SET keys_reached = COALESCE(%(until)s::bigint, 0),
  key_rules = CASE WHEN %(until)s::bigint IS NULL THEN %(rules)s ELSE key_rules END
