"""rows in conflict are settled by a person's choice

Which rows are in conflict is known once previews are computed anew, which were dropped before.
"""

from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE contact_import_choices (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             row bigint NOT NULL,
             chosen text NOT NULL
               CONSTRAINT choice_known CHECK (chosen IN ('contact', 'owner_of', 'new', 'leave_out')),
             contact_id bigint,
             "by" text[],
             PRIMARY KEY (import_id, row))"""
    )
    op.execute(
        """CREATE TABLE contact_import_conflicts (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             row bigint NOT NULL,
             code text NOT NULL,
             kind text NOT NULL,
             candidates jsonb NOT NULL,
             PRIMARY KEY (import_id, row))"""
    )
    op.execute(
        """CREATE INDEX contact_import_conflicts_kind
           ON contact_import_conflicts (import_id, kind, row)"""
    )


def downgrade() -> None:
    op.execute('DROP TABLE contact_import_conflicts')
    op.execute('DROP TABLE contact_import_choices')
