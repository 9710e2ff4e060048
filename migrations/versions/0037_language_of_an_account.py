"""an account can have a language of its own"""

from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute('ALTER TABLE users DROP COLUMN language')
