-- Tags and custom fields of the book: `contacts/tag_counts.py`. Each looks through all contacts.

-- name: tags
SELECT tag AS name, count(*) AS contacts FROM contacts c CROSS JOIN LATERAL unnest(c.tags) tag
WHERE c.tags <> '{}' GROUP BY tag ORDER BY lower(tag), tag LIMIT %(most)s

-- name: labels
SELECT label AS name, count(*) AS contacts
FROM contacts c CROSS JOIN LATERAL jsonb_object_keys(c.custom) label
WHERE c.custom <> '{}' GROUP BY label ORDER BY lower(label), label LIMIT %(most)s
