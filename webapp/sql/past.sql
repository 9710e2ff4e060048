-- The journal of contacts, of which an earlier day is read: `contacts/past.py`.

-- name: of_contact
SELECT h.id, h.contact_id, h.import_id, h.row, h.at, h.undone_at, h.before, h.after
FROM contact_changes h WHERE h.contact_id = %(contact)s::bigint ORDER BY h.id

-- name: of_range
-- The first contacts of the range of which a change was made or undone since, each with all of its
-- entries; with `naming` those alone that went since, or of which a custom field or one of these
-- fields was changed.
WITH differing AS MATERIALIZED (
  SELECT DISTINCT h.contact_id FROM contact_changes h
  WHERE h.contact_id > %(after)s::bigint AND h.contact_id <= %(until)s::bigint
    AND (h.at > %(moment)s::timestamptz OR h.undone_at > %(moment)s::timestamptz)
    AND (%(naming)s::text[] IS NULL OR h.after = '{}' OR h.before ?| %(naming)s::text[]
      OR EXISTS (SELECT FROM jsonb_object_keys(h.before) k WHERE starts_with(k, 'custom:')))
  ORDER BY h.contact_id LIMIT %(most)s::bigint)
SELECT h.id, h.contact_id, h.import_id, h.row, h.at, h.undone_at, h.before, h.after
FROM differing s CROSS JOIN LATERAL (
  SELECT * FROM contact_changes c WHERE c.contact_id = s.contact_id OFFSET 0) h
ORDER BY h.contact_id, h.id

-- name: created_as
-- The rows from which imports created contacts that their undo removed. They stay until the import
-- expires.
SELECT m.change, NULL::timestamptz AS created_at, {{columns}}
FROM unnest(%(changes)s::bigint[], %(imports)s::uuid[], %(rows)s::bigint[])
  AS m(change, import_id, row)
JOIN contact_import_rows r ON r.import_id = m.import_id AND r.row = m.row
