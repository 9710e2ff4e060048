"""whether a cell that is none leaves its row in

Imports from before refuse such rows, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'contact_imports',
        sa.Column('drop_bad_cells', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    )


def downgrade() -> None:
    op.drop_column('contact_imports', 'drop_bad_cells')
