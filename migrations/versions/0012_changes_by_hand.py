"""an index of the changes by hand

The list of recent changes would have read the entries of whole imports to find the few between them.
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('contact_changes_by_hand', 'contact_changes', ['id'], unique=False,
                    postgresql_where=sa.text("kind IN ('edit', 'delete')"))


def downgrade() -> None:
    op.drop_index('contact_changes_by_hand', table_name='contact_changes')
