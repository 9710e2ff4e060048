"""keys of contacts stand in tables of their own, kept by triggers: each e-mail once, main or further; further phones

The triggers are functions of the statement's own rows, so that whoever writes a contact need not know of them.
"""

from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None

FUNCTIONS = (
    """CREATE FUNCTION contact_keys_of(main text, further jsonb) RETURNS text[] IMMUTABLE LANGUAGE sql AS
$function$
  SELECT array_remove(main || ARRAY(SELECT f ->> 'key' FROM jsonb_array_elements(further) f), NULL)
$function$""",
    """CREATE FUNCTION contact_keys_add() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  INSERT INTO contact_email_keys (key, contact_id)
  SELECT email_key, id FROM added WHERE email_key IS NOT NULL
  UNION ALL
  SELECT unnest(contact_keys_of(NULL, further_emails)), id FROM added WHERE further_emails <> '[]';

  INSERT INTO contact_further_phones (key, contact_id)
  SELECT unnest(contact_keys_of(NULL, further_phones)), id FROM added WHERE further_phones <> '[]'
  ON CONFLICT DO NOTHING;

  RETURN NULL;
END
$function$""",
    """CREATE FUNCTION contact_keys_remove() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  DELETE FROM contact_email_keys WHERE key = ANY(ARRAY(
    SELECT email_key FROM removed WHERE email_key IS NOT NULL
    UNION ALL
    SELECT unnest(contact_keys_of(NULL, further_emails)) FROM removed WHERE further_emails <> '[]'));

  DELETE FROM contact_further_phones WHERE (key, contact_id) IN (
    SELECT unnest(contact_keys_of(NULL, further_phones)), id FROM removed WHERE further_phones <> '[]');

  RETURN NULL;
END
$function$""",
    """CREATE FUNCTION contact_keys_change() RETURNS trigger LANGUAGE plpgsql AS
$function$
DECLARE
  emails_before text[] := contact_keys_of(OLD.email_key, OLD.further_emails);
  emails_after text[] := contact_keys_of(NEW.email_key, NEW.further_emails);
BEGIN
  DELETE FROM contact_email_keys WHERE key = ANY(emails_before) AND key <> ALL(emails_after);
  INSERT INTO contact_email_keys (key, contact_id)
  SELECT k, NEW.id FROM unnest(emails_after) k WHERE k <> ALL(emails_before);

  IF OLD.further_phones <> NEW.further_phones THEN
    DELETE FROM contact_further_phones
    WHERE key = ANY(contact_keys_of(NULL, OLD.further_phones)) AND contact_id = NEW.id;
    INSERT INTO contact_further_phones (key, contact_id)
    SELECT k, NEW.id FROM unnest(contact_keys_of(NULL, NEW.further_phones)) k
    ON CONFLICT DO NOTHING;
  END IF;

  RETURN NULL;
END
$function$""",
    """CREATE FUNCTION contact_keys_empty() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  TRUNCATE contact_email_keys, contact_further_phones;
  RETURN NULL;
END
$function$""",
)
TRIGGERS = (
    'contact_keys_add AFTER INSERT ON contacts REFERENCING NEW TABLE AS added FOR EACH STATEMENT',
    'contact_keys_remove AFTER DELETE ON contacts REFERENCING OLD TABLE AS removed FOR EACH STATEMENT',
    'contact_keys_empty AFTER TRUNCATE ON contacts FOR EACH STATEMENT',
    'contact_keys_change AFTER UPDATE ON contacts FOR EACH ROW WHEN ('
    'OLD.email_key IS DISTINCT FROM NEW.email_key OR OLD.further_emails <> NEW.further_emails '
    'OR OLD.further_phones <> NEW.further_phones)',
)


def upgrade() -> None:
    for table in ('contact_email_keys', 'contact_further_phones'):
        op.execute(f'CREATE TABLE {table} (key text COLLATE "C" NOT NULL, contact_id bigint NOT NULL)')

    for function in FUNCTIONS:
        op.execute(function)

    op.execute(
        'INSERT INTO contact_email_keys SELECT unnest(contact_keys_of(email_key, further_emails)), id FROM contacts'
    )
    op.execute(
        'INSERT INTO contact_further_phones'
        ' SELECT DISTINCT unnest(contact_keys_of(NULL, further_phones)), id FROM contacts'
    )
    op.execute('ALTER TABLE contact_email_keys ADD PRIMARY KEY (key) INCLUDE (contact_id)')
    op.execute('ALTER TABLE contact_further_phones ADD PRIMARY KEY (key, contact_id)')
    op.execute('DROP INDEX contacts_email_key')

    for trigger in TRIGGERS:
        op.execute(f'CREATE TRIGGER {trigger} EXECUTE FUNCTION {trigger.split()[0]}()')


def downgrade() -> None:
    for trigger in TRIGGERS:
        op.execute(f'DROP TRIGGER {trigger.split()[0]} ON contacts')
        op.execute(f'DROP FUNCTION {trigger.split()[0]}()')

    op.execute('DROP FUNCTION contact_keys_of(text, jsonb)')
    op.execute('DROP TABLE contact_email_keys, contact_further_phones')
    op.execute('CREATE UNIQUE INDEX contacts_email_key ON contacts (email_key) WHERE email_key IS NOT NULL')
