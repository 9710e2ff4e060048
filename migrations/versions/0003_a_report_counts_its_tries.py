"""a report counts its tries, and says who is at it

A process that the system's memory killer ended was not to be told from one that somebody killed, so such a report was
rendered for ever.
"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact_import_documents', sa.Column('maker', sa.Text(), nullable=True))
    op.add_column('contact_import_documents', sa.Column('tries', sa.SmallInteger(), server_default=sa.text('0'), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM contact_import_documents WHERE state = 'lost'")
    op.drop_column('contact_import_documents', 'tries')
    op.drop_column('contact_import_documents', 'maker')
