"""where the web process is reached is kept with each import, so that a worker's notices link there"""

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN site_url text')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_imports DROP COLUMN site_url')
