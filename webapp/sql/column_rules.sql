-- What a contact's fields become where their parts are taken together, as those of a name are, or
-- where a column has a rule of its own: for step 5 of `decide.sql`, where `j` is the row and `c` the
-- contact. `deciding/column_values.py` chooses among these.


-- part: unless_cleared
-- The word that empties comes before a column's rule.
CASE WHEN '{{field}}' = ANY(j.clears) THEN {{cleared}} ELSE {{value}} END


-- Names and addresses: some of their parts as one text.

-- part: all_parts
concat_ws(E'\n', {{parts}})

-- part: part_or_blank
COALESCE({{side}}.{{field}}, '')

-- part: part_of_both
CASE WHEN {{other}}.{{field}} IS NOT NULL THEN {{side}}.{{field}} END

-- part: alike
-- But for case; folded only where they differ, since that takes long.
({{one}} = {{other}} OR {{folded_one}} = {{folded_other}})

-- part: together
CROSS JOIN LATERAL (SELECT
  {{conditions}}) {{of}}

-- A cell with a whole name says all its parts: `clears` has `name:<part>` for those that come from
-- it. Where it is another name, the contact has it as the cell says it, without what it lacks. Where
-- first and last name stay the same, a part that the cell lacks stays.

-- part: whole_name_part
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL
  WHEN 'name:{{field}}' = ANY(j.clears) AND NOT same_name THEN j.{{field}}
  ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: whole_name_title
-- A prefix or suffix that the contact has stays with its name.
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL
  WHEN 'name:{{field}}' = ANY(j.clears) THEN
    CASE WHEN same_name THEN COALESCE(c.{{field}}, j.{{field}}) ELSE j.{{field}} END
  ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: lacking_name_part
-- Only where no part is another one: never half of two names.
CASE WHEN c.{{field}} IS NULL AND j.{{field}} IS NOT NULL AND same_names THEN j.{{field}}
  ELSE c.{{field}} END

-- part: whole_address_part
-- Another address takes the place of all that the contact has; the same one is made complete.
CASE WHEN '{{field}}' = ANY(j.clears) THEN NULL
  WHEN row_has_address AND NOT same_address THEN j.{{field}}
  ELSE COALESCE(j.{{field}}, c.{{field}}) END

-- part: lacking_address_part
CASE WHEN c.{{field}} IS NULL AND j.{{field}} IS NOT NULL
    AND (same_address OR NOT contact_has_address) THEN j.{{field}}
  ELSE c.{{field}} END


-- Custom fields, each by its own rule. The labels stand in settings of the session.

-- name: tell_labels
SELECT set_config('rowcall.kept_labels', %(kept)s::text[]::text, false),
  set_config('rowcall.filled_labels', %(filled)s::text[]::text, false),
  set_config('rowcall.replaced_labels', %(replaced)s::text[]::text, false)

-- part: labels
(SELECT current_setting('rowcall.{{which}}_labels'))::text[]

-- part: cleared_labels
ARRAY(SELECT substr(k, 8) FROM unnest(j.clears) k WHERE k LIKE 'custom:%')

-- part: mostly_filled_custom
-- All others replace, and the word that empties comes before every rule.
((COALESCE(j.custom, '{}') - {{kept}}) || COALESCE(c.custom, '{}')
  || (COALESCE(j.custom, '{}') - {{kept}} - {{filled}})) - {{cleared_labels}}

-- part: mostly_blank_custom
-- All others fill what is blank.
((COALESCE(j.custom, '{}') - {{kept}}) || COALESCE(c.custom, '{}') || COALESCE((
    SELECT jsonb_object_agg(k, v) FROM jsonb_each(j.custom) AS of_row (k, v)
    WHERE k = ANY({{replaced}})), '{}'))
  - ARRAY(SELECT k FROM unnest({{cleared_labels}}) k WHERE k = ANY({{replaced}}))
