"""rows without e-mail, phone and ID belong to the contact of the same name and address"""

from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both blank: the first import with such rows makes the keys of all contacts.
    op.execute('ALTER TABLE contacts ADD COLUMN person_key bigint, ADD COLUMN person_version bigint')
    op.execute(
        'CREATE INDEX contacts_person ON contacts (person_key, id) WHERE person_key IS NOT NULL'
    )
    op.execute(
        """CREATE INDEX contact_import_rows_keyless ON contact_import_rows (import_id, row)
           WHERE status = 'valid' AND external_id IS NULL AND email IS NULL AND phone IS NULL"""
    )


def downgrade() -> None:
    op.execute('DROP INDEX contact_import_rows_keyless')
    op.execute('ALTER TABLE contacts DROP COLUMN person_version, DROP COLUMN person_key')
