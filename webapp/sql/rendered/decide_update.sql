-- The row decision for the strategy `update`, with the default match keys.
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
      THEN CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.imported_row WHEN of_email.id IS NOT NULL THEN of_email.imported_row END END AS joins,
    CASE WHEN of_external_id.id IS NOT NULL THEN of_external_id.place WHEN of_email.id IS NOT NULL THEN of_email.place END AS place
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
    GROUP BY free_email HAVING min(row) < max(row)
    UNION ALL
    SELECT array_remove(array_agg(row), min(row)) AS rows
    FROM (
      SELECT row, owner AS contact FROM valid WHERE conflict IS NULL
      UNION ALL
      SELECT row, unnest(ARRAY[by_external_id, by_email])
      FROM valid WHERE conflict IS NOT NULL) reached
    WHERE contact IS NOT NULL
    GROUP BY contact HAVING min(row) < max(row)) shared),
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
matched AS MATERIALIZED (
  SELECT n.row, n.owner, n.place, n.joins, n.version,
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
        THEN ARRAY['phone_key', n.old_phone_key] ELSE '{}' END) ||
      CASE WHEN n.tags IS DISTINCT FROM n.old_tags
        THEN jsonb_build_object('tags', n.old_tags) ELSE '{}' END ||
      CASE WHEN n.custom <> n.old_custom THEN (
        SELECT jsonb_object_agg('custom:' || k, n.old_custom -> k)
        FROM jsonb_object_keys(n.old_custom || n.custom) k
        WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END, '{}') AS before,
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
        THEN ARRAY['phone_key', n.phone_key] ELSE '{}' END) ||
      CASE WHEN n.tags IS DISTINCT FROM n.old_tags
        THEN jsonb_build_object('tags', n.tags) ELSE '{}' END ||
      CASE WHEN n.custom <> n.old_custom THEN (
        SELECT jsonb_object_agg('custom:' || k, n.custom -> k)
        FROM jsonb_object_keys(n.old_custom || n.custom) k
        WHERE n.old_custom -> k IS DISTINCT FROM n.custom -> k) ELSE '{}' END, '{}') AS after,
    n.external_id, n.email, n.prefix, n.first_name, n.middle_name, n.last_name, n.suffix, n.phone,
    n.company, n.department, n.job_title, n.street, n.city, n.region, n.postal_code, n.country,
    n.website, n.birthday, n.notes, n.tags, n.custom, n.email_key, n.phone_key
  FROM (
    SELECT d.row, d.owner, d.place, d.joins, c.version,
      c.external_id AS old_external_id, c.email AS old_email, c.prefix AS old_prefix, c.first_name AS old_first_name,
      c.middle_name AS old_middle_name, c.last_name AS old_last_name, c.suffix AS old_suffix, c.phone AS old_phone,
      c.company AS old_company, c.department AS old_department, c.job_title AS old_job_title, c.street AS old_street,
      c.city AS old_city, c.region AS old_region, c.postal_code AS old_postal_code, c.country AS old_country,
      c.website AS old_website, c.birthday AS old_birthday, c.notes AS old_notes, c.tags AS old_tags,
      c.custom AS old_custom, c.email_key AS old_email_key, c.phone_key AS old_phone_key,
      CASE WHEN 'external_id' = ANY(j.clears) THEN NULL ELSE COALESCE(j.external_id, c.external_id) END AS external_id,
      CASE WHEN 'email' = ANY(j.clears) THEN NULL
        WHEN COALESCE(j.email_key, c.email_key) = c.email_key THEN c.email
        ELSE COALESCE(j.email, c.email) END AS email,
      CASE WHEN 'prefix' = ANY(j.clears) THEN NULL ELSE COALESCE(j.prefix, c.prefix) END AS prefix,
      CASE WHEN 'first_name' = ANY(j.clears) THEN NULL ELSE COALESCE(j.first_name, c.first_name) END AS first_name,
      CASE WHEN 'middle_name' = ANY(j.clears) THEN NULL ELSE COALESCE(j.middle_name, c.middle_name) END AS middle_name,
      CASE WHEN 'last_name' = ANY(j.clears) THEN NULL ELSE COALESCE(j.last_name, c.last_name) END AS last_name,
      CASE WHEN 'suffix' = ANY(j.clears) THEN NULL ELSE COALESCE(j.suffix, c.suffix) END AS suffix,
      CASE WHEN 'phone' = ANY(j.clears) THEN NULL
        WHEN COALESCE(j.phone_key, c.phone_key) = c.phone_key THEN c.phone
        ELSE COALESCE(j.phone, c.phone) END AS phone,
      CASE WHEN 'company' = ANY(j.clears) THEN NULL ELSE COALESCE(j.company, c.company) END AS company,
      CASE WHEN 'department' = ANY(j.clears) THEN NULL ELSE COALESCE(j.department, c.department) END AS department,
      CASE WHEN 'job_title' = ANY(j.clears) THEN NULL ELSE COALESCE(j.job_title, c.job_title) END AS job_title,
      CASE WHEN 'street' = ANY(j.clears) THEN NULL ELSE COALESCE(j.street, c.street) END AS street,
      CASE WHEN 'city' = ANY(j.clears) THEN NULL ELSE COALESCE(j.city, c.city) END AS city,
      CASE WHEN 'region' = ANY(j.clears) THEN NULL ELSE COALESCE(j.region, c.region) END AS region,
      CASE WHEN 'postal_code' = ANY(j.clears) THEN NULL ELSE COALESCE(j.postal_code, c.postal_code) END AS postal_code,
      CASE WHEN 'country' = ANY(j.clears) THEN NULL ELSE COALESCE(j.country, c.country) END AS country,
      CASE WHEN 'website' = ANY(j.clears) THEN NULL ELSE COALESCE(j.website, c.website) END AS website,
      CASE WHEN 'birthday' = ANY(j.clears) THEN NULL ELSE COALESCE(j.birthday, c.birthday) END AS birthday,
      CASE WHEN 'notes' = ANY(j.clears) THEN NULL ELSE COALESCE(j.notes, c.notes) END AS notes,
      CASE WHEN 'tags' = ANY(j.clears) THEN '{}'
        WHEN j.tags <@ c.tags OR j.tags IS NULL OR c.tags IS NULL THEN COALESCE(j.tags, c.tags, '{}')
        ELSE ARRAY(
          SELECT COALESCE((
            SELECT h FROM unnest(c.tags) WITH ORDINALITY AS has(h, place)
            WHERE translate(h, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ') = translate(t, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎ̀́̓ͰͲʹͶ;ͿΆ·ΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏ̀́̓ͱͳʹͷ;ϳά·έήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ') ORDER BY h <> t, place LIMIT 1), t)
          FROM unnest(j.tags) WITH ORDINALITY AS u(t, n) ORDER BY n) END AS tags,
      CASE WHEN j.clears IS NULL THEN COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}')
        ELSE (COALESCE(c.custom, '{}') || COALESCE(j.custom, '{}'))
          - ARRAY(SELECT substr(k, 8) FROM unnest(j.clears) k WHERE k LIKE 'custom:%') END AS custom,
      CASE WHEN 'email' = ANY(j.clears) THEN NULL ELSE COALESCE(j.email_key, c.email_key) END AS email_key,
      CASE WHEN 'phone' = ANY(j.clears) THEN NULL ELSE COALESCE(j.phone_key, c.phone_key) END AS phone_key
    FROM judged d
    CROSS JOIN LATERAL (
      SELECT * FROM contact_import_rows r
      WHERE r.import_id = $1::uuid AND r.row = d.row LIMIT 1) j
    CROSS JOIN LATERAL (SELECT * FROM contacts WHERE ctid = d.place LIMIT 1) c
    WHERE owner IS NOT NULL AND conflict IS NULL OFFSET 0) n),
