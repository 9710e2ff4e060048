-- What becomes of a contact's e-mails, or phones: for step 5 of `decide.sql`, where `j` is the row
-- and `c` the contact. `deciding/address_values.py` chooses among these.
--
-- Nearly all contacts and rows have no more than one, `{{field}}` with its `{{key}}` and `{{label}}`.
-- The columns of these are judged by themselves. Where there are several, `{{field}}_list.list` is all
-- that the contact comes to, the main one first; else it is null.


-- One: what cannot be read leaves what can be as it is, as an address in other case does.

-- part: replaced_value
CASE WHEN COALESCE(j.{{key}}, c.{{key}}) = c.{{key}} THEN c.{{field}}
  ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: replaced_key
COALESCE(j.{{key}}, c.{{key}})

-- part: replaced_label
CASE WHEN j.{{field}} IS NULL OR j.{{field}} = c.{{field}}
    OR COALESCE(j.{{key}}, c.{{key}}) = c.{{key}} THEN c.{{label}}
  ELSE j.{{label}} END

-- part: filled
CASE WHEN c.{{field}} IS NULL THEN j.{{column}} ELSE c.{{column}} END

-- part: unless_cleared
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL ELSE {{value}} END

-- part: main_of_list
CASE WHEN {{field}}_list.list IS NULL THEN {{one}}
  ELSE {{field}}_list.list -> 0 ->> '{{part}}' END

-- part: further_of_list
CASE WHEN {{field}}_list.list IS NULL THEN c.{{further}}
  ELSE jsonb_path_query_array({{field}}_list.list, '$[1 to {{last}}]') END


-- Several: when there are, and whether the row's first takes the main one's place.

-- part: replaced_has_several
j.{{further}} IS NOT NULL
OR c.{{further}} <> '[]' AND j.{{field}} IS NOT NULL AND (j.{{key}} = c.{{key}}) IS NOT TRUE

-- part: filled_has_several
j.{{further}} IS NOT NULL OR c.{{field}} IS NOT NULL AND j.{{key}} IS NOT NULL
  AND (j.{{key}} = c.{{key}}) IS NOT TRUE

-- part: cleared_has_several
c.{{further}} <> '[]' AND '{{field}}' = ANY(j.clears)

-- part: replaced_takes_main
c.{{field}} IS NULL OR j.{{field}} IS NOT NULL AND (j.{{key}} IS NOT NULL OR c.{{key}} IS NULL)
  AND COALESCE(j.{{key}}, j.{{field}}) <> COALESCE(c.{{key}}, c.{{field}})
  AND NOT EXISTS (SELECT FROM jsonb_array_elements(c.{{further}}) f
    WHERE COALESCE(f ->> 'key', f ->> 'value') = COALESCE(j.{{key}}, j.{{field}}))

-- part: filled_takes_main
c.{{field}} IS NULL

-- part: list
CROSS JOIN LATERAL (
  SELECT CASE WHEN {{has_several}} THEN
    {{all}} END AS list OFFSET 0) AS {{field}}_list

-- part: all
-- Each once, at its first place, compared by key, and a phone that nothing can read by its text.
-- Such a one is not added to a contact that has another.
(SELECT COALESCE(jsonb_agg(
    jsonb_build_object('value', value, 'key', key, 'label', label) ORDER BY place), '[]')
FROM (
  SELECT DISTINCT ON (COALESCE(a.key, a.value)) a.*
  FROM (SELECT {{takes_main}} AS takes) m CROSS JOIN LATERAL (
    SELECT c.{{field}} AS value, c.{{key}} AS key, c.{{label}} AS label, 1 AS place
    WHERE NOT m.takes AND ('{{field}}' = ANY(j.clears)) IS NOT TRUE
    UNION ALL
    SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1 + n
    FROM jsonb_array_elements(c.{{further}}) WITH ORDINALITY AS u(f, n)
    UNION ALL
    SELECT j.{{field}}, j.{{key}}, j.{{label}}, CASE WHEN m.takes THEN 0 ELSE 1000 END
    WHERE m.takes OR j.{{key}} IS NOT NULL
    UNION ALL
    SELECT f ->> 'value', f ->> 'key', f ->> 'label', 1000 + n
    FROM jsonb_array_elements(j.{{further}}) WITH ORDINALITY AS u(f, n)
    WHERE c.{{field}} IS NULL OR f ->> 'key' IS NOT NULL) a
  WHERE a.value IS NOT NULL
  ORDER BY COALESCE(a.key, a.value), a.place) kept)

-- part: exceeds
jsonb_array_length({{field}}_list.list) > {{most}}
