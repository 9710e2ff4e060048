-- Where an execution came out differently from what its preview promised.

-- name: forget
DELETE FROM contact_import_differences WHERE import_id = %(import_id)s

-- part: promise
contact_import_previews p
JOIN contact_imports i ON i.id = p.import_id AND p.strategy = i.duplicate_strategy
WHERE p.import_id = %(import_id)s

-- name: as_promised
SELECT starts_with(p.promised, %(came_to)s) AS as_promised FROM {{promise}}

-- name: note
INSERT INTO contact_import_differences (import_id, row, promised)
SELECT l.import_id, l.row, ({{outcome}})::outcome
FROM (SELECT p.promised FROM {{promise}}) p
CROSS JOIN unnest(string_to_array(p.promised, NULL)) WITH ORDINALITY u (letter, row)
JOIN contact_import_results l ON l.import_id = %(import_id)s AND l.row = u.row
WHERE l.outcome <> ({{outcome}})::outcome
