-- Bulk acts, batch by batch: `contacts/bulk_acts.py`.

-- name: unfinished
SELECT id, state, total IS NULL AS unlisted FROM contact_acts
WHERE state IN ('queued', 'running', 'undoing') ORDER BY id LIMIT 1

-- name: unattended
SELECT EXISTS (SELECT FROM contact_acts
  WHERE state IN ('queued', 'running', 'undoing')
    AND moved_at < clock_timestamp() - make_interval(secs => %(seconds)s)) AS some

-- name: lock
-- Another worker that holds the act does its next batch.
SELECT * FROM contact_acts
WHERE id = %(act_id)s AND state = ANY(%(states)s) AND total IS NOT NULL
FOR UPDATE SKIP LOCKED

-- name: put
-- The ticked ones that are in the book.
INSERT INTO contact_act_contacts (act_id, contact_id)
SELECT %(act_id)s, c.id FROM contacts c WHERE c.id = ANY(%(ids)s::bigint[])

-- name: batch
SELECT contact_id FROM contact_act_contacts
WHERE act_id = %(act_id)s AND contact_id > %(after)s ORDER BY contact_id LIMIT %(batch)s

-- name: hold
-- In the order in which all lock them.
SELECT c.id, c.tags, c.custom, to_jsonb(c) ->> %(field)s AS value
FROM contacts c WHERE c.id = ANY(%(ids)s::bigint[]) ORDER BY c.id FOR UPDATE

-- name: change
WITH changed AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(%(changed)s)
    AS w(contact_id bigint, before jsonb, after jsonb)),
noted AS (
  INSERT INTO contact_changes (contact_id, kind, user_id, act_id, at, before, after)
  SELECT contact_id, 'edit', %(user_id)s, %(act_id)s, clock_timestamp(), before, after
  FROM changed)
UPDATE contacts c SET {{assignments}},
  tags = CASE WHEN w.after ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(w.after -> 'tags'))
    ELSE c.tags END,
  custom = (c.custom - ARRAY(
      SELECT substr(k, 8) FROM jsonb_object_keys(w.after) k WHERE k LIKE 'custom:%%'))
    || COALESCE((SELECT jsonb_object_agg(substr(k, 8), v) FROM jsonb_each(w.after) e(k, v)
      WHERE k LIKE 'custom:%%' AND v <> 'null'), '{}'),
  version = c.version + 1, updated_at = now()
FROM changed w WHERE c.id = w.contact_id

-- name: delete
-- The journal keeps each contact whole, as it does when one is deleted by hand.
WITH noted AS (
  INSERT INTO contact_changes (contact_id, kind, user_id, act_id, at, before, after)
  SELECT c.id, 'delete', %(user_id)s, %(act_id)s, clock_timestamp(),
    COALESCE((SELECT jsonb_object_agg(k, v) FROM jsonb_each(jsonb_build_object({{columns}})
      || COALESCE((SELECT jsonb_object_agg('custom:' || k, v) FROM jsonb_each(c.custom) e(k, v)),
        '{}')) e(k, v) WHERE v <> 'null' AND v <> '[]'), '{}')
    || jsonb_build_object('(created_at)', c.created_at, '(version)', c.version)
    || CASE WHEN c.imported_from IS NULL THEN '{}' ELSE jsonb_build_object(
      '(imported_from)', c.imported_from, '(imported_row)', c.imported_row) END,
    '{}'
  FROM (SELECT * FROM contacts WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id) c)
DELETE FROM contacts WHERE id = ANY(%(ids)s::bigint[])

-- name: move_on
WITH done AS (
  DELETE FROM contact_act_contacts
  WHERE act_id = %(act_id)s AND contact_id = ANY(%(ids)s::bigint[]))
UPDATE contact_acts SET through = through + cardinality(%(ids)s::bigint[]),
  touched = touched + %(touched)s, place = %(place)s, attempts = 0, message = NULL,
  moved_at = clock_timestamp(), state = CASE WHEN %(ended)s THEN 'done' ELSE 'running' END,
  ended_at = CASE WHEN %(ended)s THEN clock_timestamp() END
WHERE id = %(act_id)s

-- name: keep
INSERT INTO contact_act_kept
  (act_id, contact_id, field, code, message, wanted, now, by_import, by_user, undo)
SELECT %(act_id)s, k.contact_id, k.field, k.code, k.message, NULLIF(k.wanted, 'null'),
  NULLIF(k.now, 'null'), k.by_import, k.by_user, %(undo)s
FROM jsonb_to_recordset(%(kept)s) AS k(contact_id bigint, field text, code text, message text,
  wanted jsonb, now jsonb, by_import uuid, by_user bigint)

-- name: broke_off
UPDATE contact_acts SET attempts = attempts + 1, message = %(message)s,
  moved_at = clock_timestamp(),
  state = CASE WHEN attempts + 1 >= %(most)s THEN 'failed' ELSE state END,
  ended_at = CASE WHEN attempts + 1 >= %(most)s THEN clock_timestamp() ELSE ended_at END
WHERE id = %(act_id)s AND state IN ('queued', 'running', 'undoing')

-- name: listed
SELECT k.*, f.filename AS by_file, COALESCE(NULLIF(u.name, ''), u.email) AS by_person
FROM (SELECT * FROM contact_act_kept WHERE act_id = %(act_id)s AND id > %(after)s
  ORDER BY id LIMIT %(limit)s) k
LEFT JOIN contact_imports f ON f.id = k.by_import
LEFT JOIN users u ON u.id = k.by_user ORDER BY k.id

-- name: recent
SELECT a.id, a.kind, a.at, a.parameters, a.filter, a.state, a.total, a.through, a.touched,
  a.restored, a.message, a.moved_at, a.ended_at, a.undone_at,
  COALESCE(NULLIF(u.name, ''), u.email) AS by, COALESCE(NULLIF(w.name, ''), w.email) AS undone_by,
  (SELECT count(*) FROM (SELECT FROM contact_act_kept k WHERE k.act_id = a.id LIMIT 1000) k)
    AS kept,
  a.at > now() - make_interval(days => %(days)s) AS in_time
FROM contact_acts a
LEFT JOIN users u ON u.id = a.user_id LEFT JOIN users w ON w.id = a.undone_by
WHERE (%(id)s::bigint IS NULL OR a.id = %(id)s)
  AND (%(id)s::bigint IS NOT NULL OR a.at > now() - make_interval(days => %(days)s))
ORDER BY a.id DESC LIMIT %(limit)s

-- name: forget
-- Those whose time is over: the journal's entries stay as those of any change by hand.
DELETE FROM contact_acts WHERE id IN (
  SELECT id FROM contact_acts WHERE state NOT IN ('queued', 'running', 'undoing')
    AND at < clock_timestamp() - make_interval(days => %(days)s) ORDER BY id LIMIT %(limit)s)
