"""what a person gives for all rows of a file, and what is kept with a mapping beside its targets"""

from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE contact_imports ADD COLUMN constants jsonb NOT NULL DEFAULT '{}'")
    op.execute('ALTER TABLE contact_imports ADD COLUMN tag text')
    op.execute("ALTER TABLE mapping_templates ADD COLUMN choices jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute('ALTER TABLE mapping_templates DROP COLUMN choices')
    op.execute('ALTER TABLE contact_imports DROP COLUMN tag, DROP COLUMN constants')
