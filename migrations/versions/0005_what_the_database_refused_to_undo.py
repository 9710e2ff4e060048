"""an undo says what the database refused

One contact that it would not let go stood in the way of the whole undo; now it stays alone, with the reason.
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact_undo_kept', sa.Column('message', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('contact_undo_kept', 'message')
