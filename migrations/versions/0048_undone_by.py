"""an import says who had it undone; of older ones that is not known"""

import sqlalchemy as sa
from alembic import op

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact_imports', sa.Column('rolled_back_by', sa.BigInteger()))


def downgrade() -> None:
    op.drop_column('contact_imports', 'rolled_back_by')
