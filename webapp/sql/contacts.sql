-- The changes by hand of the last days: `contacts/recent_changes.py`.

-- name: changes
-- Those of bulk acts are told with their act.
{{told}}
FROM (SELECT * FROM contact_changes
  WHERE kind IN ('edit', 'delete') AND act_id IS NULL AND id < %(before)s
    AND at > now() - make_interval(days => %(days)s)
  ORDER BY id DESC LIMIT %(limit)s OFFSET 0) h
{{joined}}

-- name: change
{{told}}
FROM (SELECT * FROM contact_changes
  WHERE kind IN ('edit', 'delete') AND id = %(id)s
    AND at > now() - make_interval(days => %(days)s)) h
{{joined}}

-- part: told
SELECT h.id, h.contact_id, h.kind::text AS kind, h.at, h.before, h.after, h.undone_at,
  COALESCE(NULLIF(u.name, ''), u.email) AS by,
  COALESCE(NULLIF(w.name, ''), w.email) AS undone_by,
  c.id IS NOT NULL AS there, COALESCE({{as_it_is}}, {{as_it_was}}) AS name

-- part: joined
-- OFFSET 0 keeps the order of the index: the joins are for one page alone.
LEFT JOIN contacts c ON c.id = h.contact_id
LEFT JOIN users u ON u.id = h.user_id
LEFT JOIN users w ON w.id = h.undone_by
LEFT JOIN LATERAL (SELECT d.before FROM contact_changes d
  WHERE d.contact_id = h.contact_id AND d.kind = 'delete' ORDER BY d.id DESC LIMIT 1) d ON true
ORDER BY h.id DESC

-- name: newest
SELECT max(id) FROM contact_changes
WHERE contact_id = %(contact_id)s AND user_id = %(user_id)s AND kind IN ('edit', 'delete')
