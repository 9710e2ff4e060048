-- The changes by hand of the last days: `contacts/recent_changes.py`.

-- name: changes
-- Those of bulk acts are told with their act, and a merge is told once, with the contact that was
-- kept.
{{told}}
FROM (SELECT * FROM contact_changes
  WHERE kind IN ('edit', 'delete') AND act_id IS NULL AND id < %(before)s
    AND at > now() - make_interval(days => %(days)s)
    AND NOT EXISTS (SELECT FROM contact_merges m WHERE m.deletion_id = contact_changes.id)
  ORDER BY id DESC LIMIT %(limit)s OFFSET 0) h
{{joined}}

-- name: change
{{told}}
FROM (SELECT * FROM contact_changes
  WHERE kind IN ('edit', 'delete') AND id = COALESCE(
      (SELECT m.change_id FROM contact_merges m WHERE m.deletion_id = %(id)s), %(id)s)
    AND at > now() - make_interval(days => %(days)s)) h
{{joined}}

-- part: told
SELECT h.id, h.contact_id, CASE WHEN m.other_id IS NULL THEN h.kind::text ELSE 'merge' END AS kind,
  m.other_id, {{other_as_it_was}} AS other_name, h.at, h.before, h.after, h.undone_at,
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
LEFT JOIN contact_merges m ON m.change_id = h.id
LEFT JOIN contact_changes o ON o.id = m.deletion_id
ORDER BY h.id DESC

-- name: newest
SELECT max(id) FROM contact_changes
WHERE contact_id = %(contact_id)s AND user_id = %(user_id)s AND kind IN ('edit', 'delete')
