-- The row decision: whom a row belongs to, and what the strategy does with it.
--
-- One statement decides and writes the next rows of the staging table, or those of a list, all on
-- one snapshot: `WITH`, the steps below in their order, and `totals`. `deciding/decision.py`
-- chooses the steps and fills in what follows from the match keys, the strategy and the fields.
-- What comes out for each strategy can be read in `rendered/decide_*.sql` (`make render`).
--
-- Parameters are numbered here, and a per cent sign stands for itself. The text becomes the body
-- of `pg_temp.decide`, and these are its arguments: $1 the import, $2 the row after which to begin,
-- $3 how many rows, $4 the rows listed.


-- What becomes of a row, in terms of the look-up.

-- part: creates
status = 'valid' AND owner IS NULL AND conflict IS NULL

-- part: chosen_status
b.row, CASE choice.chosen WHEN 'leave_out' THEN 'left_out' ELSE b.status END AS status,
CASE choice.chosen WHEN 'leave_out' THEN 'left_out' ELSE b.code END AS code

-- part: creates_chosen
-- Where rows that match no contact are skipped, but for those that a person made new ones.
status = 'valid' AND owner IS NULL AND conflict IS NULL AND chosen = 'new'

-- part: skips_new
status = 'valid' AND owner IS NULL AND conflict IS NULL AND chosen IS DISTINCT FROM 'new'

-- part: matches
owner IS NOT NULL AND conflict IS NULL


-- Step 1: the rows, and who holds their keys now.

-- part: next_rows
contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row > $2::bigint

-- part: next_rows_left
-- Where rows further on may have an entry. OFFSET keeps it a look-up for each row.
contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row > $2::bigint AND NOT EXISTS (
  SELECT FROM contact_import_results l
  WHERE l.import_id = $1::uuid AND l.row = r.row OFFSET 0)

-- part: listed_rows
-- In file order, and all of them after row $2.
unnest($4::bigint[]) AS listed(row) CROSS JOIN LATERAL (
  SELECT * FROM contact_import_rows r
  WHERE r.import_id = $1::uuid AND r.row = listed.row LIMIT 1) r

-- part: rows_again
-- Of a second run: its rows are few, and are looked for first, however long the file is.
(SELECT row FROM (
    {{again}}) again
  ORDER BY row LIMIT $3::bigint) AS listed CROSS JOIN LATERAL (
  SELECT * FROM contact_import_rows r
  WHERE r.import_id = $1::uuid AND r.row = listed.row LIMIT 1) r

