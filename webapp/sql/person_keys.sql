-- Whom a row means that has neither e-mail, phone nor ID: `deciding/person_keys.py`.

-- part: define
-- The key of a person: equal where all of it is, but for upper and lower case and blanks; null where
-- all is blank. Letters are folded by the program's own list: lower() follows the language of the
-- database. Most texts are ASCII and take the short way.
CREATE OR REPLACE FUNCTION pg_temp.person_key({{parameters}}) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
  said text := concat_ws(E'\x1f', {{parts}});
  found text;
BEGIN
  IF said = '{{nothing}}' THEN
    RETURN NULL;
  END IF;
  IF octet_length(said) = length(said) THEN
    said := lower(said COLLATE "C");
  ELSE
    said := lower(normalize(said, NFC) COLLATE "C");
    IF said ~ ('[{{capitals}}]' COLLATE "C") THEN
      found := regexp_replace(said, '[^{{capitals}}]+' COLLATE "C", '', 'g');
      said := translate(said, found, translate(found, '{{capitals}}', '{{small}}'));
    END IF;
  END IF;
  IF said ~ ('  |[{{other_blanks}}]' COLLATE "C") THEN
    said := regexp_replace(said, '[ {{other_blanks}}]+' COLLATE "C", ' ', 'g');
  END IF;
  RETURN hashtextextended(said COLLATE "C", 0);
END $function$

-- name: keyless
-- Whether any row of an import has neither.
SELECT EXISTS (SELECT FROM contact_import_rows
  WHERE import_id = %(import_id)s AND status = 'valid' AND {{keyless}}) AS found

-- name: renew
-- The keys of the next contacts that changed since theirs were made. Who writes to one of them will
-- have changed it again, and is not waited for.
WITH behind AS (
  SELECT id FROM contacts
  WHERE id > %(after)s AND person_version IS DISTINCT FROM version
  ORDER BY id LIMIT %(at_a_time)s FOR NO KEY UPDATE SKIP LOCKED),
renewed AS (
  UPDATE contacts c SET person_key = pg_temp.person_key({{of_contact}}), person_version = version
  FROM behind b WHERE c.id = b.id RETURNING c.id)
SELECT max(id) AS last FROM renewed
