"""contacts have a field for what stands behind a name, such as Jr."""

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contacts ADD COLUMN suffix text')
    op.execute('ALTER TABLE contact_import_rows ADD COLUMN suffix text')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_rows DROP COLUMN suffix')
    op.execute('ALTER TABLE contacts DROP COLUMN suffix')
