"""the log's key begins with the import

One index serves instead of two: an entry is only ever looked for within its import, and one is written for each batch.
"""

from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint('contact_import_logs_pkey', 'contact_import_logs', type_='primary')
    op.create_primary_key('contact_import_logs_pkey', 'contact_import_logs', ['import_id', 'id'])
    op.drop_index('contact_import_logs_import', table_name='contact_import_logs')


def downgrade() -> None:
    op.create_index('contact_import_logs_import', 'contact_import_logs', ['import_id', 'id'], unique=False)
    op.drop_constraint('contact_import_logs_pkey', 'contact_import_logs', type_='primary')
    op.create_primary_key('contact_import_logs_pkey', 'contact_import_logs', ['id'])
