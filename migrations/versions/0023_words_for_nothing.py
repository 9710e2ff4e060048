"""which words are read as blank, and in which columns they stay

Imports that were checked before were checked without such words; the usual ones count for the next check.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact_imports', sa.Column('blank_words', postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column(
        'contact_imports',
        sa.Column(
            'keep_words', postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column('contact_imports', 'keep_words')
    op.drop_column('contact_imports', 'blank_words')
