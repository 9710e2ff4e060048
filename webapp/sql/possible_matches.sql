-- Contacts that new rows of an import look like: searches and what they found (`duplicates/`).

-- Searches: one for each import that waits for a person, of its rows as they are at `mended_at`.

-- part: variant
strategy = 'update' AND create_new AND NOT hold_other_names

-- part: has_told
(s.state IN ('done', 'failed') OR s.state = 'running'
  AND s.heartbeat_at > clock_timestamp() - make_interval(secs => %(lease_seconds)s))

-- name: wanted
-- Imports whose plan says which rows are new, and of which no search has told, nor is at work.
SELECT i.id FROM contact_imports i
WHERE i.state = ANY(%(previewed)s) AND i.correcting IS NULL
  AND EXISTS (SELECT FROM contact_import_previews WHERE import_id = i.id AND {{variant}})
  AND NOT EXISTS (
    SELECT FROM contact_import_match_searches s
    WHERE s.import_id = i.id AND s.mended_at IS NOT DISTINCT FROM i.mended_at AND {{has_told}})
ORDER BY i.mended_at NULLS FIRST LIMIT 1

-- name: claim
INSERT INTO contact_import_match_searches AS s
  (import_id, mended_at, state, claims, attempts, heartbeat_at)
SELECT id, mended_at, 'running', 1, 1, clock_timestamp() FROM contact_imports
WHERE id = %(import_id)s AND state = ANY(%(previewed)s) FOR SHARE
ON CONFLICT (import_id) DO UPDATE
SET (mended_at, state, heartbeat_at) = (excluded.mended_at, 'running', clock_timestamp()),
  claims = s.claims + 1, rows = 0,
  attempts = CASE WHEN s.mended_at IS DISTINCT FROM excluded.mended_at THEN 1 ELSE s.attempts + 1 END
WHERE s.mended_at IS DISTINCT FROM excluded.mended_at OR NOT {{has_told}}
RETURNING claims, attempts

-- part: own
import_id = %(import_id)s AND claims = %(claims)s AND state = 'running'

-- name: heartbeat
UPDATE contact_import_match_searches s SET heartbeat_at = clock_timestamp() FROM contact_imports i
WHERE s.import_id = %(import_id)s AND s.claims = %(claims)s AND s.state = 'running'
  AND i.id = s.import_id AND i.state = ANY(%(previewed)s)

-- name: release
-- To be done anew: that was no failed attempt.
UPDATE contact_import_match_searches SET state = 'waiting', attempts = attempts - 1 WHERE {{own}}

-- name: give_up
UPDATE contact_import_match_searches SET state = 'failed' WHERE {{own}}

-- name: others_wait
SELECT EXISTS (
  SELECT FROM contact_import_leases l JOIN contact_imports i ON i.id = l.import_id
  WHERE l.heartbeat_at IS NULL AND (i.state = ANY(%(states)s) OR i.correcting IS NOT NULL)) AS wait

-- name: blocks
-- Of the plan: its lines tell which rows become contacts.
SELECT block, lines FROM contact_import_plan_blocks
WHERE import_id = %(import_id)s AND {{variant}} AND block > %(after)s ORDER BY block LIMIT 1

-- name: rows
SELECT {{row_columns}} FROM contact_import_rows
WHERE import_id = %(import_id)s AND row = ANY(%(rows)s::bigint[]) ORDER BY row

-- name: contacts
SELECT {{columns}} FROM contacts WHERE id > %(after)s ORDER BY id LIMIT %(limit)s

-- name: finish
-- First, so that one who was overtaken writes nothing.
UPDATE contact_import_match_searches SET state = 'done', rows = %(rows)s, attempts = 0 WHERE {{own}}

-- name: make_found
CREATE TEMPORARY TABLE matches_found (
  row bigint PRIMARY KEY, contact_id bigint, score float8, evidence text[]) ON COMMIT DROP

-- name: copy_found
COPY pg_temp.matches_found FROM STDIN

-- name: drop_earlier
-- Rows with a choice stay, so that it can be taken back.
DELETE FROM contact_import_possible_matches m
WHERE import_id = %(import_id)s AND NOT EXISTS (
  SELECT FROM contact_import_choices c WHERE c.import_id = m.import_id AND c.row = m.row)

-- name: keep_found
-- A contact that was erased meanwhile is in none.
INSERT INTO contact_import_possible_matches (import_id, row, contact_id, score, evidence)
SELECT %(import_id)s, f.row, f.contact_id, f.score, f.evidence FROM pg_temp.matches_found f
JOIN contacts c ON c.id = f.contact_id
ON CONFLICT (import_id, row) DO NOTHING


-- What was found, as pages and programs list it: rows without a choice first, the most certain before
-- the others. Rows that are in conflict by now are listed there.

-- part: open
contact_import_possible_matches m
JOIN contacts k ON k.id = m.contact_id
LEFT JOIN contact_import_choices c ON c.import_id = m.import_id AND c.row = m.row
WHERE m.import_id = %(import_id)s AND NOT EXISTS (
  SELECT FROM contact_import_conflicts f WHERE f.import_id = m.import_id AND f.row = m.row)

-- name: listed
SELECT m.row, m.contact_id, m.score, m.evidence, c.chosen, c.contact_id AS chosen_id
FROM {{open}}
  AND ((c.chosen IS NOT NULL), -m.score, m.row) > (%(settled)s, -(%(score)s)::float8, %(row)s)
ORDER BY (c.chosen IS NOT NULL), -m.score, m.row LIMIT %(limit)s

-- name: counts
SELECT count(*) AS rows, count(c.chosen) AS settled FROM {{open}}

-- name: standing
SELECT CASE WHEN s.mended_at IS NOT DISTINCT FROM i.mended_at THEN s.state END AS state, s.rows,
  EXISTS (SELECT FROM contacts) AS has_contacts
FROM contact_imports i LEFT JOIN contact_import_match_searches s ON s.import_id = i.id
WHERE i.id = %(import_id)s
