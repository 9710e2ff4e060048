"""contacts are found by their main address through an index of `contacts`; a table has the further ones

One table with all addresses cost each created contact a row, and each look-up one step more. What
it guarded is guarded between the two now: who writes a further address puts it, for the length of
a statement, into the index of the main ones, with a placeholder of a contact. So another writer of it as a
main one waits at that moment, and then finds it among the further ones.

The view bears the name of the table that was, so that programs of the version before go on reading.
"""

from alembic import context, op

revision = '0053'
down_revision = '0052'
branch_labels = None
depends_on = None

AT_ONCE = 1_000  # contacts in a row, as contacts/search_index.py relies on
LOCK = 7_665_102  # of contacts/search_index.py

# Placeholders have numbers below 0, and no trigger takes them for contacts. In a stricter isolation
# a statement does not see what was committed since the transaction began; an index always does.
GUARD = """
  IF further <> '{}' THEN
    placeholders := ARRAY(
      SELECT -1 - (hashtextextended(key, 0) & 9223372036854775806) FROM unnest(further) key);
    INSERT INTO contacts (id, email_key) SELECT * FROM unnest(placeholders, further);
    DELETE FROM contacts WHERE id = ANY(placeholders);
  END IF;

  IF mains <> '{}' AND current_setting('transaction_isolation') <> 'read committed' THEN
    INSERT INTO contact_further_emails (key, contact_id) SELECT unnest(mains), 0;
    DELETE FROM contact_further_emails WHERE key = ANY(mains);
  ELSIF EXISTS (SELECT FROM contact_further_emails WHERE key = ANY(mains)) THEN
    RAISE unique_violation USING CONSTRAINT = 'contact_further_emails_pkey',
      TABLE = 'contact_further_emails', MESSAGE = 'The address is a further one of a contact';
  END IF;
"""

FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION contact_keys_add() RETURNS trigger LANGUAGE plpgsql AS
$function$
DECLARE
  mains text[];
  further text[] := '{}';
  placeholders bigint[];
BEGIN
  IF EXISTS (SELECT FROM added WHERE further_emails <> '[]' OR further_phones <> '[]') THEN
    WITH written AS (
      INSERT INTO contact_further_emails (key, contact_id)
      SELECT unnest(contact_keys_of(NULL, further_emails)), id FROM added
      WHERE further_emails <> '[]' RETURNING key)
    SELECT COALESCE(array_agg(key), '{}') INTO further FROM written;

    INSERT INTO contact_further_phones (key, contact_id)
    SELECT unnest(contact_keys_of(NULL, further_phones)), id FROM added WHERE further_phones <> '[]'
    ON CONFLICT DO NOTHING;
  END IF;

  IF further <> '{}' OR EXISTS (SELECT FROM contact_further_emails)
    OR current_setting('transaction_isolation') <> 'read committed' THEN
    mains := ARRAY(SELECT email_key FROM added WHERE email_key IS NOT NULL AND id > 0);
    """ + GUARD + """
  END IF;

  RETURN NULL;
END
$function$""",
    """CREATE OR REPLACE FUNCTION contact_keys_remove() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  IF EXISTS (SELECT FROM removed WHERE further_emails <> '[]' OR further_phones <> '[]') THEN
    DELETE FROM contact_further_emails WHERE key = ANY(ARRAY(
      SELECT unnest(contact_keys_of(NULL, further_emails)) FROM removed WHERE further_emails <> '[]'));

    DELETE FROM contact_further_phones WHERE (key, contact_id) IN (
      SELECT unnest(contact_keys_of(NULL, further_phones)), id FROM removed WHERE further_phones <> '[]');
  END IF;

  RETURN NULL;
END
$function$""",
    """CREATE OR REPLACE FUNCTION contact_keys_change() RETURNS trigger LANGUAGE plpgsql AS
$function$
DECLARE
  before text[] := contact_keys_of(NULL, OLD.further_emails);
  after text[] := contact_keys_of(NULL, NEW.further_emails);
  mains text[] := '{}';
  further text[] := '{}';
  placeholders bigint[];
