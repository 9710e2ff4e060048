"""an execution can leave unknown people out and hold other names, and columns can have rules of
their own; previews are kept for each combination, and those asked for are noted

Imports and previews from before made contacts of unknown people, and held no other names.
"""

from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

CHOSEN = (
    'create_new boolean NOT NULL DEFAULT true',
    'hold_other_names boolean NOT NULL DEFAULT false',
)


def upgrade() -> None:
    op.execute("ALTER TYPE outcome ADD VALUE IF NOT EXISTS 'new_skipped' AFTER 'duplicate_skipped'")
    for column in (
        *CHOSEN,
        "column_rules jsonb NOT NULL DEFAULT '{}'",
        'new_skipped bigint NOT NULL DEFAULT 0',
    ):
        op.execute(f'ALTER TABLE contact_imports ADD COLUMN {column}')

    for column in CHOSEN:
        op.execute(f'ALTER TABLE contact_import_previews ADD COLUMN {column}')
    _key('import_id, strategy, create_new, hold_other_names')
    op.execute("""UPDATE contact_import_previews SET outcomes = outcomes || '{"new_skipped": 0}'""")

    op.execute(f"""
        CREATE TABLE contact_import_preview_requests (
          import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
          strategy text NOT NULL, {', '.join(CHOSEN)},
          PRIMARY KEY (import_id, strategy, create_new, hold_other_names))""")


def _key(columns: str) -> None:
    op.execute('ALTER TABLE contact_import_previews DROP CONSTRAINT contact_import_previews_pkey')
    op.execute(f'ALTER TABLE contact_import_previews ADD PRIMARY KEY ({columns})')


def downgrade() -> None:
    """The type of outcomes keeps its word: PostgreSQL takes none away."""
    op.execute('DROP TABLE contact_import_preview_requests')
    op.execute('DELETE FROM contact_import_previews WHERE NOT create_new OR hold_other_names')
    _key('import_id, strategy')
    for column in ('create_new', 'hold_other_names'):
        op.execute(f'ALTER TABLE contact_import_previews DROP COLUMN {column}')
    for column in ('create_new', 'hold_other_names', 'column_rules', 'new_skipped'):
        op.execute(f'ALTER TABLE contact_imports DROP COLUMN {column}')
