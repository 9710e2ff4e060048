"""an import that is run again shares the file of the first one

Imports from before keep the copy that they have.
"""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN file_of uuid')


def downgrade() -> None:
    """Give each import a copy again."""
    op.execute(
        'INSERT INTO contact_import_files (import_id, position, content)'
        ' SELECT i.id, f.position, f.content FROM contact_imports i'
        ' JOIN contact_import_files f ON f.import_id = i.file_of'
    )
    op.execute('ALTER TABLE contact_imports DROP COLUMN file_of')
