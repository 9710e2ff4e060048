-- Custom fields: `contacts/custom_labels.py`.

-- name: known
SELECT DISTINCT target FROM contact_imports i CROSS JOIN LATERAL jsonb_array_elements_text(
  CASE jsonb_typeof(i.mapping) WHEN 'array' THEN i.mapping ELSE '[]' END) target
WHERE starts_with(target, %(custom)s)