BEGIN
  IF OLD.further_emails <> NEW.further_emails THEN
    DELETE FROM contact_further_emails WHERE key = ANY(before) AND key <> ALL(after);
    further := ARRAY(SELECT key FROM unnest(after) key WHERE key <> ALL(before));
    INSERT INTO contact_further_emails (key, contact_id) SELECT key, NEW.id FROM unnest(further) key;
  END IF;

  IF OLD.email_key IS DISTINCT FROM NEW.email_key AND NEW.email_key IS NOT NULL THEN
    mains := ARRAY[NEW.email_key];
  END IF;

  """ + GUARD + """
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
    """CREATE OR REPLACE FUNCTION contact_keys_empty() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  TRUNCATE contact_further_emails, contact_further_phones;
  RETURN NULL;
END
$function$""",
    # An insert of nothing, as each batch has that only meets known people, notes nothing.
    f"""CREATE OR REPLACE FUNCTION contact_words_note() RETURNS trigger LANGUAGE plpgsql AS
$function$
DECLARE
  written bigint[] := ARRAY(SELECT id FROM changed WHERE id > 0);
BEGIN
  IF cardinality(written) BETWEEN 1 AND {AT_ONCE} THEN
    INSERT INTO contact_words_pending (contact_ids) VALUES (written);
  ELSIF written <> '{{}}' THEN
    INSERT INTO contact_words_pending (contact_ids)
    SELECT array_agg(id) FROM (
      SELECT id, (row_number() OVER () - 1) / {AT_ONCE} AS part FROM unnest(written) id) c
    GROUP BY part;
  END IF;

  RETURN NULL;
END
$function$""",
    f"""CREATE OR REPLACE FUNCTION contact_words_remove() RETURNS trigger LANGUAGE plpgsql AS
$function$
DECLARE
  gone bigint[] := ARRAY(SELECT id FROM removed WHERE id > 0);
BEGIN
  IF gone <> '{{}}' THEN
    PERFORM pg_advisory_xact_lock_shared({LOCK});
    DELETE FROM contact_words WHERE contact_id = ANY(gone);
  END IF;

  RETURN NULL;
END
$function$""",
)
VIEW = """CREATE VIEW contact_email_keys AS
SELECT email_key AS key, id AS contact_id FROM contacts WHERE email_key IS NOT NULL
UNION ALL
SELECT key, contact_id FROM contact_further_emails"""


def upgrade() -> None:
    op.execute(
        'CREATE TABLE contact_further_emails (key text COLLATE "C" NOT NULL, contact_id bigint NOT NULL)'
    )
    op.execute(
        """INSERT INTO contact_further_emails
           SELECT unnest(contact_keys_of(NULL, further_emails)), id FROM contacts
           WHERE further_emails <> '[]'"""
    )
    op.execute('ALTER TABLE contact_further_emails ADD PRIMARY KEY (key) INCLUDE (contact_id)')
    op.execute('CREATE UNIQUE INDEX contacts_email_key ON contacts (email_key) WHERE email_key IS NOT NULL')
    op.execute('DROP TABLE contact_email_keys')
    op.execute(VIEW)

    for function in FUNCTIONS:
        op.execute(function)


def downgrade() -> None:
    versions = context.script
    keys, words = (versions.get_revision(number).module for number in ('0028', '0043'))
    op.execute('DROP VIEW contact_email_keys')
    op.execute('CREATE TABLE contact_email_keys (key text COLLATE "C" NOT NULL, contact_id bigint NOT NULL)')
    op.execute(
        """INSERT INTO contact_email_keys
           SELECT unnest(contact_keys_of(email_key, further_emails)), id FROM contacts"""
    )
    op.execute('ALTER TABLE contact_email_keys ADD PRIMARY KEY (key) INCLUDE (contact_id)')
    op.execute('DROP INDEX contacts_email_key')

    for function in (*keys.FUNCTIONS, *words.FUNCTIONS):
        op.execute(function.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION'))
    op.execute('DROP TABLE contact_further_emails')
