-- Where a person stands, and what is emptied of them: `retention/erasure.py`. The statements for
-- each table that holds something of a person are made of the tables: `erased_columns.py`.

-- name: imports
SELECT id, filename, state FROM contact_imports WHERE id = ANY(%(ids)s) ORDER BY created_at

-- name: sharing
-- The imports that share a file with one of these.
SELECT o.id FROM contact_imports i JOIN contact_imports o
  ON COALESCE(o.file_of, o.id) = COALESCE(i.file_of, i.id) WHERE i.id = ANY(%(ids)s)

-- name: who
-- Whom each row is about: name and address, or what else it says first.
SELECT r.import_id, r.row, left(COALESCE(
  NULLIF(concat_ws(', ', {{full_name}}, r.email), ''), {{otherwise}},
  array_to_string(r.record, ' '), ''), 120) AS who
FROM unnest(%(imports)s::uuid[], %(rows)s::bigint[]) AS t(import_id, row)
JOIN contact_import_rows r ON r.import_id = t.import_id AND r.row = t.row

-- part: them
-- The contact and all that were merged into it: of one person, as people said.
them(id) AS (
  SELECT %(id)s::bigint
  UNION SELECT m.other_id FROM them t JOIN contact_merges m ON m.contact_id = t.id WHERE {{stands}})

-- name: keys
-- The keys that the contact has or ever had, as the journal knows them; of phones that are no
-- number of any country, and so have no key, the texts with enough digits to look for.
-- What a merge brought that was undone since is another person's.
WITH RECURSIVE {{them}},
entries AS MATERIALIZED (
  SELECT h.before, h.after FROM contact_changes h JOIN them t ON t.id = h.contact_id
  WHERE h.undone_at IS NULL OR NOT EXISTS (SELECT FROM contact_merges m WHERE m.change_id = h.id)),
sides AS MATERIALIZED (
  SELECT to_jsonb(c) AS v FROM contacts c WHERE c.id = %(id)s
  UNION ALL SELECT before FROM entries
  UNION ALL SELECT after FROM entries),
emails AS MATERIALIZED (
  SELECT v ->> 'email' AS value, v ->> 'email_key' AS key FROM sides
  UNION SELECT e ->> 'value', e ->> 'key'
  FROM sides, jsonb_path_query(v, '$.further_emails[*]') e),
phones AS MATERIALIZED (
  SELECT v ->> 'phone' AS value, v ->> 'phone_key' AS key FROM sides
  UNION SELECT e ->> 'value', e ->> 'key'
  FROM sides, jsonb_path_query(v, '$.further_phones[*]') e)
SELECT (SELECT array_agg(id::text) FROM them) AS contacts,
  (SELECT array_agg(key) FROM emails) AS email_keys,
  (SELECT array_agg(value) || array_agg(key) FROM emails) AS mails,
  (SELECT array_agg(key) FROM phones) AS phone_keys,
  (SELECT array_agg(value) FROM phones
    WHERE key IS NULL AND length(regexp_replace(value, '\D', '', 'g')) >= {{digits}}) AS phones,
  array_agg(v ->> 'external_id') AS ids,
  array_agg(v ->> 'first_name') AS first_names, array_agg(v ->> 'last_name') AS last_names
FROM sides

-- name: standing
-- A check that is begun anew takes back the rows of the one before, so which one it is counts too.
-- What was started once is not checked again.
SELECT id, started_at, mended_at, total, CASE WHEN started_at IS NULL THEN (
    SELECT max(l.id) FROM contact_import_logs l
    WHERE l.import_id = i.id AND l.event = 'check_started') END AS check
FROM contact_imports i

-- name: rows
-- What a row only says is looked at more closely afterwards.
SELECT import_id, row, '{{own}}' AS way, NULL AS said FROM contact_import_results
WHERE import_id = ANY(%(among)s) AND contact_id = ANY(%(contacts)s::bigint[])
UNION ALL
SELECT import_id, row, way, CASE way WHEN '{{named}}' THEN {{said}} END
FROM (SELECT *,
    CASE WHEN email_key = ANY(%(email_keys)s) OR external_id = ANY(%(ids)s)
      OR jsonb_path_query_array(further_emails, '$[*].key') ?| %(email_keys)s THEN '{{own}}'
    WHEN phone_key = ANY(%(phone_keys)s) OR phone = ANY(%(phones)s)
      OR jsonb_path_query_array(further_phones, '$[*].key') ?| %(phone_keys)s
      OR jsonb_path_query_array(further_phones, '$[*].value') ?| %(phones)s THEN '{{phone}}'
    ELSE '{{named}}' END AS way
  FROM contact_import_rows WHERE import_id = ANY(%(among)s)) r
WHERE way <> '{{named}}' OR {{holds_sought}}

-- name: by_journal
WITH RECURSIVE {{them}}
SELECT h.import_id FROM contact_changes h JOIN them t ON t.id = h.contact_id
WHERE h.import_id IS NOT NULL
UNION SELECT k.import_id FROM contact_undo_kept k JOIN them t ON t.id = k.contact_id

-- name: lock_imports
-- The look through the files takes its time, and an import may have been started meanwhile.
SELECT id, filename, state FROM contact_imports WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: empty_imports
UPDATE contact_imports SET {{cells_emptied}}, file_gone = true,
  check_summary = check_summary || jsonb_build_object('problems', COALESCE((
    SELECT jsonb_agg(p || '{"example": null}')
    FROM jsonb_path_query(check_summary, '$.problems[*] ? (@.type() == "object")') p), '[]'),
  'columns', COALESCE((
    SELECT jsonb_agg(c || '{"value": null}')
    FROM jsonb_path_query(check_summary, '$.columns[*] ? (@.code == "value_repeated")') c), '[]'))
WHERE id = ANY(%(ids)s)

-- name: log_erased
INSERT INTO contact_import_logs (import_id, event)
SELECT unnest(%(ids)s::uuid[]), 'person_erased'

-- name: forget_undone_merges
-- What a merge brought to another contact, and was undone.
DELETE FROM contact_changes h USING contact_merges m
WHERE h.id = m.change_id AND m.other_id = ANY(%(contacts)s::bigint[]) AND h.undone_at IS NOT NULL

-- name: forget_while_merged
-- Entries of another contact that name an address of the person, from the time when the person was
-- merged into it: as if the retention time of their values were over.
UPDATE contact_changes h SET after = '{}',
  before = (SELECT jsonb_object_agg(k, NULL) FROM jsonb_object_keys(h.before) k)
FROM contact_merges m JOIN contact_changes d ON d.id = m.deletion_id
WHERE m.other_id = ANY(%(contacts)s::bigint[]) AND h.contact_id = m.contact_id
  AND h.id > m.change_id AND d.undone_at IS NOT NULL AND h.at <= d.undone_at AND h.after <> '{}'
  AND EXISTS (SELECT FROM unnest(%(email_keys)s::text[] || %(phone_keys)s::text[]) k
    WHERE strpos(lower(h.before::text || h.after::text), lower(to_json(k)::text)) > 0)
