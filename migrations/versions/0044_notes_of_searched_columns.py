"""an update notes contacts for the search where a column changed that it reads

The two versions are joined by a hash whatever the first statement of a session was: its plan is kept.
"""

from alembic import op

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None

AT_ONCE = 1_000  # contacts in a row, as contacts/search_index.py relies on
SEARCHED = (
    'external_id', 'email', 'prefix', 'first_name', 'middle_name', 'last_name', 'suffix', 'phone',
    'phone_key', 'company', 'department', 'tags', 'further_emails', 'further_phones',
)
DIFFERS = ' OR '.join(f'b.{name} IS DISTINCT FROM a.{name}' for name in SEARCHED)
TRIGGER = """CREATE TRIGGER contact_words_change AFTER UPDATE ON contacts
  REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"""


def upgrade() -> None:
    op.execute(
        f"""CREATE FUNCTION contact_words_note_changed() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS
$function$
BEGIN
  INSERT INTO contact_words_pending (contact_ids)
  SELECT array_agg(id) FROM (
    SELECT a.id, row_number() OVER () / {AT_ONCE} AS part
    FROM after a LEFT JOIN before b ON b.id = a.id WHERE {DIFFERS}) c
  GROUP BY part;

  RETURN NULL;
END
$function$"""
    )
    op.execute('DROP TRIGGER contact_words_change ON contacts')
    op.execute(
        TRIGGER.format(
            tables='OLD TABLE AS before NEW TABLE AS after', function='contact_words_note_changed'
        )
    )


def downgrade() -> None:
    op.execute('DROP TRIGGER contact_words_change ON contacts')
    op.execute(TRIGGER.format(tables='NEW TABLE AS changed', function='contact_words_note'))
    op.execute('DROP FUNCTION contact_words_note_changed()')
