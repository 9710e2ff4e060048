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

-- part: matches
owner IS NOT NULL AND conflict IS NULL


-- Step 1: the rows, and who holds their keys now.

-- part: next_rows
contact_import_rows r
WHERE r.import_id = $1::uuid AND r.row > $2::bigint {{only_failed}}

-- part: listed_rows
-- In file order, and all of them after row $2.
unnest($4::bigint[]) AS listed(row) CROSS JOIN LATERAL (
  SELECT * FROM contact_import_rows r
  WHERE r.import_id = $1::uuid AND r.row = listed.row {{only_failed}} LIMIT 1) r

-- part: still_failed
-- In a run over failed rows: whether the row is one of them.
AND EXISTS (SELECT FROM contact_import_results f
  WHERE f.import_id = r.import_id AND f.row = r.row AND f.outcome = 'failed')

-- part: looked
-- The rows come without their wide columns: those are fetched where they are written. Columns of a
-- contact that are never asked for are not named either: each would be carried along for every row.
looked AS MATERIALIZED (
  SELECT
    {{columns}}
  FROM (
    SELECT r.row, r.status, {{row_keys}},
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
  SELECT ctid AS place, id, {{key_columns}}, imported_from, imported_row
  FROM contacts c
  WHERE c.{{column}} = b.{{column}} LIMIT 1) AS of_{{key}} ON b.status = 'valid'

-- part: second_holder_of_phone
-- Contacts can share a phone: whether the row's own is held by more than one.
LEFT JOIN LATERAL (
  SELECT id FROM contacts c
  WHERE c.phone_key = b.phone_key AND c.id <> of_phone.id LIMIT 1)
AS of_phone_too ON b.status = 'valid'

-- part: joins
-- The earlier row of this import that made the owner.
CASE WHEN {{imported_from}} = $1::uuid
  THEN {{imported_row}} END AS joins

-- part: conflict
-- R1 and R2: why a row that reaches contacts may not be written; null where it may be.
CASE WHEN {{two_contacts}} THEN 'two_contacts'
  WHEN {{key_taken}} THEN 'key_taken'
  WHEN {{stronger_key_differs}} THEN 'stronger_key_differs' END AS conflict


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

-- part: sharing_a_free_key
-- All rows of a group but its first, here and below without a join, which would grow by the square.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM valid
WHERE free_{{key}} IS NOT NULL
GROUP BY free_{{key}} HAVING min(row) < max(row)

-- part: sharing_a_contact
-- Where there is a conflict, a row reaches more contacts than its owner.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM (
  SELECT row, owner AS contact FROM valid WHERE conflict IS NULL
  UNION ALL
  SELECT row, unnest({{reached}})
  FROM valid WHERE conflict IS NOT NULL) reached
WHERE contact IS NOT NULL
GROUP BY contact HAVING min(row) < max(row)

-- part: sharing_a_phone
-- Rows that reach a holder of a phone which a row has that reaches several. The look-up names two
-- of them. Once earlier rows gave those another phone, such a row reaches the next.
SELECT array_remove(array_agg(row), min(row)) AS rows
FROM (SELECT row, unnest(held) AS phone FROM valid) reached
WHERE phone IN (SELECT phone_key FROM valid WHERE by_phone_too IS NOT NULL)
  AND phone IS NOT NULL
GROUP BY phone HAVING min(row) < max(row)

-- part: judged
judged AS NOT MATERIALIZED (
  SELECT * FROM looked WHERE row NOT IN (SELECT row FROM aside))


-- Step 4: rows without an owner become contacts; the book's own numbering gives them theirs.

-- part: inserted
inserted AS (
  INSERT INTO contacts (
    {{written}},
    imported_from, imported_row)
  SELECT
    {{written_values}},
    import_id, row
  FROM contact_import_rows
  WHERE import_id = $1::uuid AND row > $2::bigint AND row <= (SELECT last_new FROM span)
    AND (row IN (
      SELECT row FROM judged WHERE {{creates}})) IS TRUE
  ORDER BY row
  RETURNING id, imported_row AS row)


-- Step 5: rows with one owner: what is to be written, and in place of what. Not for skip.

-- part: matched
-- The owner is where the look-up met it, on the same snapshot: that takes no index.
matched AS MATERIALIZED (
  SELECT n.row, n.owner, n.place, n.joins, n.version,
    {{before}},
    {{after}},
    {{new}}
  FROM (
    SELECT d.row, d.owner, d.place, d.joins, c.version,
      {{old}},
      {{values}}
    FROM judged d
    CROSS JOIN LATERAL (
      SELECT * FROM contact_import_rows r
      WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1) j
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
    WHERE {{matches}} OFFSET 0) n)

-- W1, update: a filled cell `j` replaces what the contact `c` has, and the clear token empties it.

-- part: filled_value
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: filled_tags
-- A tag that the contact has in another case stays as the contact has it.
CASE WHEN 'tags' = ANY(j.clears) THEN '{}'
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

-- A field with a key: a value without one (unreadable) or with the same one (an address in other
-- case) leaves a readable value, and its key, as they are.

-- part: filled_keyed_value
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL
  WHEN COALESCE(j.{{key}}, c.{{key}}) = c.{{key}} THEN c.{{field}}
  ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: filled_key
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL ELSE COALESCE(j.{{key}}, c.{{key}}) END

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

-- part: folded_tag
-- Small letters by the program's own list: lower() follows the language of the database.
translate({{tag}}, '{{capitals}}', '{{small}}')

-- part: blank_custom
COALESCE(j.custom, '{}') || COALESCE(c.custom, '{}')

-- part: blank_key
CASE WHEN c.{{field}} IS NULL THEN j.{{key}} ELSE c.{{key}} END

-- The journal's entry: the changed fields as they stand on one side, each custom key a field of its
-- own; null where nothing differs. Names and texts are put together as one array, which becomes an
-- object once: an object for each field, and `||` between them, takes a sixth longer for the row.

-- part: journal_entry
NULLIF(
  jsonb_object({{texts}}) ||
  {{tags}} ||
  {{custom}}, '{}') AS {{name}}

-- part: journal_text
CASE WHEN {{differs}}
  THEN ARRAY['{{field}}', n.{{side}}{{field}}] ELSE '{}' END

-- part: journal_tags
CASE WHEN n.tags IS DISTINCT FROM n.old_tags
  THEN jsonb_build_object('tags', n.{{side}}tags) ELSE '{}' END

-- part: journal_custom
CASE WHEN n.custom <> n.old_custom THEN (
  SELECT jsonb_object_agg('custom:' || k, n.{{side}}custom -> k)
  FROM jsonb_object_keys(n.old_custom || n.custom) k
  WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END


-- Step 6: one ledger entry for each row that was not left aside.

-- part: entries
entries AS MATERIALIZED (
  SELECT row, 'created'::outcome AS outcome, id AS contact_id,
    NULL::text AS code, NULL::jsonb AS detail
  FROM inserted
  {{of_matched}}
  UNION ALL
  SELECT row, CASE WHEN conflict IS NOT NULL THEN 'conflict'
      WHEN status <> 'valid' THEN status::outcome
      {{else_skipped}} END,
    CASE WHEN conflict IS NULL THEN owner END,
    COALESCE(conflict, code, {{joins_code}}),
    CASE WHEN conflict IS NULL THEN {{joins_detail}}
      ELSE jsonb_build_object('contacts', (
        SELECT jsonb_agg(DISTINCT k)
        FROM unnest({{reached}}) k WHERE k IS NOT NULL)) END
  FROM judged
  WHERE conflict IS NOT NULL OR status <> 'valid'
    {{or_skipped}})

-- part: entries_of_matched
UNION ALL
SELECT row, CASE WHEN before IS NULL THEN 'unchanged'::outcome ELSE '{{outcome}}' END, owner,
  {{joins_code}},
  {{joins_detail}}
FROM matched

-- part: joins_code
CASE WHEN joins IS NOT NULL THEN 'joins_row' END

-- part: joins_detail
CASE WHEN joins IS NOT NULL THEN jsonb_build_object('row', joins) END


-- Step 7: contacts, journal and ledger are written. The version keeps a change that came between
-- from being overwritten; `totals` tells of it, and the function raises.

-- part: changed
changed AS (
  UPDATE contacts c SET
    {{assignments}},
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

-- part: ledger_corrected
-- In a run over failed rows, which have an entry.
ledger AS (
  UPDATE contact_import_results l
  SET outcome = e.outcome, contact_id = e.contact_id, code = e.code, detail = e.detail
  FROM entries e WHERE l.import_id = $1::uuid AND l.row = e.row AND l.outcome = 'failed')


-- The answer.

-- part: totals
SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
  ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
  {{changes}},
  {{counts}}
FROM entries

-- part: count_changes
count(*) FILTER (WHERE outcome = '{{outcome}}') AS to_change,
(SELECT count(*) FROM changed) AS changed


-- The decision in a loop: the rows left aside are taken next, together while enough of them do not
-- interfere among themselves, and then one by one, until none is left.

-- part: function
-- `waiting` are the rows left aside, in file order. `counts` are in the order of STORED_OUTCOMES.
CREATE OR REPLACE FUNCTION pg_temp.decide(uuid, bigint, bigint, bigint[] DEFAULT NULL,
  OUT rows bigint, OUT last_row bigint, OUT counts bigint[]) LANGUAGE plpgsql AS $function$
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
