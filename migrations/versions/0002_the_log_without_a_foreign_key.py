"""the log without a foreign key

Checking it took longer than writing the entry, once for each batch. Imports are deleted in three places only, and those
delete the log with them.
"""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint('contact_import_logs_import_id_fkey', 'contact_import_logs', type_='foreignkey')


def downgrade() -> None:
    op.execute('DELETE FROM contact_import_logs l WHERE NOT EXISTS (SELECT FROM contact_imports i WHERE i.id = l.import_id)')
    op.create_foreign_key('contact_import_logs_import_id_fkey', 'contact_import_logs', 'contact_imports',
                          ['import_id'], ['id'], ondelete='CASCADE')
