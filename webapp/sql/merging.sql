-- The merges of contacts: `contacts/merging.py`.

-- part: stands
-- Whether merge m stands. Of a contact at most one does: to be merged it has to be in the book.
EXISTS (SELECT FROM contact_changes h WHERE h.id = m.deletion_id AND h.undone_at IS NULL)

-- name: leads_to
WITH RECURSIVE way AS (
  SELECT m.contact_id FROM contact_merges m WHERE m.other_id = %(id)s AND {{stands}}
  UNION
  SELECT m.contact_id FROM way w JOIN contact_merges m ON m.other_id = w.contact_id
  WHERE {{stands}})
SELECT c.id FROM way w JOIN contacts c ON c.id = w.contact_id
