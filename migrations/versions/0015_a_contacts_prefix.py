"""contacts have a field for what stands before a name, such as Dr."""

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contacts ADD COLUMN prefix text')
    op.execute('ALTER TABLE contact_import_rows ADD COLUMN prefix text')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_rows DROP COLUMN prefix')
    op.execute('ALTER TABLE contacts DROP COLUMN prefix')