-- part: looked
-- The rows come without their wide columns: those are fetched where they are written. Columns of a
-- contact that are never asked for are not named either: each would be carried along for every row.
looked AS MATERIALIZED (
  SELECT
    {{columns}}
  FROM (
    SELECT r.row, r.status, {{row_keys}},
      {{row_lists}},
      {{person_of_row}}
      CASE r.status WHEN 'left_out' THEN COALESCE(jsonb_path_query_first(r.problems,
        '$[*] ? (@.code == "not_a_contact" || @.code == "continues_row").code') #>> '{}', 'left_out')
      WHEN 'invalid' THEN
        jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error").code') #>> '{}'
      END AS code
    FROM {{rows}}
    ORDER BY r.row LIMIT $3::bigint) b
  {{holders}})

-- part: holder
-- LIMIT keeps the look-up lateral: one index probe, with any statistics.
LEFT JOIN LATERAL (
  SELECT {{of_holder}}
  FROM contacts c
  WHERE c.{{column}} = b.{{column}} LIMIT 1) AS of_{{key}} ON b.status = 'valid'

-- part: of_holder
ctid AS place, id, {{key_columns}}, imported_from, imported_row

-- Few rows have more than one e-mail, and `further_emails` is null in all others: their keys are
-- looked at by themselves.

-- part: holder_of_email
-- An e-mail is one contact's in the whole book, as the main one or as a further one. It is not
-- looked up where the ID found a contact whose main one it is. Most are found at once.
LEFT JOIN LATERAL (
  SELECT {{of_holder}}, id AS by_main
  FROM contacts WHERE email_key = {{email}}
  UNION ALL
  SELECT {{of_holder}}, id
  FROM contacts WHERE id = (SELECT contact_id FROM contact_further_emails WHERE key = {{email}})
  UNION ALL
  SELECT {{of_holder}}, NULL
  FROM contacts WHERE id = b.further_by_email[1]
  LIMIT 1)
AS of_email ON b.status = 'valid'

-- part: further_emails
CASE WHEN r.further_emails IS NOT NULL THEN ARRAY(
  SELECT DISTINCT k.contact_id FROM jsonb_array_elements(r.further_emails) f
  CROSS JOIN LATERAL (
    SELECT contact_id FROM contact_email_keys WHERE key = f ->> 'key' LIMIT 1) k)
END AS further_by_email,
CASE WHEN r.further_emails IS NOT NULL THEN ARRAY(
  SELECT f ->> 'key' FROM jsonb_array_elements(r.further_emails) f
  WHERE NOT EXISTS (SELECT FROM contact_email_keys WHERE key = f ->> 'key' OFFSET 0))
END AS further_free_email

-- part: further_phones
r.further_phones IS NOT NULL AS has_further_phones,
array_remove(r.phone_key || ARRAY(
  SELECT f ->> 'key' FROM jsonb_array_elements(r.further_phones) f), NULL) AS phones

-- part: holders_of_phone
-- Contacts can share a phone: two of those that have any of the row's.
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT DISTINCT k.id FROM unnest(b.phones) p(key) CROSS JOIN LATERAL (
      {{having_phone}}) k
    ORDER BY k.id LIMIT 2) AS ids OFFSET 0) AS phones_held
LEFT JOIN LATERAL (
  SELECT {{of_holder}}
  FROM contacts WHERE id = phones_held.ids[1] LIMIT 1)
AS of_phone ON b.status = 'valid'

-- part: having_phone
(SELECT id FROM contacts WHERE phone_key = p.key LIMIT 2)
UNION ALL
(SELECT contact_id FROM contact_further_phones WHERE key = p.key LIMIT 2)

-- part: further_free_phone
CASE WHEN b.has_further_phones THEN ARRAY(
  SELECT p.key FROM unnest(b.phones) p(key) WHERE NOT EXISTS (
    {{having_phone}}))
END AS further_free_phone

-- Rows without e-mail, phone and ID, where the import has any: their contact is the one that is the
-- same person. A key of another version of a contact says nothing of it.

-- part: row_person
{{keyless}} AS keyless,
CASE WHEN r.status = 'valid' THEN {{key}} END AS person,

-- part: holder_of_person
LEFT JOIN LATERAL (
  SELECT ctid AS place, id, imported_from, imported_row FROM contacts c
  WHERE c.person_key = b.person AND c.person_version = c.version ORDER BY id LIMIT 1)
AS of_person ON b.keyless

-- What a person chose for rows, where the import has any choice. The contact chosen counts while it
-- holds one of the row's keys by which it was a candidate; one that the row only looks like counts
-- while it is there. Keys of the row that another contact holds are blank for a row with a choice.

-- part: choice_of_row
LEFT JOIN LATERAL (
  SELECT chosen, contact_id, "by" FROM contact_import_choices
  WHERE import_id = $1::uuid AND row = b.row LIMIT 1)
AS choice ON b.status = 'valid'

-- part: chosen_contact
LEFT JOIN LATERAL (
  SELECT ctid AS place, id, imported_from, imported_row FROM contacts c
  WHERE c.id = CASE choice.chosen WHEN 'contact' THEN choice.contact_id
      WHEN 'owner_of' THEN CASE choice."by"[1]
        {{owners_of}}
      END END
    AND (choice.chosen = 'owner_of' OR choice."by" IS NULL
      {{holds}}) LIMIT 1)
