-- Where an execution came out differently than its plan.

-- name: executed
-- The plan of exactly what an import executes, if there is one.
SELECT p.strategy, p.create_new, p.hold_other_names, p.plan_digest
FROM contact_imports i
JOIN contact_import_previews p ON p.import_id = i.id AND p.strategy = i.duplicate_strategy
  AND p.create_new = i.create_new AND p.hold_other_names = i.hold_other_names
WHERE i.id = %(import_id)s

-- name: uncompared
SELECT block, lines FROM contact_import_plan_blocks
WHERE import_id = %(import_id)s AND strategy = %(strategy)s AND create_new = %(create_new)s
  AND hold_other_names = %(hold_other_names)s AND block >= %(first)s AND block <= %(last)s AND NOT compared
ORDER BY block LIMIT 1

-- name: forget
DELETE FROM contact_import_differences WHERE import_id = %(import_id)s AND row = ANY(%(rows)s)

-- name: note
INSERT INTO contact_import_differences (import_id, row, planned, came_to)
VALUES (%(import_id)s, %(row)s, %(planned)s, %(came_to)s)

-- name: compared
UPDATE contact_import_plan_blocks SET compared = true
WHERE import_id = %(import_id)s AND strategy = %(strategy)s AND create_new = %(create_new)s
  AND hold_other_names = %(hold_other_names)s AND block = %(block)s
