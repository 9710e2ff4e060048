-- The row decision for the strategy `skip`, with the default match keys.
--
-- `make render` makes this file from sql/decide.sql and deciding/decision.py, for reading: the
-- program does not use it. In psql, \i prepares it, and this shows its plan:
--   EXPLAIN EXECUTE decide('the import', 1, 100);
PREPARE decide (uuid, bigint, bigint) AS
WITH looked AS MATERIALIZED (
  SELECT
    b.row, b.status, b.code,
    CASE WHEN of_external_id.id IS NULL THEN b.external_id END AS free_external_id,
    CASE WHEN of_email.id IS NULL THEN b.email_key END AS free_email,
    of_external_id.id AS by_external_id,
    of_email.id AS by_email,
    CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.id WHEN of_email.id IS NOT NULL THEN of_email.id END AS owner,
    CASE WHEN of_external_id.id <> of_email.id THEN 'two_contacts'
      WHEN false THEN 'key_taken'
      WHEN (of_external_id.id IS NULL AND b.external_id <> of_email.external_id) THEN 'stronger_key_differs' END AS conflict,
    CASE WHEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_from WHEN of_email.id IS NOT NULL THEN of_email.imported_from END = $1::uuid
      THEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_row WHEN of_email.id IS NOT NULL THEN of_email.imported_row END END AS joins
  FROM (
    SELECT r.row, r.status, r.external_id, r.email_key, r.phone_key,
      CASE r.status WHEN 'left_out' THEN COALESCE(jsonb_path_query_first(r.problems,
        '$[*] ? (@.code == "not_a_contact" || @.code == "continues_row").code') #>> '{}', 'left_out')
      WHEN 'invalid' THEN
        jsonb_path_query_first(r.problems, '$[*] ? (@.severity == "error").code') #>> '{}'
      END AS code
    FROM contact_import_rows r
    WHERE r.import_id = $1::uuid AND r.row > $2::bigint
    ORDER BY r.row LIMIT $3::bigint) b
  LEFT JOIN LATERAL (
    SELECT ctid AS place, id, external_id, email_key, phone_key, imported_from, imported_row
    FROM contacts c
    WHERE c.external_id = b.external_id LIMIT 1) AS of_external_id ON b.status = 'valid'
  LEFT JOIN LATERAL (
    SELECT ctid AS place, id, external_id, email_key, phone_key, imported_from, imported_row
    FROM contacts c
    WHERE c.email_key = b.email_key LIMIT 1) AS of_email ON b.status = 'valid'),
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
    FROM valid
    WHERE free_email IS NOT NULL
    GROUP BY free_email HAVING min(row) < max(row)) shared),
judged AS NOT MATERIALIZED (
  SELECT * FROM looked WHERE row NOT IN (SELECT row FROM aside)),
inserted AS (
  INSERT INTO contacts (
    external_id, email, prefix, first_name, middle_name, last_name, suffix, phone,
    company, department, job_title, street, city, region, postal_code, country,
    website, birthday, notes, tags, custom, email_key, phone_key,
    imported_from, imported_row)
  SELECT
    external_id, email, prefix, first_name, middle_name, last_name, suffix, phone,
    company, department, job_title, street, city, region, postal_code, country,
    website, birthday, notes, COALESCE(tags, '{}'), COALESCE(custom, '{}'), email_key, phone_key,
    import_id, row
  FROM contact_import_rows
  WHERE import_id = $1::uuid AND row > $2::bigint AND row <= (SELECT last_new FROM span)
    AND (row IN (
      SELECT row FROM judged WHERE status = 'valid' AND owner IS NULL AND conflict IS NULL)) IS TRUE
  ORDER BY row
  RETURNING id, imported_row AS row),
entries AS MATERIALIZED (
  SELECT row, 'created'::outcome AS outcome, id AS contact_id,
    NULL::text AS code, NULL::jsonb AS detail
  FROM inserted
  UNION ALL
  SELECT row, CASE WHEN conflict IS NOT NULL THEN 'conflict'
      WHEN status <> 'valid' THEN status::outcome
      ELSE 'duplicate_skipped' END,
    CASE WHEN conflict IS NULL THEN owner END,
    COALESCE(conflict, code, CASE WHEN joins IS NOT NULL THEN 'joins_row' END),
    CASE WHEN conflict IS NULL THEN CASE WHEN joins IS NOT NULL THEN jsonb_build_object('row', joins) END
      ELSE jsonb_build_object('contacts', (
        SELECT jsonb_agg(DISTINCT k)
        FROM unnest(ARRAY[by_external_id, by_email]) k WHERE k IS NOT NULL)) END
  FROM judged
  WHERE conflict IS NOT NULL OR status <> 'valid'
    OR owner IS NOT NULL AND conflict IS NULL),
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
  SELECT $1::uuid, row, outcome, contact_id, code, detail FROM entries)
SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
  ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
  0 AS to_change, 0 AS changed,
  count(*) FILTER (WHERE outcome = 'created') AS created,
  count(*) FILTER (WHERE outcome = 'updated') AS updated,
  count(*) FILTER (WHERE outcome = 'merged') AS merged,
  count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
  count(*) FILTER (WHERE outcome = 'duplicate_skipped') AS duplicate_skipped,
  count(*) FILTER (WHERE outcome = 'left_out') AS left_out,
  count(*) FILTER (WHERE outcome = 'invalid') AS invalid,
  count(*) FILTER (WHERE outcome = 'conflict') AS conflict,
  count(*) FILTER (WHERE outcome = 'failed') AS failed
FROM entries;