AS of_choice ON choice.chosen IN ('contact', 'owner_of')

-- part: owner_of_external_id
WHEN 'external_id' THEN of_external_id.id

-- part: owner_of_email
-- Null where the row's e-mails are of several contacts; so with phones.
WHEN 'email' THEN CASE WHEN (of_email.id <> ANY(b.further_by_email)) IS NOT TRUE
  THEN of_email.id END

-- part: owner_of_phone
WHEN 'phone' THEN CASE WHEN phones_held.ids[2] IS NULL THEN of_phone.id END

-- part: holds_external_id
OR 'external_id' = ANY(choice."by") AND c.id = of_external_id.id

-- part: holds_email
OR 'email' = ANY(choice."by") AND (c.id = of_email.by_main OR c.id = ANY(b.further_by_email))

-- part: holds_phone
OR 'phone' = ANY(choice."by") AND (c.phone_key = ANY(b.phones) OR EXISTS (
  SELECT FROM jsonb_array_elements(c.further_phones) f WHERE f ->> 'key' = ANY(b.phones)))

-- part: kept_keys
-- The row without the keys that others hold: of e-mails and phones those that stay, the first one as
-- the main one; null where all do.
LEFT JOIN LATERAL (
  SELECT of_external_id.id <> COALESCE(of_choice.id, 0) AS leaves_external_id,
    {{kept}},
    COALESCE({{named}}) IS NOT NULL AS named
  FROM contact_import_rows r WHERE r.import_id = $1::uuid AND r.row = b.row LIMIT 1)
AS kept ON of_choice.id IS NOT NULL OR choice.chosen = 'new'

-- part: kept_of_kind
CASE WHEN r.{{field}} IS NOT NULL THEN (
  SELECT CASE WHEN bool_or(taken) THEN COALESCE(
    jsonb_agg(address ORDER BY place) FILTER (WHERE NOT taken), '[]') END
  FROM (
    SELECT address, place, EXISTS ({{held}}) AS taken
    FROM (
      SELECT jsonb_build_object('value', r.{{field}}, 'key', r.{{key}}, 'label', r.{{label}})
        AS address, 0 AS place
      UNION ALL
      SELECT address, place
      FROM jsonb_array_elements(r.{{further}}) WITH ORDINALITY AS u(address, place)) listed
    OFFSET 0) told) END AS {{further}},
r.{{field}} IS NULL AS without_{{field}}

-- part: held_by_another
SELECT FROM {{table}} WHERE {{column}} = address ->> 'key'
  AND {{contact}} <> COALESCE(of_choice.id, 0)

-- part: nothing_is_left
NOT kept.named AND (b.external_id IS NULL OR kept.leaves_external_id)
AND {{without_addresses}}

-- part: no_addresses
(kept.without_{{field}} OR kept.{{further}} = '[]')

-- part: left_out_keys
-- The kinds of which a key is left out; null where none is.
NULLIF(array_remove(ARRAY[CASE WHEN kept.leaves_external_id THEN 'external_id' END,
  {{left_out}}], NULL), '{}') AS left_out

-- part: chosen_conflict
CASE WHEN choice.chosen IS NULL THEN
    {{natural}}
  WHEN choice.chosen IN ('contact', 'owner_of') THEN
    CASE WHEN of_choice.id IS NULL THEN 'choice_gone' END
  WHEN choice.chosen = 'new' AND {{nothing_is_left}} THEN 'key_taken'
  END

-- part: joins
-- The earlier row of this import that made the owner.
CASE WHEN {{imported_from}} = $1::uuid
  THEN {{imported_row}} END AS joins

-- part: conflict
-- R1 and R2: why a row that reaches contacts may not be written; null where it may be.
CASE WHEN {{two_contacts}} THEN 'two_contacts'
  WHEN {{key_taken}} THEN 'key_taken'
  WHEN {{stronger_key_differs}} THEN 'stronger_key_differs'
  {{held}}
  END

-- part: hold_other_name
WHEN {{other_name}} THEN 'other_name'

