"""contacts that new rows of an import look like, and the searches for them

A match stays beside its row's choice, so that it can be chosen otherwise. It names a contact without
a foreign key, as a choice does.
"""

from alembic import op

revision = '0052'
down_revision = '0051'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE contact_import_possible_matches (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             row bigint NOT NULL,
             contact_id bigint NOT NULL,
             score double precision NOT NULL,
             evidence text[] NOT NULL,
             PRIMARY KEY (import_id, row))"""
    )
    op.execute(
        """CREATE INDEX contact_import_possible_matches_contact
             ON contact_import_possible_matches (contact_id)"""
    )
    op.execute(
        """CREATE TABLE contact_import_match_searches (
             import_id uuid PRIMARY KEY REFERENCES contact_imports ON DELETE CASCADE,
             mended_at timestamptz,
             state duplicate_search_state NOT NULL,
             claims bigint NOT NULL,
             attempts bigint NOT NULL,
             heartbeat_at timestamptz,
             rows bigint NOT NULL DEFAULT 0)"""
    )


def downgrade() -> None:
    op.execute('DROP TABLE contact_import_match_searches, contact_import_possible_matches')
