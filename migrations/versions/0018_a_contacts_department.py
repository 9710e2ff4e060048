"""contacts have a field for the part of a company"""

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contacts ADD COLUMN department text')
    op.execute('ALTER TABLE contact_import_rows ADD COLUMN department text')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_rows DROP COLUMN department')
    op.execute('ALTER TABLE contacts DROP COLUMN department')
