"""saved mappings can be shared with the house, and what a person chose on the columns page is kept
"""

from alembic import op

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE mapping_templates ADD COLUMN shared boolean NOT NULL DEFAULT false')
    op.execute('CREATE INDEX mapping_templates_shared ON mapping_templates (header_hash) WHERE shared')
    op.execute('ALTER TABLE contact_imports ADD COLUMN draft jsonb')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_imports DROP COLUMN draft')
    op.execute('DROP INDEX mapping_templates_shared')
    op.execute('ALTER TABLE mapping_templates DROP COLUMN shared')
