"""the one pass over an import's rows that its previews share, kept while it goes on; and previews say
which version of the decision computed them, so that those of another one are computed anew
"""

from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE contact_import_previews ADD COLUMN decided_by text')
    # A crash of the database empties it, and the pass begins anew.
    op.execute("""
        CREATE UNLOGGED TABLE contact_import_scans (
          import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
          first_row bigint NOT NULL, inputs text NOT NULL,
          rows bigint[] NOT NULL, statuses text[] NOT NULL, codes text[] NOT NULL,
          owners bigint[] NOT NULL, updates text[] NOT NULL, merges text[] NOT NULL,
          update_clears bigint[] NOT NULL, merge_clears bigint[] NOT NULL,
          persons bigint[], update_persons bigint[], merge_persons bigint[],
          apart bigint[], key_rows bigint[], keys bigint[], keyless bigint[], simulated bigint[],
          PRIMARY KEY (import_id, first_row))""")


def downgrade() -> None:
    op.execute('DROP TABLE contact_import_scans')
    op.execute('ALTER TABLE contact_import_previews DROP COLUMN decided_by')
