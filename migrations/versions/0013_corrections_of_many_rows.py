"""a correction of many rows goes on in a job"""

from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN correcting jsonb')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_imports DROP COLUMN correcting')
