-- Possible duplicates of the book: searches, pairs and answers (`duplicates/`).

-- name: request
-- One that waits or runs is the one that is asked for.
INSERT INTO duplicate_searches (requested_by) VALUES (%(user_id)s)
ON CONFLICT ((true)) WHERE state IN ('waiting', 'running') DO NOTHING

-- name: latest
SELECT id, state, requested_by, requested_at, ended_at, contacts, percent, pairs
FROM duplicate_searches ORDER BY id DESC LIMIT 1

-- name: cancel
UPDATE duplicate_searches SET state = 'cancelled', ended_at = clock_timestamp()
WHERE state IN ('waiting', 'running')

-- part: free
(state = 'waiting' OR (state = 'running'
  AND heartbeat_at < clock_timestamp() - make_interval(secs => %(lease_seconds)s)))

-- name: claim
UPDATE duplicate_searches SET state = 'running', claims = claims + 1, percent = 0, contacts = 0,
  heartbeat_at = clock_timestamp()
WHERE id = (SELECT id FROM duplicate_searches WHERE {{free}} FOR UPDATE SKIP LOCKED)
RETURNING id, claims

-- part: own
id = %(id)s AND claims = %(claims)s AND state = 'running'

-- name: heartbeat
UPDATE duplicate_searches
SET heartbeat_at = clock_timestamp(), contacts = %(contacts)s, percent = %(percent)s
WHERE {{own}}

-- name: release
UPDATE duplicate_searches SET state = 'waiting' WHERE {{own}}

-- name: give_up
UPDATE duplicate_searches SET state = 'failed', ended_at = clock_timestamp() WHERE {{own}}

-- name: wants_worker
SELECT EXISTS (SELECT FROM duplicate_searches WHERE {{free}}) AS wanted

-- name: is_due
-- An import made so many contacts since the last search was asked for, and no import is at work.
SELECT EXISTS (
  SELECT FROM contact_imports i
  WHERE i.state = 'completed' AND i.created >= %(created)s
    AND i.completed_at > COALESCE((SELECT max(requested_at) FROM duplicate_searches),
      '-infinity')
    AND i.completed_at < clock_timestamp() - make_interval(secs => %(idle_seconds)s))
  AND NOT EXISTS (
    SELECT FROM contact_imports i JOIN contact_import_leases l ON l.import_id = i.id
    WHERE i.state = ANY(%(states)s)
      OR l.heartbeat_at > clock_timestamp() - make_interval(secs => %(idle_seconds)s))
  AS due

-- name: contacts
SELECT {{columns}}, version FROM contacts
WHERE id > %(after)s ORDER BY id LIMIT %(limit)s

-- name: finish
-- First, so that one who was overtaken writes nothing.
UPDATE duplicate_searches SET state = 'done', ended_at = clock_timestamp(), percent = 100,
  contacts = %(contacts)s, pairs = %(pairs)s, counts = %(counts)s
WHERE {{own}}

-- name: make_found
CREATE TEMPORARY TABLE duplicates_found (contact_id bigint, other_id bigint, score float8,
  evidence text[], version bigint, other_version bigint, PRIMARY KEY (contact_id, other_id))
ON COMMIT DROP

-- name: copy_found
COPY pg_temp.duplicates_found FROM STDIN

-- name: drop_lost
-- Pairs that are likely no more. What is not the same stays so.
DELETE FROM duplicate_pairs p
WHERE answer IS DISTINCT FROM 'not_the_same' AND NOT EXISTS (
  SELECT FROM pg_temp.duplicates_found f
  WHERE f.contact_id = p.contact_id AND f.other_id = p.other_id)

-- name: keep_found
-- A contact that was erased meanwhile has no pairs.
INSERT INTO duplicate_pairs AS p
  (contact_id, other_id, score, evidence, version, other_version)
SELECT f.* FROM pg_temp.duplicates_found f
JOIN contacts one ON one.id = f.contact_id JOIN contacts other ON other.id = f.other_id
ON CONFLICT (contact_id, other_id) DO UPDATE
SET (score, evidence, version, other_version) =
  (excluded.score, excluded.evidence, excluded.version, excluded.other_version)