-- part: when_other_name
-- Only names that are written differently are looked at closely.
WHEN of_{{key}}.id IS NOT NULL THEN
  (b.first_name IS DISTINCT FROM of_{{key}}.first_name
    OR b.last_name IS DISTINCT FROM of_{{key}}.last_name)
  AND COALESCE(b.first_name, b.last_name) IS NOT NULL
  AND pg_temp.is_other_person(b.first_name, b.middle_name, b.last_name,
    of_{{key}}.first_name, of_{{key}}.middle_name, of_{{key}}.last_name)


-- Step 2: how many rows there are, and up to which; and the last one that becomes a contact.

-- part: span
span AS MATERIALIZED (
  SELECT count(*) AS rows, max(row) AS last_row,
    max(row) FILTER (WHERE {{creates}}) AS last_new
  FROM looked)


-- Step 3: the rows that share a free key or a contact with an earlier one of them are left aside:
-- they must see what that row wrote, so the function below takes them next. A row's effect reaches
-- only the contacts that hold its keys and the free keys that it brings, so pairs suffice: a third
-- row can be touched only through a key or a contact that it shares with one of the two. Under skip
-- a contact that is there already is never changed.

-- part: aside
aside AS MATERIALIZED (
  WITH valid AS NOT MATERIALIZED (SELECT * FROM looked WHERE status = 'valid')
  SELECT DISTINCT unnest(rows) AS row FROM (
    {{groups}}) shared)

-- part: aside_of_persons
-- The same where rows have no key. They are found by what a contact is called, which other rows make
-- or change: rows of which one does so for a person that another is, or was, wait for each other.
-- What becomes of a contact that several rows write to is not known yet: keyless rows behind such
-- a row wait for it.
aside AS MATERIALIZED (
  WITH valid AS NOT MATERIALIZED (SELECT * FROM looked WHERE status = 'valid'),
  by_keys AS MATERIALIZED (
    SELECT DISTINCT unnest(rows) AS row FROM (
      {{groups}}) shared)
  SELECT row FROM by_keys
  {{behind}}
  UNION
  SELECT unnest(array_remove(array_agg(row), min(row)))
  FROM (
    SELECT row, person FROM valid WHERE keyless OR owner IS NULL
    {{of_matched}}) persons
  WHERE person IS NOT NULL
  GROUP BY person HAVING min(row) < max(row))

-- part: behind_unknown_persons
UNION
SELECT row FROM valid WHERE keyless AND row > (
  SELECT min(k.row) FROM by_keys k JOIN valid v ON v.row = k.row WHERE {{known_otherwise}})

-- part: persons_of_matched
UNION ALL
SELECT v.row, unnest(ARRAY[{{before}},
  {{after}}])
FROM valid v
CROSS JOIN LATERAL (
  SELECT * FROM contact_import_rows r
  WHERE r.import_id = $1::uuid AND r.row = v.row LIMIT 1) j
CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = v.place LIMIT 1) c
{{together}}
WHERE v.owner IS NOT NULL AND v.conflict IS NULL AND {{known_otherwise}}

-- part: sharing_a_free_key
-- All rows of a group but its first, here and below without a join, which would grow by the square.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM valid
WHERE free_{{key}} IS NOT NULL
GROUP BY free_{{key}} HAVING min(row) < max(row)

-- part: sharing_a_free_address
-- Of e-mails and phones a row can have several.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM (
  SELECT row, free_{{key}} AS key FROM valid
  UNION ALL
  SELECT row, unnest(further_free_{{key}}) FROM valid WHERE further_free_{{key}} IS NOT NULL) free
WHERE key IS NOT NULL
GROUP BY key HAVING min(row) < max(row)

-- part: sharing_a_contact
-- Where there is a conflict, a row reaches more contacts than its owner.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM (
  SELECT row, owner AS contact FROM valid WHERE {{reaches_owner}}
  UNION ALL
  SELECT row, unnest({{reached}})
  FROM valid WHERE {{reaches_more}}) reached
