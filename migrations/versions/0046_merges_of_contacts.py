"""which two entries of the journal are one merge of two contacts

Neither contacts nor entries are pointed to by a foreign key, as everywhere in the journal.
"""

from alembic import op

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE contact_merges (
             change_id bigint PRIMARY KEY,
             deletion_id bigint NOT NULL,
             contact_id bigint NOT NULL,
             other_id bigint NOT NULL)"""
    )
    op.execute('CREATE UNIQUE INDEX contact_merges_deletion ON contact_merges (deletion_id)')
    op.execute('CREATE INDEX contact_merges_contact ON contact_merges (contact_id)')
    op.execute('CREATE INDEX contact_merges_other ON contact_merges (other_id)')


def downgrade() -> None:
    op.execute('DROP TABLE contact_merges')
