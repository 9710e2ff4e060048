"""imports and previews count people beside rows

Null for imports from before and previews of theirs.
"""

from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN people jsonb')
    op.execute('ALTER TABLE contact_import_previews ADD COLUMN people jsonb')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_previews DROP COLUMN people')
    op.execute('ALTER TABLE contact_imports DROP COLUMN people')