WHERE contact IS NOT NULL
GROUP BY contact HAVING min(row) < max(row)

-- part: sharing_a_phone
-- Rows that reach a holder of a phone which a row has that reaches several. The look-up names two
-- of them. Once earlier rows gave those another phone, such a row reaches the next.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM (
  SELECT row, unnest(phones) AS phone FROM valid
  UNION ALL
  SELECT v.row, p.key
  FROM valid v CROSS JOIN LATERAL unnest({{reached}}) k(id)
  CROSS JOIN LATERAL (
    SELECT phone_key, further_phones FROM contacts WHERE id = k.id LIMIT 1) c
  CROSS JOIN LATERAL (
    SELECT c.phone_key AS key
    UNION ALL SELECT f ->> 'key' FROM jsonb_array_elements(c.further_phones) f) p
  WHERE EXISTS (SELECT FROM valid WHERE by_phone_too IS NOT NULL)) reached
WHERE phone IN (SELECT unnest(phones) FROM valid WHERE by_phone_too IS NOT NULL)
GROUP BY phone HAVING min(row) < max(row)

-- part: judged
judged AS NOT MATERIALIZED (
  SELECT * FROM looked WHERE row NOT IN (SELECT row FROM aside))


-- Step 4: rows without an owner become contacts; the book's own numbering gives them theirs. Not
-- where unknown people are skipped.

-- part: inserted
inserted AS (
  INSERT INTO contacts (
    {{written}},
    imported_from, imported_row{{person_columns}})
  SELECT
    {{written_values}},
    import_id, row{{person_values}}
  FROM {{from_rows}}
  ORDER BY row
  RETURNING id, imported_row AS row)


-- part: rows_to_insert
contact_import_rows r
WHERE import_id = $1::uuid AND row > $2::bigint AND row <= (SELECT last_new FROM span)
  AND (row IN (
    SELECT row FROM judged WHERE {{creates}})) IS TRUE

-- part: chosen_rows_to_insert
(SELECT r.* FROM judged d CROSS JOIN LATERAL (
  {{row_of_d}}) r
WHERE {{who_creates}}) r

-- part: whole_row
SELECT * FROM contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1

-- part: row_without_left_out
-- Each column but the keys that are left out, and what stays takes their place.
SELECT r.import_id, r.row, r.clears,
  {{columns}}
FROM contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1

-- part: kept_external_id
CASE WHEN d.leaves_external_id THEN NULL ELSE r.external_id END AS external_id

-- part: kept_main
CASE WHEN d.kept_{{further}} IS NULL THEN r.{{column}}
  ELSE d.kept_{{further}} -> 0 ->> '{{part}}' END AS {{column}}

-- part: kept_further
CASE WHEN d.kept_{{further}} IS NULL THEN r.{{further}}
  WHEN jsonb_array_length(d.kept_{{further}}) > 1 THEN d.kept_{{further}} - 0 END AS {{further}}


-- Step 5: rows with one owner: what is to be written, and in place of what. Not for skip.

-- part: matched
-- The owner is where the look-up met it, on the same snapshot: that takes no index.
matched AS MATERIALIZED (
  SELECT n.row, n.owner, n.place, n.joins, n.other_name, n.version, n.exceeds,
    {{left_out_of_n}}
    {{before}},
    {{after}},
    {{new}}
  FROM (
    SELECT d.row, d.owner, d.place, d.joins, d.other_name, c.version,
      ({{exceed}}) AS exceeds,
      {{left_out_of_d}}
      {{old}},
      {{values}}
    FROM judged d
    CROSS JOIN LATERAL (
      {{row_of_d}}) j
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
    {{together}}
    {{lists}}
    WHERE {{matches}} OFFSET 0) n)

-- part: compared
-- The same where nothing is written: previews tell which fields would change.
SELECT {{told}}
FROM (
  SELECT ({{exceed}}) AS exceeds,
    {{old}},
    {{values}}
  FROM (SELECT) nothing
  {{together}}
  {{lists}} OFFSET 0) n

