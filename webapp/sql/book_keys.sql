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
SELECT side ->> 'phone_key' FROM contact_changes h
CROSS JOIN LATERAL (VALUES (h.before), (h.after)) s(side)
WHERE {{next_entries}} AND side ->> 'phone_key' IS NOT NULL

-- name: drop_from_contacts
UPDATE contacts SET phone_key = NULL, version = version + 1
WHERE {{next_contacts}} AND phone_key = ANY(%(wrong)s)

-- name: drop_from_journal
UPDATE contact_changes SET
  before = CASE WHEN before ->> 'phone_key' = ANY(%(wrong)s)
    THEN before || '{"phone_key": null}' ELSE before END,
  after = CASE WHEN after ->> 'phone_key' = ANY(%(wrong)s)
    THEN after || '{"phone_key": null}' ELSE after END
WHERE {{next_entries}} AND (
  before ->> 'phone_key' = ANY(%(wrong)s) OR after ->> 'phone_key' = ANY(%(wrong)s))

-- name: reach
-- At the end of the book, where `until` is null, all keys are of these rules.
UPDATE installation SET keys_reached = COALESCE(%(until)s::bigint, 0),
  key_rules = CASE WHEN %(until)s::bigint IS NULL THEN %(rules)s ELSE key_rules END
