-- A contact's e-mails and phones as people edit them: `contacts/edited_addresses.py`.

-- name: holders
-- The contacts that hold these e-mails.
SELECT contact_id AS id, key FROM contact_email_keys WHERE key = ANY(%(keys)s)
