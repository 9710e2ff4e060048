"""one retention time for all processes, and which workers reach the database

A worker that was started with another RETENTION_DAYS than the web process deleted what the page still offered to undo.
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'installation',
        sa.Column('id', sa.Boolean(), server_default=sa.text('true'), nullable=False),
        sa.Column('retention_days', sa.BigInteger(), server_default=sa.text('30'), nullable=False),
        sa.CheckConstraint('id', name='installation_one'),
        sa.CheckConstraint('retention_days >= 1', name='retention_days_positive'),
        sa.PrimaryKeyConstraint('id'),
    )
    op.execute('INSERT INTO installation DEFAULT VALUES')
    op.create_table(
        'workers',
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('tables', sa.Text(), nullable=False),
        sa.Column('clock_ahead', sa.Double(), nullable=False),
        sa.Column('retention_days', sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint('name'),
    )


def downgrade() -> None:
    op.drop_table('workers')
    op.drop_table('installation')
