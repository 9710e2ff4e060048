-- The row decision for the strategy `skip`, with the default match keys.
--
-- `make render` makes this file from sql/decide.sql and deciding/decision.py, for reading: the
-- program does not use it. In psql, \i prepares it, once a function stands in for
-- pg_temp.is_other_person (sql/other_names.sql), and this shows its plan:
--   EXPLAIN EXECUTE decide('the import', 1, 100);
PREPARE decide (uuid, bigint, bigint) AS
WITH looked AS MATERIALIZED (
  SELECT
    b.row, b.status, b.code,
    CASE WHEN of_external_id.id IS NULL THEN b.external_id END AS free_external_id,
    of_external_id.id AS by_external_id,
    CASE WHEN of_email.by_main IS NULL THEN CASE WHEN of_external_id.email_key = b.email_key THEN NULL ELSE b.email_key END END AS free_email,
    of_email.id AS by_email,
    b.further_by_email, b.further_free_email,
    CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.id WHEN of_email.id IS NOT NULL THEN of_email.id END AS owner,
    CASE WHEN of_external_id.id <> of_email.id
        OR CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.id WHEN of_email.id IS NOT NULL THEN of_email.id END <> ANY(b.further_by_email) THEN 'two_contacts'
      WHEN false THEN 'key_taken'
      WHEN (of_external_id.id IS NULL AND b.external_id <> of_email.external_id) THEN 'stronger_key_differs'
      END AS conflict,
    CASE WHEN of_external_id.id IS NOT NULL THEN
      (b.first_name IS DISTINCT FROM of_external_id.first_name
        OR b.last_name IS DISTINCT FROM of_external_id.last_name)
      AND COALESCE(b.first_name, b.last_name) IS NOT NULL
      AND pg_temp.is_other_person(b.first_name, b.middle_name, b.last_name,
        of_external_id.first_name, of_external_id.middle_name, of_external_id.last_name) WHEN of_email.id IS NOT NULL THEN
      (b.first_name IS DISTINCT FROM of_email.first_name
        OR b.last_name IS DISTINCT FROM of_email.last_name)
      AND COALESCE(b.first_name, b.last_name) IS NOT NULL
      AND pg_temp.is_other_person(b.first_name, b.middle_name, b.last_name,
        of_email.first_name, of_email.middle_name, of_email.last_name) ELSE false END AS other_name,
    CASE WHEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_from WHEN of_email.id IS NOT NULL THEN of_email.imported_from END = $1::uuid
      THEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_row WHEN of_email.id IS NOT NULL THEN of_email.imported_row END END AS joins
  FROM (
    SELECT r.row, r.status, r.external_id, r.email_key, r.phone_key, r.first_name, r.middle_name, r.last_name,
      CASE WHEN r.further_emails IS NOT NULL THEN ARRAY(
        SELECT DISTINCT k.contact_id FROM jsonb_array_elements(r.further_emails) f
        CROSS JOIN LATERAL (
          SELECT contact_id FROM contact_email_keys WHERE key = f ->> 'key' LIMIT 1) k)
      END AS further_by_email,
      CASE WHEN r.further_emails IS NOT NULL THEN ARRAY(
        SELECT f ->> 'key' FROM jsonb_array_elements(r.further_emails) f
        WHERE NOT EXISTS (SELECT FROM contact_email_keys WHERE key = f ->> 'key' OFFSET 0))
      END AS further_free_email,
      CASE r.status WHEN 'left_out' THEN COALESCE(jsonb_path_query_first(r.problems,
        '$[*] ? (@.code == "not_a_contact" || @.code == "continues_row").code') #>> '{}', 'left_out')
      WHEN 'invalid' THEN
        jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error").code') #>> '{}'
      END AS code
    FROM contact_import_rows r
    WHERE r.import_id = $1::uuid AND r.row > $2::bigint
    ORDER BY r.row LIMIT $3::bigint) b
  LEFT JOIN LATERAL (
    SELECT ctid AS place, id, external_id, email_key, phone_key, first_name, middle_name, last_name, imported_from, imported_row
    FROM contacts c
    WHERE c.external_id = b.external_id LIMIT 1) AS of_external_id ON b.status = 'valid'
  LEFT JOIN LATERAL (
    SELECT ctid AS place, id, external_id, email_key, phone_key, first_name, middle_name, last_name, imported_from, imported_row, id AS by_main
    FROM contacts WHERE email_key = CASE WHEN of_external_id.email_key = b.email_key THEN NULL ELSE b.email_key END
    UNION ALL
    SELECT ctid AS place, id, external_id, email_key, phone_key, first_name, middle_name, last_name, imported_from, imported_row, id
    FROM contacts WHERE id = (SELECT contact_id FROM contact_further_emails WHERE key = CASE WHEN of_external_id.email_key = b.email_key THEN NULL ELSE b.email_key END)
    UNION ALL
    SELECT ctid AS place, id, external_id, email_key, phone_key, first_name, middle_name, last_name, imported_from, imported_row, NULL
    FROM contacts WHERE id = b.further_by_email[1]
    LIMIT 1)
  AS of_email ON b.status = 'valid'),
span AS MATERIALIZED (
  SELECT count(*) AS rows, max(row) AS last_row,
    max(row) FILTER (WHERE status = 'valid' AND owner IS NULL AND conflict IS NULL) AS last_new
  FROM looked),
aside AS MATERIALIZED (
  WITH valid AS NOT MATERIALIZED (SELECT * FROM looked WHERE status = 'valid')
  SELECT DISTINCT unnest(rows) AS row FROM (
    SELECT array_remove(array_agg(row), min(row)) AS rows
    FROM valid
    WHERE free_external_id IS NOT NULL
    GROUP BY free_external_id HAVING min(row) < max(row)
    UNION ALL
    SELECT array_remove(array_agg(row), min(row)) AS rows
    FROM (
      SELECT row, free_email AS key FROM valid
      UNION ALL
      SELECT row, unnest(further_free_email) FROM valid WHERE further_free_email IS NOT NULL) free
    WHERE key IS NOT NULL
    GROUP BY key HAVING min(row) < max(row)) shared),
judged AS NOT MATERIALIZED (
  SELECT * FROM looked WHERE row NOT IN (SELECT row FROM aside)),
inserted AS (
  INSERT INTO contacts (
    external_id, email, prefix, first_name, middle_name, last_name, suffix, phone,
    company, department, job_title, street, city, region, postal_code, country,
    website, birthday, notes, tags, custom, email_key, phone_key, email_label,
    phone_label, further_emails, further_phones,
    imported_from, imported_row)
  SELECT
    external_id, email, prefix, first_name, middle_name, last_name, suffix, phone,
    company, department, job_title, street, city, region, postal_code, country,
    website, birthday, notes, COALESCE(tags, '{}'), COALESCE(custom, '{}'), email_key, phone_key, email_label,
    phone_label, COALESCE(further_emails, '[]'), COALESCE(further_phones, '[]'),
    import_id, row
  FROM contact_import_rows r
  WHERE import_id = $1::uuid AND row > $2::bigint AND row <= (SELECT last_new FROM span)
    AND (row IN (
      SELECT row FROM judged WHERE status = 'valid' AND owner IS NULL AND conflict IS NULL)) IS TRUE
  ORDER BY row
  RETURNING id, imported_row AS row),
entries (row, outcome, contact_id, code, detail) AS MATERIALIZED (
  SELECT row, 'created'::outcome, id, NULL::text, NULL::jsonb
  FROM inserted
  UNION ALL
  SELECT row,
    CASE WHEN conflict IS NOT NULL THEN 'conflict'
      WHEN status <> 'valid' THEN status::outcome
      WHEN owner IS NOT NULL AND conflict IS NULL THEN 'duplicate_skipped'
    END,
    CASE WHEN conflict IS NULL THEN owner END,
    COALESCE(conflict, code, CASE WHEN joins IS NOT NULL THEN 'joins_row' END),
    CASE WHEN conflict IS NULL THEN CASE WHEN joins IS NOT NULL OR other_name THEN jsonb_strip_nulls(jsonb_build_object(
      'row', joins,
      'warnings', CASE WHEN other_name THEN '["other_name"]'::jsonb END)) END
      ELSE (SELECT jsonb_build_object('contacts', COALESCE(
          jsonb_agg(DISTINCT one) FILTER (WHERE one IS NOT NULL), '[]'),
        'by', COALESCE(jsonb_object_agg(key, holders) FILTER (WHERE holders IS NOT NULL), '{}'))
      FROM (
        SELECT 'external_id' AS key, CASE WHEN by_external_id IS NOT NULL
          THEN jsonb_build_array(by_external_id) END AS holders
        UNION ALL
        SELECT 'email', (
          SELECT jsonb_agg(id) FROM (
            SELECT DISTINCT id FROM (
              SELECT k.id FROM contact_import_rows r
              CROSS JOIN LATERAL (
                SELECT r.email_key AS key
                UNION ALL
                SELECT f ->> 'key' FROM jsonb_array_elements(r.further_emails) f) p
              CROSS JOIN LATERAL (
                (SELECT contact_id AS id FROM contact_email_keys WHERE key = p.key LIMIT 20)) k
              WHERE r.import_id = $1::uuid AND r.row = d.row ORDER BY k.id) sorted
            ORDER BY id LIMIT 20) held)) h
      LEFT JOIN LATERAL jsonb_array_elements(holders) one ON true) END
  FROM judged d
  WHERE conflict IS NOT NULL OR status <> 'valid'
    OR (owner IS NOT NULL AND conflict IS NULL)),
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
  SELECT $1::uuid, row, outcome, contact_id, code, detail FROM entries)
SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
  ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
  0 AS to_change, 0 AS changed,
  min(row) FILTER (WHERE outcome IN ('conflict', 'failed')) AS first_failure,
  count(*) FILTER (WHERE outcome = 'created') AS created,
  count(*) FILTER (WHERE outcome = 'updated') AS updated,
  count(*) FILTER (WHERE outcome = 'merged') AS merged,
  count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
  count(*) FILTER (WHERE outcome = 'duplicate_skipped') AS duplicate_skipped,
  count(*) FILTER (WHERE outcome = 'new_skipped') AS new_skipped,
  count(*) FILTER (WHERE outcome = 'left_out') AS left_out,
  count(*) FILTER (WHERE outcome = 'invalid') AS invalid,
  count(*) FILTER (WHERE outcome = 'conflict') AS conflict,
  count(*) FILTER (WHERE outcome = 'failed') AS failed
FROM entries;
