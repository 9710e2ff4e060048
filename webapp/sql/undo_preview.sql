-- What the undo of an import would do now: `undoing/undo_preview.py`. The rules are those of the
-- undo itself, from undo_rules.sql.

-- name: seen
-- What changes when contacts, journal or undos do.
SELECT concat_ws(' ', (SELECT max(id) FROM contact_changes), (SELECT max(id) FROM contacts),
  (SELECT max(rolled_back_at) FROM contact_imports), (SELECT count(*) FROM contact_undo_due),
  (SELECT count(*) FROM contact_changes
    WHERE kind IN ('edit', 'delete') AND undone_at IS NOT NULL))

-- name: preview
WITH RECURSIVE
-- The contacts that the import created, and those that are due to go, with what keeps them.
made AS MATERIALIZED (
  SELECT m.row, m.contact_id, m.new, c.id IS NOT NULL AS there, f.id AS change, f.kind,
    f.import_id AS by_import, f.user_id AS by_user
  FROM (SELECT row, contact_id, import_id AS creator, true AS new FROM contact_import_results
      WHERE import_id = %(import_id)s AND outcome = 'created' AND contact_id IS NOT NULL
    UNION ALL SELECT row, contact_id, import_id, false FROM contact_undo_due
      WHERE kind = 'contact') m
  LEFT JOIN LATERAL (SELECT c.id FROM contacts c WHERE c.id = m.contact_id LIMIT 1) c ON true
  LEFT JOIN LATERAL ({{standing_change}}) f ON c.id IS NOT NULL),
removed AS MATERIALIZED (
  SELECT DISTINCT contact_id FROM made WHERE there AND change IS NULL),
{{judging}},
-- The unique keys of plain entries, free or not.
keys AS MATERIALIZED ({{plain_keys}}),
claims AS MATERIALIZED (
  SELECT contact_id, row, field AS kind, key, {{shown_will}} #>> '{}' AS value,
    {{shown_now}} #>> '{}' AS now, false AS plain, source, true AS new
  FROM judged WHERE fate = 'claimed'
  UNION ALL
  SELECT contact_id, row, kind, key, value, held, true, 0, true FROM keys
  WHERE holder <> contact_id
  UNION ALL
  SELECT d.contact_id, d.row, d.kind, d.key, d.value, d.held, false, d.source, false
  FROM contact_undo_due d JOIN contacts c ON c.id = d.contact_id
  WHERE d.kind <> 'contact' AND NOT {{void}}
    AND NOT EXISTS (SELECT FROM removed r WHERE r.contact_id = d.contact_id)
    AND NOT EXISTS (
      SELECT FROM judged j WHERE j.contact_id = d.contact_id AND j.field = d.kind)),
leaving AS MATERIALIZED (
  SELECT contact_id, kind FROM removed CROSS JOIN (VALUES {{each_kind}}) kinds(kind)
  UNION ALL
  SELECT contact_id, field FROM judged
  WHERE field IN ({{kinds}}) AND fate = 'back' AND key IS NULL
  UNION ALL
  SELECT contact_id, kind FROM keys WHERE holder IS NULL),
given AS MATERIALIZED (SELECT kind, key FROM keys WHERE key IS NOT NULL AND holder IS NULL),
{{blocked}},
stays AS MATERIALIZED (
  SELECT h.* FROM held h JOIN blocked b ON b.contact_id = h.contact_id AND b.kind = h.kind),
restored AS MATERIALIZED (
  SELECT contact_id FROM judged WHERE fate = 'back' AND field NOT LIKE 'tag%%'
  UNION SELECT contact_id FROM retagged WHERE value <> now
  UNION SELECT h.contact_id
    FROM held h LEFT JOIN stays s ON s.contact_id = h.contact_id AND s.kind = h.kind
    WHERE s.contact_id IS NULL),
plain AS MATERIALIZED (
  SELECT f.contact_id FROM found f WHERE f.returns AND f.is_plain AND NOT EXISTS (
    SELECT FROM stays s WHERE s.contact_id = f.contact_id
      AND f.before - ARRAY(SELECT unnest(ARRAY[t.kind, t.kind || '_key']) FROM stays t
        WHERE t.contact_id = f.contact_id) = '{}')),
-- What stays, and why.
listed AS MATERIALIZED (
  SELECT contact_id, row, NULL AS field, CASE kind WHEN 'edit' THEN 'edited_since'
    ELSE 'changed_by_later_import' END AS code, NULL::jsonb AS wanted, NULL::jsonb AS now,
    by_import, by_user, NULL::bigint AS holder
  FROM made WHERE new AND there AND change IS NOT NULL
  UNION ALL
  (SELECT DISTINCT ON (g.contact_id) g.contact_id, g.row, NULL, 'deleted_meanwhile',
    NULL::jsonb, NULL::jsonb, NULL::uuid, g.user_id, NULL
  FROM (
    SELECT m.contact_id, m.row, d.user_id, 0 AS change
    FROM made m LEFT JOIN LATERAL ({{deletion_of_made}}) d ON true WHERE m.new AND NOT m.there
    UNION ALL
    SELECT f.contact_id, f.row, d.user_id, f.change
    FROM found f CROSS JOIN LATERAL ({{deletion_of_found}}) d WHERE NOT f.there) g
  ORDER BY g.contact_id, g.change = 0 DESC, g.change DESC)
  UNION ALL
  SELECT l.*, NULL FROM ({{listed}}) l
  UNION ALL
  SELECT contact_id, row, kind, 'key_taken_on_undo', to_jsonb(value), to_jsonb(now), NULL, NULL,
    holder
  FROM stays WHERE new)
SELECT (SELECT count(*) FROM removed) AS removed,
  (SELECT count(*) FROM (SELECT contact_id FROM restored UNION SELECT contact_id FROM plain) r)
    AS restored,
  (SELECT count(DISTINCT contact_id) FROM listed WHERE code <> 'deleted_meanwhile') AS kept,
  (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.row, l.field NULLS FIRST) FROM (
    SELECT l.contact_id, l.row, l.field, l.code, l.wanted, l.now,
      COALESCE(l.by_import, g.import_id) AS by_import,
      COALESCE(l.by_user, g.user_id) AS by_user, i.filename AS by_file,
      COALESCE(NULLIF(u.name, ''), u.email) AS by_person
    FROM (SELECT * FROM listed ORDER BY row, field NULLS FIRST LIMIT %(limit)s) l
    LEFT JOIN LATERAL ({{giver_of_listed}}) g ON l.holder IS NOT NULL
    LEFT JOIN contact_imports i ON i.id = COALESCE(l.by_import, g.import_id)
    LEFT JOIN users u ON u.id = COALESCE(l.by_user, g.user_id)) l) AS conflicts