-- W1, update: a filled cell `j` replaces what the contact `c` has, and the clear token empties it.

-- part: filled_value
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: filled_tags
-- A tag that the contact has in another case stays as the contact has it.
CASE WHEN 'tags' = ANY(j.clears) THEN COALESCE(j.tags, '{}')
  WHEN j.tags <@ c.tags OR j.tags IS NULL OR c.tags IS NULL THEN COALESCE(j.tags, c.tags, '{}')
  ELSE ARRAY(
    SELECT COALESCE((
      SELECT h FROM unnest(c.tags) WITH ORDINALITY AS has(h, place)
      WHERE {{folded_h}} = {{folded_t}} ORDER BY h <> t, place LIMIT 1), t)
    FROM unnest(j.tags) WITH ORDINALITY AS u(t, n) ORDER BY n) END

-- part: filled_custom
CASE WHEN j.clears IS NULL THEN COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}')
  ELSE (COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}'))
    - ARRAY(SELECT substr(k, 8) FROM unnest(j.clears) k WHERE k LIKE 'custom:%') END

-- W2, merge: a cell fills only what is blank in the contact; tags and custom fields are added to
-- those it has.

-- part: blank_value
COALESCE(c.{{field}}, j.{{field}})

-- part: blank_tags
CASE WHEN j.tags IS NULL OR j.tags <@ c.tags THEN COALESCE(c.tags, j.tags, '{}')
  ELSE COALESCE(c.tags, '{}') || ARRAY(
    SELECT t FROM unnest(j.tags) WITH ORDINALITY AS u(t, n)
    WHERE NOT EXISTS (SELECT FROM unnest(c.tags) h WHERE {{folded_h}} = {{folded_t}})
    ORDER BY n) END

-- part: blank_custom
COALESCE(j.custom, '{}') || COALESCE(c.custom, '{}')
-- The journal's entry: the changed fields as they stand on one side, each custom key a field of its
-- own; null where nothing differs. Names and texts are put together as one array, which becomes an
-- object once: an object for each field, and `||` between them, takes a sixth longer for the row.

-- part: journal_entry
NULLIF(
  jsonb_object({{texts}}) || CASE WHEN {{only_texts}} THEN '{}' ELSE
  {{tags}} ||
  {{custom}} ||
  {{lists}} END, '{}') AS {{name}}

-- part: only_texts
n.tags IS NOT DISTINCT FROM n.old_tags AND n.custom = n.old_custom
  AND {{same_lists}}

-- part: journal_text
CASE WHEN {{differs}}
  THEN ARRAY['{{field}}', n.{{side}}{{field}}] ELSE '{}' END

-- part: journal_tags
CASE WHEN n.tags IS DISTINCT FROM n.old_tags
  THEN jsonb_build_object('tags', n.{{side}}tags) ELSE '{}' END

-- part: journal_list
CASE WHEN n.{{further}} <> n.old_{{further}}
  THEN jsonb_build_object('{{further}}', n.{{side}}{{further}}) ELSE '{}' END

