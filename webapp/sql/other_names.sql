-- Whether a row names another person than the contact that it reaches: `deciding/other_names.py`.
-- Called only where a name is written differently, and for the session alone, like the decision.

-- part: words_of
-- The words of a name in small letters without accents; letters are folded by the program's own
-- list, since lower() follows the language of the database.
CREATE OR REPLACE FUNCTION pg_temp.words_of(said text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $function$
BEGIN
  said := lower(said COLLATE "C");
  IF octet_length(said) <> length(said) THEN
    said := regexp_replace(normalize(said, NFD), '[{{accents}}]+' COLLATE "C", '', 'g');
    said := translate(lower(said COLLATE "C"), '{{capitals}}', '{{small}}');
    said := replace(replace(replace(said, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
  END IF;
  RETURN array_remove(regexp_split_to_array(said, '[^[:alpha:]{{letters}}]+' COLLATE "C"), '');
END $function$

-- part: as_heard
-- A word without what spellings of one name differ in: Stephan and Stefan, Jürgen and Juergen, Eric
-- and Erik, Matthias and Mathias, Sarah and Sara, Yvonne and Ivonne.
CREATE OR REPLACE FUNCTION pg_temp.as_heard(word text) RETURNS text
LANGUAGE sql IMMUTABLE AS $function$
  SELECT regexp_replace(replace(regexp_replace(translate(regexp_replace(
      replace(replace(replace(word, 'ph', 'f'), 'ck', 'k'), 'x', 'ks'),
      '([aou])e', '\1', 'g'), 'cqzwyj', 'kksvii'), '(ie|ei)', 'i', 'g'), 'h', ''), '(.)\1+', '\1', 'g')
$function$

-- part: is_slip
-- Whether two words of five letters or more differ by one letter or by two that are exchanged,
-- neither the first one nor the last: Michael and Micheal, but not Martin and Martina.
CREATE OR REPLACE FUNCTION pg_temp.is_slip(one text, other text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
  longer int := greatest(length(one), length(other));
  shorter int := least(length(one), length(other));
  same int := 0;
  same_behind int := 0;
BEGIN
  IF shorter < 5 OR longer - shorter > 1 THEN
    RETURN false;
  END IF;
  WHILE same < shorter AND substr(one, same + 1, 1) = substr(other, same + 1, 1) LOOP
    same := same + 1;
  END LOOP;
  WHILE same_behind < shorter - same
    AND left(right(one, same_behind + 1), 1) = left(right(other, same_behind + 1), 1) LOOP
    same_behind := same_behind + 1;
  END LOOP;
  RETURN same > 0 AND same_behind > 0 AND (same + same_behind >= longer - 1
    OR same + same_behind = longer - 2
      AND substr(one, same + 1, 2) = reverse(substr(other, same + 1, 2)));
END $function$

-- part: is_one_name
-- Whether one person may go by both words: an initial, the beginning, a short form, another
-- spelling, a slip.
CREATE OR REPLACE FUNCTION pg_temp.is_one_name(one text, other text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $function$
BEGIN
  RETURN one = other
    OR starts_with(one, other) AND (length(other) = 1 OR length(one) - length(other) >= 3)
    OR starts_with(other, one) AND (length(one) = 1 OR length(other) - length(one) >= 3)
    OR EXISTS (SELECT FROM jsonb_array_elements('{{lines}}'::jsonb -> one) line
      WHERE '{{lines}}'::jsonb -> other @> line)
    OR translate(left(one, 1), 'cqxzwyjp', 'kkksviif')
        = translate(left(other, 1), 'cqxzwyjp', 'kkksviif')
      AND (pg_temp.as_heard(one) = pg_temp.as_heard(other) OR pg_temp.is_slip(one, other));
END $function$

-- part: share_a_name
CREATE OR REPLACE FUNCTION pg_temp.share_a_name(ones text[], others text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $function$
  SELECT EXISTS (SELECT FROM unnest(ones) one, unnest(others) other
    WHERE pg_temp.is_one_name(one, other))
$function$

-- part: is_other_person
-- Given names that have nothing in common, unless first and last name changed places. Where one side
-- has no given name, all of the name counts. Names in two alphabets cannot be compared.
CREATE OR REPLACE FUNCTION pg_temp.is_other_person(
  first text, middle text, last text, other_first text, other_middle text, other_last text)
  RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
  given text[] := pg_temp.words_of(concat_ws(' ', first, middle));
  family text[] := pg_temp.words_of(last);
  other_given text[] := pg_temp.words_of(concat_ws(' ', other_first, other_middle));
  other_family text[] := pg_temp.words_of(other_last);
BEGIN
  family := COALESCE(family, '{}');
  other_family := COALESCE(other_family, '{}');
  IF given = '{}' OR other_given = '{}' THEN
    given := given || family;
    other_given := other_given || other_family;
  END IF;
  IF given = '{}' OR other_given = '{}'
    OR (array_to_string(given, '') ~ '[a-z]') <> (array_to_string(other_given, '') ~ '[a-z]') THEN
    RETURN false;
  END IF;
  RETURN NOT pg_temp.share_a_name(given, other_given) AND NOT (
    pg_temp.share_a_name(given, other_family)
    AND (family = '{}' OR pg_temp.share_a_name(family, other_given)));
END $function$

-- name: is_defined
SELECT to_regprocedure('pg_temp.is_other_person(text, text, text, text, text, text)') IS NOT NULL
  AS defined
