"""a second run takes rows that failed, were corrected since, or are left over

A second run that waits or goes on takes the rows that failed, and began in a completed import.
"""

from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE DOMAIN rerun AS text
          CONSTRAINT rerun_known CHECK (VALUE IN ('', 'failed', 'corrected', 'remaining'))""")
    # The column keeps its place: data that was written down without names of columns goes by it.
    op.execute("""
        ALTER TABLE contact_imports
          ALTER COLUMN retrying DROP DEFAULT,
          ALTER COLUMN retrying TYPE rerun USING CASE WHEN retrying THEN 'failed' ELSE '' END,
          ALTER COLUMN retrying SET DEFAULT '',
          ADD COLUMN rerun_from import_state""")
    op.execute('ALTER TABLE contact_imports RENAME COLUMN retrying TO rerun')
    op.execute("UPDATE contact_imports SET rerun_from = 'completed' WHERE rerun = 'failed'")

    op.execute("""
        CREATE TABLE contact_import_reopened (
          import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
          row bigint NOT NULL, PRIMARY KEY (import_id, row))""")


def downgrade() -> None:
    """What goes on over other rows than those that failed ends with a first run's checkpoint."""
    op.execute('DROP TABLE contact_import_reopened')
    op.execute("""
        ALTER TABLE contact_imports
          ALTER COLUMN rerun DROP DEFAULT,
          ALTER COLUMN rerun TYPE boolean USING rerun = 'failed',
          ALTER COLUMN rerun SET DEFAULT false,
          DROP COLUMN rerun_from""")
    op.execute('ALTER TABLE contact_imports RENAME COLUMN rerun TO retrying')
    op.execute('DROP DOMAIN rerun')
