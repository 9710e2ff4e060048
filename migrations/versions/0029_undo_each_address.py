"""what an undo left due is blank until it comes back, each address is due by itself, and an undo may
list two reasons for one field
"""

from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

# A field that waits for its key kept what the undone change had left. Now it is blank meanwhile.
GIVEN_UP = """UPDATE contacts c SET {column} = NULL {key}, version = c.version + 1, updated_at = now()
FROM contact_undo_due d
WHERE d.contact_id = c.id AND d.kind = '{column}' AND d.held IS NOT NULL AND c.{column} = d.held"""


def upgrade() -> None:
    op.execute(GIVEN_UP.format(column='email', key=', email_key = NULL'))
    op.execute(GIVEN_UP.format(column='external_id', key=''))
    op.execute('ALTER TABLE contact_undo_due ADD COLUMN label text')
    op.execute('ALTER TABLE contact_undo_due DROP COLUMN held')
    _list_once('code')


def downgrade() -> None:
    op.execute("""DELETE FROM contact_undo_kept k USING contact_undo_kept o WHERE k.id > o.id
      AND k.import_id = o.import_id AND k.contact_id = o.contact_id
      AND k.field IS NOT DISTINCT FROM o.field""")
    _list_once()
    op.execute('ALTER TABLE contact_undo_due ADD COLUMN held text')
    op.execute('ALTER TABLE contact_undo_due DROP COLUMN label')


def _list_once(*also: str) -> None:
    columns = ', '.join(('import_id', 'contact_id', 'field', *also))
    op.execute('DROP INDEX contact_undo_kept_once')
    op.execute(f'CREATE UNIQUE INDEX contact_undo_kept_once ON contact_undo_kept ({columns}) NULLS NOT DISTINCT')
