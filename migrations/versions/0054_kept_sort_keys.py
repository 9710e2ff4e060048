"""what contacts are listed by, name and company, kept with their words

Every contact is noted to be read again; until then the list compares as it did.
"""

from alembic import op

revision = '0054'
down_revision = '0053'
branch_labels = None
depends_on = None

AT_ONCE = 1_000  # contacts in a row, as contacts/search_index.py relies on
KEYS = ('name', 'company')


def upgrade() -> None:
    for key in KEYS:
        op.execute(f'ALTER TABLE contact_words ADD COLUMN {key} text COLLATE "C"')
        op.execute(f'CREATE INDEX contact_words_{key} ON contact_words ({key}, contact_id)')
    op.execute(
        f"""INSERT INTO contact_words_pending (contact_ids)
            SELECT array_agg(id) FROM (
              SELECT id, row_number() OVER (ORDER BY id) / {AT_ONCE} AS part FROM contacts) c
            GROUP BY part"""
    )


def downgrade() -> None:
    for key in KEYS:
        op.execute(f'ALTER TABLE contact_words DROP COLUMN {key}')