entries AS MATERIALIZED (
  SELECT row, 'created'::outcome AS outcome, id AS contact_id,
    NULL::text AS code, NULL::jsonb AS detail
  FROM inserted
  UNION ALL
  SELECT row, CASE WHEN before IS NULL THEN 'unchanged'::outcome ELSE 'updated' END, owner,
    CASE WHEN joins IS NOT NULL THEN 'joins_row' END,
    CASE WHEN joins IS NOT NULL THEN jsonb_build_object('row', joins) END
  FROM matched
  UNION ALL
  SELECT row, CASE WHEN conflict IS NOT NULL THEN 'conflict'
      WHEN status <> 'valid' THEN status::outcome
       END,
    CASE WHEN conflict IS NULL THEN owner END,
    COALESCE(conflict, code, CASE WHEN joins IS NOT NULL THEN 'joins_row' END),
    CASE WHEN conflict IS NULL THEN CASE WHEN joins IS NOT NULL THEN jsonb_build_object('row', joins) END
      ELSE jsonb_build_object('contacts', (
        SELECT jsonb_agg(DISTINCT k)
        FROM unnest(ARRAY[by_external_id, by_email]) k WHERE k IS NOT NULL)) END
  FROM judged
  WHERE conflict IS NOT NULL OR status <> 'valid'
    ),
changed AS (
  UPDATE contacts c SET
    external_id = m.external_id, email = m.email, prefix = m.prefix, first_name = m.first_name,
    middle_name = m.middle_name, last_name = m.last_name, suffix = m.suffix, phone = m.phone,
    company = m.company, department = m.department, job_title = m.job_title, street = m.street,
    city = m.city, region = m.region, postal_code = m.postal_code, country = m.country,
    website = m.website, birthday = m.birthday, notes = m.notes, tags = m.tags,
    custom = m.custom, email_key = m.email_key, phone_key = m.phone_key,
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
  count(*) FILTER (WHERE outcome = 'updated') AS to_change,
  (SELECT count(*) FROM changed) AS changed,
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