-- name: forget_answers
-- Of contacts that no undo can bring back.
DELETE FROM duplicate_pairs p
WHERE answered_at < clock_timestamp() - make_interval(days =>
    (SELECT retention_days FROM installation)::int)
  AND NOT (EXISTS (SELECT FROM contacts WHERE id = p.contact_id)
    AND EXISTS (SELECT FROM contacts WHERE id = p.other_id))

-- name: forget_searches
DELETE FROM duplicate_searches WHERE id < %(id)s

-- name: counted
SELECT contacts, counts FROM duplicate_searches
WHERE state = 'done' ORDER BY id DESC LIMIT 1

-- part: is_open
p.answer IS DISTINCT FROM 'not_the_same'

-- part: place
((p.answer IS NOT NULL), -p.score, p.contact_id, p.other_id)

-- name: listed
SELECT p.contact_id, p.other_id, p.score, p.evidence, p.answer,
  p.version = one.version AND p.other_version = other.version AS is_fresh
FROM duplicate_pairs p
LEFT JOIN contacts one ON one.id = p.contact_id LEFT JOIN contacts other ON other.id = p.other_id
WHERE {{is_open}}
  AND {{place}} > (%(later)s, -(%(score)s)::float8, %(contact_id)s, %(other_id)s)
ORDER BY (p.answer IS NOT NULL), -p.score, p.contact_id, p.other_id LIMIT %(limit)s

-- name: one
SELECT p.contact_id, p.other_id, p.score, p.evidence, p.answer,
  p.version = one.version AND p.other_version = other.version AS is_fresh
FROM duplicate_pairs p
LEFT JOIN contacts one ON one.id = p.contact_id LEFT JOIN contacts other ON other.id = p.other_id
WHERE p.contact_id = %(contact_id)s AND p.other_id = %(other_id)s

-- name: before
-- The pair that stands right before a place, and how many do.
SELECT count(*) OVER () AS pairs, p.contact_id, p.other_id FROM duplicate_pairs p
WHERE {{is_open}}
  AND {{place}} < (%(later)s, -(%(score)s)::float8, %(contact_id)s, %(other_id)s)
ORDER BY (p.answer IS NOT NULL) DESC, -p.score DESC, p.contact_id DESC, p.other_id DESC
LIMIT 1

-- name: count
SELECT count(*) AS pairs FROM (
  SELECT FROM duplicate_pairs p WHERE {{is_open}} LIMIT %(most)s) open

-- name: levels
SELECT count(*) AS pairs,
  count(*) FILTER (WHERE score >= %(very_likely)s) AS very_likely,
  count(*) FILTER (WHERE score >= %(likely)s AND score < %(very_likely)s) AS likely,
  count(*) FILTER (WHERE score < %(likely)s) AS possible
FROM duplicate_pairs p WHERE {{is_open}}

-- name: people
SELECT {{columns}}, version FROM contacts WHERE id = ANY(%(ids)s)

-- name: judge
UPDATE duplicate_pairs SET (score, evidence, version, other_version) =
  (%(score)s, %(evidence)s, %(version)s, %(other_version)s)
WHERE contact_id = %(contact_id)s AND other_id = %(other_id)s

-- name: drop
DELETE FROM duplicate_pairs
WHERE contact_id = %(contact_id)s AND other_id = %(other_id)s
  AND answer IS DISTINCT FROM 'not_the_same'

-- name: drop_of
DELETE FROM duplicate_pairs
WHERE %(contact_id)s IN (contact_id, other_id) AND answer IS DISTINCT FROM 'not_the_same'

-- name: answer
UPDATE duplicate_pairs SET answer = %(answer)s::text,
  answered_by = CASE WHEN %(answer)s::text IS NULL THEN NULL ELSE %(user_id)s::bigint END,
  answered_at = CASE WHEN %(answer)s::text IS NULL THEN NULL ELSE clock_timestamp() END
WHERE contact_id = %(contact_id)s AND other_id = %(other_id)s
RETURNING contact_id
