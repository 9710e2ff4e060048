-- What undone changes of addresses had found: `retention/handed_addresses.py`.

-- name: handed
-- Of the next entries that lose their values, each address that an undone one names, with the next
-- entry that names it too.
WITH batch AS MATERIALIZED (
  SELECT * FROM contact_changes WHERE import_id = %(id)s AND after <> '{}' ORDER BY id
  LIMIT %(limit)s)
SELECT DISTINCT ON (n.id, f.field) n.id, n.before, n.after, f.field, f.before AS found,
  p.before AS had, to_jsonb(c) AS now
FROM batch p CROSS JOIN LATERAL {{fields_of_p}} f
CROSS JOIN LATERAL (
  SELECT q.id, q.before, q.after FROM {{journal_since_p}} q CROSS JOIN LATERAL {{fields_of_q}} g
  WHERE g.field = f.field AND q.kind IN ('import', 'edit') AND q.after <> '{}'
    AND q.import_id IS DISTINCT FROM %(id)s ORDER BY q.id LIMIT 1) n
LEFT JOIN contacts c ON c.id = p.contact_id
WHERE p.undone_at IS NOT NULL AND {{is_of_addresses}} AND f.field NOT IN ({{lists}})
ORDER BY n.id, f.field, p.id

-- name: tell
UPDATE contact_changes SET before = %(before)s, after = %(after)s WHERE id = %(id)s
