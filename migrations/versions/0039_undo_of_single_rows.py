"""single rows of an import can be undone"""

from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE contact_row_undos (
          import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE, "row" bigint NOT NULL,
          contact_id bigint NOT NULL, user_id bigint, at timestamptz NOT NULL DEFAULT now(),
          kept bigint NOT NULL, PRIMARY KEY (import_id, "row"))""")


def downgrade() -> None:
    op.execute('DROP TABLE contact_row_undos')
