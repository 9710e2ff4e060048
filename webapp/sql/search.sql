-- The search index: `contacts/search_index.py` keeps it, and `contacts/search.py` asks it.

-- name: pending
-- Changes of a few contacts first: a person may have made them, and look for them now.
SELECT id, contact_ids FROM (
  SELECT id, contact_ids, size, sum(size) OVER (ORDER BY size, id) AS upto
  FROM contact_words_pending ORDER BY size, id LIMIT %(notes)s) p
WHERE upto <= %(contacts)s

-- part: texts_of
-- The texts that a search reads, of `c`: a contact, or a row of a file, which has the same columns.
concat_ws(E'\n', {{texts}}, array_to_string(c.tags, E'\n'),
    CASE WHEN c.further_emails <> '[]' THEN (
      SELECT string_agg(f ->> 'value', E'\n') FROM jsonb_array_elements(c.further_emails) f)
    END)

-- part: phones_of
concat_ws(E'\n', COALESCE(c.phone_key, c.phone),
    CASE WHEN c.further_phones <> '[]' THEN (
      SELECT string_agg(COALESCE(f ->> 'key', f ->> 'value'), E'\n')
      FROM jsonb_array_elements(c.further_phones) f)
    END)

-- name: texts
-- A text or a phone in each line. `xmin` tells this version of the row from every later one.
SELECT c.id, c.xmin::text AS version, {{texts_of}} AS texts, {{phones_of}} AS phones
FROM unnest(%(ids)s::bigint[]) AS wanted(id)
JOIN contacts c ON c.id = wanted.id

-- name: give_way
-- Deletions that come meanwhile wait behind this one, so it does not wait for long.
SET LOCAL lock_timeout = '300ms'

-- name: lock_contacts
-- First, as a TRUNCATE does.
LOCK TABLE contacts IN ACCESS SHARE MODE

-- name: lock_index
SELECT pg_advisory_xact_lock({{lock}})

-- name: keep
-- A contact that was changed or deleted since its words were read is left alone.
INSERT INTO contact_words AS known (contact_id, words, name, company)
SELECT r.id, array_to_tsvector(string_to_array(r.words, ' ')), {{name_key}}, {{company_key}}
FROM unnest(%(ids)s::bigint[], %(versions)s::text[], %(words)s::text[]) AS r(id, version, words)
JOIN contacts ON contacts.id = r.id
WHERE contacts.xmin::text = r.version
ON CONFLICT (contact_id) DO UPDATE
SET words = excluded.words, name = excluded.name, company = excluded.company
WHERE (known.words, known.name, known.company)
  IS DISTINCT FROM (excluded.words, excluded.name, excluded.company)

-- name: keep_pending
-- What was changed since is pending again.
INSERT INTO contact_words_pending (contact_ids)
SELECT array_agg(c.id)
FROM unnest(%(ids)s::bigint[], %(versions)s::text[]) AS r(id, version)
JOIN contacts c ON c.id = r.id
WHERE c.xmin::text <> r.version
HAVING count(*) > 0

-- name: done
DELETE FROM contact_words_pending WHERE id = ANY(%(notes)s)

-- name: unknown
SELECT COALESCE(sum(size), 0) AS contacts FROM contact_words_pending

-- name: flush
-- New words stand in a list of their own, which every search reads, until they are sorted in.
SELECT gin_clean_pending_list('contact_words_words')

-- part: found
-- OFFSET 0: the index is asked for some of the words, and what it finds for all of them.
contacts.id = ANY(ARRAY(
  SELECT contact_id FROM (
    SELECT * FROM contact_words WHERE words @@ CAST(:looked_up AS tsquery) OFFSET 0) w
  WHERE words @@ CAST(:query AS tsquery)))

-- part: has_words
EXISTS (SELECT FROM contact_words w
  WHERE w.contact_id = {{contact}} AND w.words @@ CAST(:query AS tsquery) OFFSET 0)

-- name: sample
-- Some pages of the index, and how many of their contacts have the words.
SELECT count(*) AS sampled, count(*) FILTER (WHERE words @@ %(query)s::tsquery) AS found
FROM contact_words TABLESAMPLE SYSTEM (LEAST(100, 100.0 * %(pages)s / GREATEST(1,
  pg_relation_size('contact_words') / current_setting('block_size')::int)))

-- name: count
SELECT count(*) FROM (
  SELECT FROM (
    SELECT * FROM contact_words WHERE words @@ %(looked_up)s::tsquery OFFSET 0) w
  WHERE words @@ %(query)s::tsquery LIMIT %(most)s) c