-- part: journal_custom
CASE WHEN n.custom <> n.old_custom THEN (
  SELECT jsonb_object_agg('custom:' || k, n.{{side}}custom -> k)
  FROM jsonb_object_keys(n.old_custom || n.custom) k
  WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END


-- Step 6: one ledger entry for each row that was not left aside.

-- part: entries
entries (row, outcome, contact_id, code, detail) AS MATERIALIZED (
  {{of_rows}})

-- part: entries_of_inserted
SELECT row, 'created'::outcome, id, NULL::text, {{detail_of_new}}
FROM inserted

-- part: detail_of_inserted
-- Looked up in one object, since a join would grow by the square.
(SELECT jsonb_object_agg(row, jsonb_build_object(
    'warnings', '["key_left_out"]'::jsonb, 'left_out', to_jsonb(left_out)))
  FROM judged WHERE left_out IS NOT NULL) -> row::text

-- part: entries_of_unwritten
SELECT row,
  CASE WHEN conflict IS NOT NULL THEN 'conflict'
    WHEN status <> 'valid' THEN status::outcome
    {{or_skipped}}
  END,
  CASE WHEN conflict IS NULL THEN owner END,
  COALESCE(conflict, code, {{joins_code}}),
  CASE WHEN conflict IS NULL THEN {{detail}}
    ELSE ({{candidates}}) END
FROM judged d
WHERE conflict IS NOT NULL OR status <> 'valid'
  {{skipped}}

-- part: candidates
-- Who holds the keys of a row in conflict: all contacts, and those of each key.
SELECT jsonb_build_object('contacts', COALESCE(
    jsonb_agg(DISTINCT one) FILTER (WHERE one IS NOT NULL), '[]'),
  'by', COALESCE(jsonb_object_agg(key, holders) FILTER (WHERE holders IS NOT NULL), '{}'))
FROM (
  {{holders}}) h
LEFT JOIN LATERAL jsonb_array_elements(holders) one ON true

-- part: holder_of_unique
SELECT '{{key}}' AS key, CASE WHEN by_{{key}} IS NOT NULL
  THEN jsonb_build_array(by_{{key}}) END AS holders

-- part: holders_of_several
-- Not more than a person can choose among. They are sorted before they are made distinct: DISTINCT
-- alone would sort or hash them, as the statistics say.
SELECT '{{key}}', (
  SELECT jsonb_agg(id) FROM (
    SELECT DISTINCT id FROM (
      SELECT k.id FROM contact_import_rows r
      CROSS JOIN LATERAL (
        SELECT r.{{column}} AS key
        UNION ALL
        SELECT f ->> 'key' FROM jsonb_array_elements(r.{{further}}) f) p
      CROSS JOIN LATERAL (
        {{having}}) k
      WHERE r.import_id = $1::uuid AND r.row = d.row ORDER BY k.id) sorted
    ORDER BY id LIMIT {{most}}) held)

-- part: having_key
(SELECT {{contact}} AS id FROM {{table}} WHERE {{column}} = p.key LIMIT {{most}})

-- part: entries_of_matched
SELECT row, CASE WHEN before IS NULL THEN 'unchanged'::outcome ELSE '{{outcome}}' END, owner,
  {{joins_code}},
  {{detail_of_matched}}
FROM matched

-- part: joins_code
CASE WHEN joins IS NOT NULL THEN 'joins_row' END

-- part: detail_of_matched
CASE WHEN joins IS NOT NULL OR other_name OR exceeds {{or_keys}}
  THEN jsonb_strip_nulls(jsonb_build_object(
  'row', joins,
  'warnings', NULLIF(CASE WHEN other_name THEN '["other_name"]'::jsonb ELSE '[]' END
    || CASE WHEN exceeds THEN '["addresses_exceed"]'::jsonb ELSE '[]' END
    {{warning}}, '[]'){{left_out}})) END

-- part: warning_of_left_out
|| CASE WHEN left_out IS NOT NULL THEN '["key_left_out"]'::jsonb ELSE '[]' END

-- part: detail
CASE WHEN joins IS NOT NULL OR other_name THEN jsonb_strip_nulls(jsonb_build_object(
  'row', joins,
  'warnings', CASE WHEN other_name THEN '["other_name"]'::jsonb END)) END


-- Step 7: contacts, journal and ledger are written. The version keeps a change that came between
-- from being overwritten; `totals` tells of it, and the function raises.

-- part: changed
changed AS (
  UPDATE contacts c SET
    {{assignments}},
    {{person}}
    version = c.version + 1, updated_at = now()
  FROM matched m WHERE m.before IS NOT NULL AND c.ctid = m.place AND c.version = m.version
  RETURNING 1)

-- part: journalled
journalled AS (
  INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
  SELECT owner, 'import', $1::uuid, row, before, after FROM matched WHERE before IS NOT NULL)

-- part: ledger
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
  SELECT $1::uuid, row, outcome, contact_id, code, detail FROM entries)

