"""previews keep which rows share something with another row, and which book they know, so that an
import can be executed in two lanes
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0050'
down_revision = '0049'
branch_labels = None
depends_on = None

OF_BOOK = ('last_change', 'last_contact')


def upgrade() -> None:
    for table in ('contact_import_previews', 'contact_import_scans'):
        for name in OF_BOOK:
            op.add_column(table, sa.Column(name, sa.BigInteger()))

    shared = sa.Column('shared', postgresql.ARRAY(sa.BigInteger()))
    op.add_column('contact_import_plan_blocks', shared)


def downgrade() -> None:
    op.drop_column('contact_import_plan_blocks', 'shared')
    for table in ('contact_import_previews', 'contact_import_scans'):
        for name in OF_BOOK:
            op.drop_column(table, name)
