"""what a second run would do is computed before it runs"""

from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE contact_import_rerun_previews (
          import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE, rerun rerun NOT NULL,
          outcomes jsonb, people jsonb, computed_at timestamptz, PRIMARY KEY (import_id, rerun))""")


def downgrade() -> None:
    op.execute('DROP TABLE contact_import_rerun_previews')
