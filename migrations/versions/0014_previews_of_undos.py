"""previews of undos that take longer than a request should, kept until something changes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'contact_undo_previews',
        sa.Column('import_id', sa.Uuid(), nullable=False),
        sa.Column('seen', sa.Text(), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('result', postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('import_id'),
    )


def downgrade() -> None:
    op.drop_table('contact_undo_previews')
