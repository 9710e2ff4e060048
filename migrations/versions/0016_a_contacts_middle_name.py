"""contacts have a field for the names between the first and the last"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contacts ADD COLUMN middle_name text')
    op.execute('ALTER TABLE contact_import_rows ADD COLUMN middle_name text')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_rows DROP COLUMN middle_name')
    op.execute('ALTER TABLE contacts DROP COLUMN middle_name')
