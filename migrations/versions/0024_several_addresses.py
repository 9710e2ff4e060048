"""contacts and rows can have several e-mail addresses and phone numbers, each with a label"""

from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, at_first in (('contacts', "NOT NULL DEFAULT '[]'"), ('contact_import_rows', '')):
        for field in ('email', 'phone'):
            op.execute(f'ALTER TABLE {table} ADD COLUMN {field}_label text')
            op.execute(f'ALTER TABLE {table} ADD COLUMN further_{field}s jsonb {at_first}')


def downgrade() -> None:
    for table in ('contact_import_rows', 'contacts'):
        for field in ('phone', 'email'):
            op.execute(f'ALTER TABLE {table} DROP COLUMN further_{field}s')
            op.execute(f'ALTER TABLE {table} DROP COLUMN {field}_label')