-- part: ledger_amended
-- In a second run over rows that have an entry. They are no longer open, and the plan of the first
-- run says nothing of them any more.
ledger AS (
  UPDATE contact_import_results l
  SET outcome = e.outcome, contact_id = e.contact_id, code = e.code, detail = e.detail
  FROM entries e CROSS JOIN LATERAL (
    SELECT ctid AS place, outcome AS earlier FROM contact_import_results
    WHERE import_id = $1::uuid AND row = e.row LIMIT 1) p
  WHERE l.ctid = p.place AND p.earlier IN ({{open}})),
taken AS (
  DELETE FROM contact_import_reopened WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM entries CROSS JOIN LATERAL (
      SELECT ctid FROM contact_import_reopened
      WHERE import_id = $1::uuid AND row = entries.row LIMIT 1) t))),
incomparable AS (
  DELETE FROM contact_import_differences WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM entries CROSS JOIN LATERAL (
      SELECT ctid FROM contact_import_differences
      WHERE import_id = $1::uuid AND row = entries.row LIMIT 1) t)))


-- The answer.

-- part: totals
SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
  ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
  {{changes}},
  min(row) FILTER (WHERE outcome IN ({{failures}})) AS first_failure,
  {{counts}}
FROM {{counted}}

-- part: count
count(*) FILTER (WHERE outcome = '{{outcome}}') AS {{outcome}}

-- part: count_net
count(*) FILTER (WHERE outcome = '{{outcome}}')
  - count(*) FILTER (WHERE earlier = '{{outcome}}') AS {{outcome}}

-- part: counted_again
-- With the outcomes that the ledger had before, as this statement's snapshot still has them.
entries CROSS JOIN LATERAL (
  SELECT outcome AS earlier FROM contact_import_results l
  WHERE l.import_id = $1::uuid AND l.row = entries.row LIMIT 1) l

-- part: count_changes
count(*) FILTER (WHERE outcome = '{{outcome}}') AS to_change,
(SELECT count(*) FROM changed) AS changed


-- The decision in a loop: the rows left aside are taken next, together while enough of them do not
-- interfere among themselves, and then one by one, until none is left.

-- part: function
-- `waiting` are the rows left aside, in file order. `counts` are in the order of STORED_OUTCOMES; in
-- a second run they are net: what these rows were counted as before is taken off. `first_failure`
-- is the first row that may not be written.
CREATE OR REPLACE FUNCTION pg_temp.decide(uuid, bigint, bigint, bigint[] DEFAULT NULL,
  OUT rows bigint, OUT last_row bigint, OUT counts bigint[], OUT first_failure bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  part record;
  waiting bigint[] := '{}';
  together boolean := true;
BEGIN
  counts := array_fill(0::bigint, ARRAY[{{number_of_outcomes}}]);
  LOOP
    IF $4 IS NULL THEN
      {{decide_next}} INTO part;
    ELSE
      {{decide_listed}} INTO part;
    END IF;
    IF part.to_change <> part.changed THEN
      RAISE 'A contact was changed while the batch was writing to it'
        USING ERRCODE = '{{lost_race}}';
    END IF;
    counts := ARRAY[{{counts_and_part}}];
    rows := COALESCE(rows, part.rows);
    last_row := COALESCE(last_row, part.last_row);
    first_failure := LEAST(first_failure, part.first_failure);
    waiting := part.aside || waiting;
    EXIT WHEN waiting = '{}';
    $2 := waiting[1] - 1;
    together := together
      AND (part.rows - cardinality(part.aside)) * {{taken_together}} >= part.rows;
    IF together THEN
      $3 := cardinality(waiting);
      $4 := waiting;
      waiting := '{}';
    ELSE
      $3 := 1;
      $4 := NULL;
      waiting := waiting[2:];
    END IF;
  END LOOP;
END $function$
