"""by which version of the rules an import's rows were checked, and the book's keys were made

Rows and keys of before are of the first version. A mapping that was the suggestion, accepted as it
stood, is no choice of the person's and is forgotten, so that a better suggestion takes its place.
What was once chosen was suggested for later files; it stays.
"""

from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

FIRST = 1


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN rules bigint')
    op.execute(f'UPDATE contact_imports SET rules = {FIRST} WHERE total IS NOT NULL')
    op.execute(f'ALTER TABLE installation ADD COLUMN key_rules bigint NOT NULL DEFAULT {FIRST}')
    op.execute('ALTER TABLE installation ADD COLUMN keys_reached bigint NOT NULL DEFAULT 0')
    op.execute(
        """DELETE FROM mapping_templates t USING contact_imports i
           WHERE t.name IS NULL AND i.created_by = t.user_id
             AND i.columns = t.columns AND i.suggested_mapping = t.mapping
             AND NOT EXISTS (
               SELECT FROM contact_imports j
               WHERE j.created_by = t.user_id AND j.columns = t.columns AND j.mapping = t.mapping
                 AND j.suggested_mapping <> t.mapping)"""
    )


def downgrade() -> None:
    op.execute('ALTER TABLE installation DROP COLUMN keys_reached')
    op.execute('ALTER TABLE installation DROP COLUMN key_rules')
    op.execute('ALTER TABLE contact_imports DROP COLUMN rules')
