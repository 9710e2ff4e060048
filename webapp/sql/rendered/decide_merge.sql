-- The row decision for the strategy `merge`, with the default match keys.
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
      THEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_row WHEN of_email.id IS NOT NULL THEN of_email.imported_row END END AS joins,
    CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.place WHEN of_email.id IS NOT NULL THEN of_email.place END AS place
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
    GROUP BY key HAVING min(row) < max(row)
    UNION ALL
    SELECT array_remove(array_agg(row), min(row)) AS rows
    FROM (
      SELECT row, owner AS contact FROM valid WHERE conflict IS NULL
      UNION ALL
      SELECT row, unnest(ARRAY[by_external_id, by_email] || further_by_email)
      FROM valid WHERE conflict IS NOT NULL) reached
    WHERE contact IS NOT NULL
    GROUP BY contact HAVING min(row) < max(row)) shared),
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
matched AS MATERIALIZED (
  SELECT n.row, n.owner, n.place, n.joins, n.other_name, n.version, n.exceeds,
    NULLIF(
      jsonb_object(CASE WHEN n.external_id IS DISTINCT FROM n.old_external_id
        THEN ARRAY['external_id', n.old_external_id] ELSE '{}' END ||
      CASE WHEN n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key
        THEN ARRAY['email', n.old_email] ELSE '{}' END ||
      CASE WHEN n.prefix IS DISTINCT FROM n.old_prefix
        THEN ARRAY['prefix', n.old_prefix] ELSE '{}' END ||
      CASE WHEN n.first_name IS DISTINCT FROM n.old_first_name
        THEN ARRAY['first_name', n.old_first_name] ELSE '{}' END ||
      CASE WHEN n.middle_name IS DISTINCT FROM n.old_middle_name
        THEN ARRAY['middle_name', n.old_middle_name] ELSE '{}' END ||
      CASE WHEN n.last_name IS DISTINCT FROM n.old_last_name
        THEN ARRAY['last_name', n.old_last_name] ELSE '{}' END ||
      CASE WHEN n.suffix IS DISTINCT FROM n.old_suffix
        THEN ARRAY['suffix', n.old_suffix] ELSE '{}' END ||
      CASE WHEN n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key
        THEN ARRAY['phone', n.old_phone] ELSE '{}' END ||
      CASE WHEN n.company IS DISTINCT FROM n.old_company
        THEN ARRAY['company', n.old_company] ELSE '{}' END ||
      CASE WHEN n.department IS DISTINCT FROM n.old_department
        THEN ARRAY['department', n.old_department] ELSE '{}' END ||
      CASE WHEN n.job_title IS DISTINCT FROM n.old_job_title
        THEN ARRAY['job_title', n.old_job_title] ELSE '{}' END ||
      CASE WHEN n.street IS DISTINCT FROM n.old_street
        THEN ARRAY['street', n.old_street] ELSE '{}' END ||
      CASE WHEN n.city IS DISTINCT FROM n.old_city
        THEN ARRAY['city', n.old_city] ELSE '{}' END ||
      CASE WHEN n.region IS DISTINCT FROM n.old_region
        THEN ARRAY['region', n.old_region] ELSE '{}' END ||
      CASE WHEN n.postal_code IS DISTINCT FROM n.old_postal_code
        THEN ARRAY['postal_code', n.old_postal_code] ELSE '{}' END ||
      CASE WHEN n.country IS DISTINCT FROM n.old_country
        THEN ARRAY['country', n.old_country] ELSE '{}' END ||
      CASE WHEN n.website IS DISTINCT FROM n.old_website
        THEN ARRAY['website', n.old_website] ELSE '{}' END ||
      CASE WHEN n.birthday IS DISTINCT FROM n.old_birthday
        THEN ARRAY['birthday', n.old_birthday] ELSE '{}' END ||
      CASE WHEN n.notes IS DISTINCT FROM n.old_notes
        THEN ARRAY['notes', n.old_notes] ELSE '{}' END ||
      CASE WHEN n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key
        THEN ARRAY['email_key', n.old_email_key] ELSE '{}' END ||
      CASE WHEN n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key
        THEN ARRAY['phone_key', n.old_phone_key] ELSE '{}' END ||
      CASE WHEN (n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key) AND (n.email_label IS NOT NULL OR n.old_email_label IS NOT NULL)
        THEN ARRAY['email_label', n.old_email_label] ELSE '{}' END ||
      CASE WHEN (n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key) AND (n.phone_label IS NOT NULL OR n.old_phone_label IS NOT NULL)
        THEN ARRAY['phone_label', n.old_phone_label] ELSE '{}' END) || CASE WHEN n.tags IS NOT DISTINCT FROM n.old_tags AND n.custom = n.old_custom
        AND n.further_emails = n.old_further_emails AND n.further_phones = n.old_further_phones THEN '{}' ELSE
      CASE WHEN n.tags IS DISTINCT FROM n.old_tags
        THEN jsonb_build_object('tags', n.old_tags) ELSE '{}' END ||
      CASE WHEN n.custom <> n.old_custom THEN (
        SELECT jsonb_object_agg('custom:' || k, n.old_custom -> k)
        FROM jsonb_object_keys(n.old_custom || n.custom) k
        WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END ||
      CASE WHEN n.further_emails <> n.old_further_emails
        THEN jsonb_build_object('further_emails', n.old_further_emails) ELSE '{}' END ||
      CASE WHEN n.further_phones <> n.old_further_phones
        THEN jsonb_build_object('further_phones', n.old_further_phones) ELSE '{}' END END, '{}') AS before,
    NULLIF(
      jsonb_object(CASE WHEN n.external_id IS DISTINCT FROM n.old_external_id
        THEN ARRAY['external_id', n.external_id] ELSE '{}' END ||
      CASE WHEN n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key
        THEN ARRAY['email', n.email] ELSE '{}' END ||
      CASE WHEN n.prefix IS DISTINCT FROM n.old_prefix
        THEN ARRAY['prefix', n.prefix] ELSE '{}' END ||
      CASE WHEN n.first_name IS DISTINCT FROM n.old_first_name
        THEN ARRAY['first_name', n.first_name] ELSE '{}' END ||
      CASE WHEN n.middle_name IS DISTINCT FROM n.old_middle_name
        THEN ARRAY['middle_name', n.middle_name] ELSE '{}' END ||
      CASE WHEN n.last_name IS DISTINCT FROM n.old_last_name
        THEN ARRAY['last_name', n.last_name] ELSE '{}' END ||
      CASE WHEN n.suffix IS DISTINCT FROM n.old_suffix
        THEN ARRAY['suffix', n.suffix] ELSE '{}' END ||
      CASE WHEN n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key
        THEN ARRAY['phone', n.phone] ELSE '{}' END ||
      CASE WHEN n.company IS DISTINCT FROM n.old_company
        THEN ARRAY['company', n.company] ELSE '{}' END ||
      CASE WHEN n.department IS DISTINCT FROM n.old_department
        THEN ARRAY['department', n.department] ELSE '{}' END ||
      CASE WHEN n.job_title IS DISTINCT FROM n.old_job_title
        THEN ARRAY['job_title', n.job_title] ELSE '{}' END ||
      CASE WHEN n.street IS DISTINCT FROM n.old_street
        THEN ARRAY['street', n.street] ELSE '{}' END ||
      CASE WHEN n.city IS DISTINCT FROM n.old_city
        THEN ARRAY['city', n.city] ELSE '{}' END ||
      CASE WHEN n.region IS DISTINCT FROM n.old_region
        THEN ARRAY['region', n.region] ELSE '{}' END ||
      CASE WHEN n.postal_code IS DISTINCT FROM n.old_postal_code
        THEN ARRAY['postal_code', n.postal_code] ELSE '{}' END ||
      CASE WHEN n.country IS DISTINCT FROM n.old_country
        THEN ARRAY['country', n.country] ELSE '{}' END ||
      CASE WHEN n.website IS DISTINCT FROM n.old_website
        THEN ARRAY['website', n.website] ELSE '{}' END ||
      CASE WHEN n.birthday IS DISTINCT FROM n.old_birthday
        THEN ARRAY['birthday', n.birthday] ELSE '{}' END ||
      CASE WHEN n.notes IS DISTINCT FROM n.old_notes
        THEN ARRAY['notes', n.notes] ELSE '{}' END ||
      CASE WHEN n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key
        THEN ARRAY['email_key', n.email_key] ELSE '{}' END ||
      CASE WHEN n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key
        THEN ARRAY['phone_key', n.phone_key] ELSE '{}' END ||
      CASE WHEN (n.email IS DISTINCT FROM n.old_email OR n.email_key IS DISTINCT FROM n.old_email_key) AND (n.email_label IS NOT NULL OR n.old_email_label IS NOT NULL)
        THEN ARRAY['email_label', n.email_label] ELSE '{}' END ||
      CASE WHEN (n.phone IS DISTINCT FROM n.old_phone OR n.phone_key IS DISTINCT FROM n.old_phone_key) AND (n.phone_label IS NOT NULL OR n.old_phone_label IS NOT NULL)
        THEN ARRAY['phone_label', n.phone_label] ELSE '{}' END) || CASE WHEN n.tags IS NOT DISTINCT FROM n.old_tags AND n.custom = n.old_custom
        AND n.further_emails = n.old_further_emails AND n.further_phones = n.old_further_phones THEN '{}' ELSE
      CASE WHEN n.tags IS DISTINCT FROM n.old_tags
        THEN jsonb_build_object('tags', n.tags) ELSE '{}' END ||
      CASE WHEN n.custom <> n.old_custom THEN (
        SELECT jsonb_object_agg('custom:' || k, n.custom -> k)
        FROM jsonb_object_keys(n.old_custom || n.custom) k
        WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END ||
      CASE WHEN n.further_emails <> n.old_further_emails
        THEN jsonb_build_object('further_emails', n.further_emails) ELSE '{}' END ||
      CASE WHEN n.further_phones <> n.old_further_phones
        THEN jsonb_build_object('further_phones', n.further_phones) ELSE '{}' END END, '{}') AS after,
    n.external_id, n.email, n.prefix, n.first_name, n.middle_name, n.last_name, n.suffix, n.phone,
    n.company, n.department, n.job_title, n.street, n.city, n.region, n.postal_code, n.country,
    n.website, n.birthday, n.notes, n.tags, n.custom, n.email_key, n.phone_key, n.email_label,
    n.phone_label, n.further_emails, n.further_phones
  FROM (
    SELECT d.row, d.owner, d.place, d.joins, d.other_name, c.version,
      (jsonb_array_length(email_list.list) > 20 OR jsonb_array_length(phone_list.list) > 20) AS exceeds,
      c.external_id AS old_external_id, c.email AS old_email, c.prefix AS old_prefix, c.first_name AS old_first_name,
      c.middle_name AS old_middle_name, c.last_name AS old_last_name, c.suffix AS old_suffix, c.phone AS old_phone,
      c.company AS old_company, c.department AS old_department, c.job_title AS old_job_title, c.street AS old_street,
      c.city AS old_city, c.region AS old_region, c.postal_code AS old_postal_code, c.country AS old_country,
      c.website AS old_website, c.birthday AS old_birthday, c.notes AS old_notes, c.tags AS old_tags,
      c.custom AS old_custom, c.email_key AS old_email_key, c.phone_key AS old_phone_key, c.email_label AS old_email_label,
      c.phone_label AS old_phone_label, c.further_emails AS old_further_emails, c.further_phones AS old_further_phones,
      COALESCE(c.external_id, j.external_id) AS external_id,
      CASE WHEN c.prefix IS NULL AND j.prefix IS NOT NULL AND same_names THEN j.prefix
        ELSE c.prefix END AS prefix,
      CASE WHEN c.first_name IS NULL AND j.first_name IS NOT NULL AND same_names THEN j.first_name
        ELSE c.first_name END AS first_name,
      CASE WHEN c.middle_name IS NULL AND j.middle_name IS NOT NULL AND same_names THEN j.middle_name
        ELSE c.middle_name END AS middle_name,
      CASE WHEN c.last_name IS NULL AND j.last_name IS NOT NULL AND same_names THEN j.last_name
        ELSE c.last_name END AS last_name,
      CASE WHEN c.suffix IS NULL AND j.suffix IS NOT NULL AND same_names THEN j.suffix
        ELSE c.suffix END AS suffix,
      COALESCE(c.company, j.company) AS company,
      COALESCE(c.department, j.department) AS department,
      COALESCE(c.job_title, j.job_title) AS job_title,
      COALESCE(c.street, j.street) AS street,
      COALESCE(c.city, j.city) AS city,
      COALESCE(c.region, j.region) AS region,
      COALESCE(c.postal_code, j.postal_code) AS postal_code,
      COALESCE(c.country, j.country) AS country,
      COALESCE(c.website, j.website) AS website,
      COALESCE(c.birthday, j.birthday) AS birthday,
      COALESCE(c.notes, j.notes) AS notes,
      CASE WHEN j.tags IS NULL OR j.tags <@ c.tags THEN COALESCE(c.tags, j.tags, '{}')
        ELSE COALESCE(c.tags, '{}') || ARRAY(
          SELECT t FROM unnest(j.tags) WITH ORDINALITY AS u(t, n)
          WHERE NOT EXISTS (SELECT FROM unnest(c.tags) h WHERE translate(h, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ') = translate(t, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'))
          ORDER BY n) END AS tags,
      COALESCE(j.custom, '{}') || COALESCE(c.custom, '{}') AS custom,
      CASE WHEN email_list.list IS NULL THEN CASE WHEN c.email IS NULL THEN j.email ELSE c.email END
        ELSE email_list.list -> 0 ->> 'value' END AS email,
      CASE WHEN email_list.list IS NULL THEN CASE WHEN c.email IS NULL THEN j.email_key ELSE c.email_key END
        ELSE email_list.list -> 0 ->> 'key' END AS email_key,
      CASE WHEN email_list.list IS NULL THEN CASE WHEN c.email IS NULL THEN j.email_label ELSE c.email_label END
        ELSE email_list.list -> 0 ->> 'label' END AS email_label,
      CASE WHEN email_list.list IS NULL THEN c.further_emails
        ELSE jsonb_path_query_array(email_list.list, '$[1 to 19]') END AS further_emails,
      CASE WHEN phone_list.list IS NULL THEN CASE WHEN c.phone IS NULL THEN j.phone ELSE c.phone END
        ELSE phone_list.list -> 0 ->> 'value' END AS phone,
      CASE WHEN phone_list.list IS NULL THEN CASE WHEN c.phone IS NULL THEN j.phone_key ELSE c.phone_key END
        ELSE phone_list.list -> 0 ->> 'key' END AS phone_key,
      CASE WHEN phone_list.list IS NULL THEN CASE WHEN c.phone IS NULL THEN j.phone_label ELSE c.phone_label END
        ELSE phone_list.list -> 0 ->> 'label' END AS phone_label,
      CASE WHEN phone_list.list IS NULL THEN c.further_phones
        ELSE jsonb_path_query_array(phone_list.list, '$[1 to 19]') END AS further_phones
    FROM judged d
    CROSS JOIN LATERAL (
      SELECT * FROM contact_import_rows r
      WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1) j
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
    CROSS JOIN LATERAL (SELECT
      (concat_ws(E'\n', CASE WHEN j.prefix IS NOT NULL THEN c.prefix END, CASE WHEN j.first_name IS NOT NULL THEN c.first_name END, CASE WHEN j.middle_name IS NOT NULL THEN c.middle_name END, CASE WHEN j.last_name IS NOT NULL THEN c.last_name END, CASE WHEN j.suffix IS NOT NULL THEN c.suffix END) = concat_ws(E'\n', CASE WHEN c.prefix IS NOT NULL THEN j.prefix END, CASE WHEN c.first_name IS NOT NULL THEN j.first_name END, CASE WHEN c.middle_name IS NOT NULL THEN j.middle_name END, CASE WHEN c.last_name IS NOT NULL THEN j.last_name END, CASE WHEN c.suffix IS NOT NULL THEN j.suffix END) OR translate(concat_ws(E'\n', CASE WHEN j.prefix IS NOT NULL THEN c.prefix END, CASE WHEN j.first_name IS NOT NULL THEN c.first_name END, CASE WHEN j.middle_name IS NOT NULL THEN c.middle_name END, CASE WHEN j.last_name IS NOT NULL THEN c.last_name END, CASE WHEN j.suffix IS NOT NULL THEN c.suffix END), 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ') = translate(concat_ws(E'\n', CASE WHEN c.prefix IS NOT NULL THEN j.prefix END, CASE WHEN c.first_name IS NOT NULL THEN j.first_name END, CASE WHEN c.middle_name IS NOT NULL THEN j.middle_name END, CASE WHEN c.last_name IS NOT NULL THEN j.last_name END, CASE WHEN c.suffix IS NOT NULL THEN j.suffix END), 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ')) AS same_names) of_name
    CROSS JOIN LATERAL (
      SELECT CASE WHEN j.further_emails IS NOT NULL OR c.email IS NOT NULL AND j.email_key IS NOT NULL
        AND (j.email_key = c.email_key) IS NOT TRUE THEN
        (SELECT COALESCE(jsonb_agg(
            jsonb_build_object('value', value, 'key', key, 'label', label) ORDER BY place), '[]')
        FROM (
          SELECT DISTINCT ON (COALESCE(a.key, a.value)) a.*
          FROM (SELECT c.email IS NULL AS takes) m CROSS JOIN LATERAL (
            SELECT c.email AS value, c.email_key AS key, c.email_label AS label, 1 AS place
            WHERE NOT m.takes AND ('email' = ANY(j.clears)) IS NOT TRUE
            UNION ALL
            SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1 + n
            FROM jsonb_array_elements(c.further_emails) WITH ORDINALITY AS u(f, n)
            UNION ALL
            SELECT j.email, j.email_key, j.email_label, CASE WHEN m.takes THEN 0 ELSE 1000 END
            WHERE m.takes OR j.email_key IS NOT NULL
            UNION ALL
            SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1000 + n
            FROM jsonb_array_elements(j.further_emails) WITH ORDINALITY AS u(f, n)
            WHERE c.email IS NULL OR f ->> 'key' IS NOT NULL) a
          WHERE a.value IS NOT NULL
          ORDER BY COALESCE(a.key, a.value), a.place) kept) END AS list OFFSET 0) AS email_list
    CROSS JOIN LATERAL (
      SELECT CASE WHEN j.further_phones IS NOT NULL OR c.phone IS NOT NULL AND j.phone_key IS NOT NULL
        AND (j.phone_key = c.phone_key) IS NOT TRUE THEN
        (SELECT COALESCE(jsonb_agg(
            jsonb_build_object('value', value, 'key', key, 'label', label) ORDER BY place), '[]')
        FROM (
          SELECT DISTINCT ON (COALESCE(a.key, a.value)) a.*
          FROM (SELECT c.phone IS NULL AS takes) m CROSS JOIN LATERAL (
            SELECT c.phone AS value, c.phone_key AS key, c.phone_label AS label, 1 AS place
            WHERE NOT m.takes AND ('phone' = ANY(j.clears)) IS NOT TRUE
            UNION ALL
            SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1 + n
            FROM jsonb_array_elements(c.further_phones) WITH ORDINALITY AS u(f, n)
            UNION ALL
            SELECT j.phone, j.phone_key, j.phone_label, CASE WHEN m.takes THEN 0 ELSE 1000 END
            WHERE m.takes OR j.phone_key IS NOT NULL
            UNION ALL
            SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1000 + n
            FROM jsonb_array_elements(j.further_phones) WITH ORDINALITY AS u(f, n)
            WHERE c.phone IS NULL OR f ->> 'key' IS NOT NULL) a
          WHERE a.value IS NOT NULL
          ORDER BY COALESCE(a.key, a.value), a.place) kept) END AS list OFFSET 0) AS phone_list
    WHERE owner IS NOT NULL AND conflict IS NULL OFFSET 0) n),
entries (row, outcome, contact_id, code, detail) AS MATERIALIZED (
  SELECT row, 'created'::outcome, id, NULL::text, NULL::jsonb
  FROM inserted
  UNION ALL
  SELECT row, CASE WHEN before IS NULL THEN 'unchanged'::outcome ELSE 'merged' END, owner,
    CASE WHEN joins IS NOT NULL THEN 'joins_row' END,
    CASE WHEN joins IS NOT NULL OR other_name OR exceeds
      THEN jsonb_strip_nulls(jsonb_build_object(
      'row', joins,
      'warnings', NULLIF(CASE WHEN other_name THEN '["other_name"]'::jsonb ELSE '[]' END
        || CASE WHEN exceeds THEN '["addresses_exceed"]'::jsonb ELSE '[]' END
        , '[]'))) END
  FROM matched
  UNION ALL
  SELECT row,
    CASE WHEN conflict IS NOT NULL THEN 'conflict'
      WHEN status <> 'valid' THEN status::outcome
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
  WHERE conflict IS NOT NULL OR status <> 'valid'),
changed AS (
  UPDATE contacts c SET
    external_id = m.external_id, email = m.email, prefix = m.prefix, first_name = m.first_name,
    middle_name = m.middle_name, last_name = m.last_name, suffix = m.suffix, phone = m.phone,
    company = m.company, department = m.department, job_title = m.job_title, street = m.street,
    city = m.city, region = m.region, postal_code = m.postal_code, country = m.country,
    website = m.website, birthday = m.birthday, notes = m.notes, tags = m.tags,
    custom = m.custom, email_key = m.email_key, phone_key = m.phone_key, email_label = m.email_label,
    phone_label = m.phone_label, further_emails = m.further_emails, further_phones = m.further_phones,
    version = c.version + 1, updated_at = now()
  FROM matched m WHERE m.before IS NOT NULL AND c.ctid = m.place AND c.version = m.version
  RETURNING 1),
journalled AS (
  INSERT INTO contact_changes (contact_id, kind, import_id, row, before, after)
  SELECT owner, 'import', $1::uuid, row, before, after FROM matched WHERE before IS NOT NULL),
ledger AS (
  INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
  SELECT $1::uuid, row, outcome, contact_id, code, detail FROM entries)
SELECT (SELECT rows FROM span) AS rows, (SELECT COALESCE(last_row, 0) FROM span) AS last_row,
  ARRAY(SELECT row FROM aside ORDER BY row) AS aside,
  count(*) FILTER (WHERE outcome = 'merged') AS to_change,
  (SELECT count(*) FROM changed) AS changed,
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
