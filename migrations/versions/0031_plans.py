"""each preview keeps its plan, the lines of all rows in blocks, and its digest; a difference keeps
the line that was planned and what it came to

Previews that wait are dropped and computed anew: they promised outcomes alone. Of differences from
before nothing else is known.
"""

from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

VARIANT = 'import_id, strategy, create_new, hold_other_names'


def upgrade() -> None:
    op.execute('DELETE FROM contact_import_previews')
    op.execute('ALTER TABLE contact_import_previews DROP COLUMN promised')
    op.execute('ALTER TABLE contact_import_previews ADD COLUMN plan_digest text NOT NULL')
    op.execute(f"""
        CREATE TABLE contact_import_plan_blocks (
          import_id uuid NOT NULL, strategy text NOT NULL, create_new boolean NOT NULL DEFAULT true,
          hold_other_names boolean NOT NULL DEFAULT false, block bigint NOT NULL, lines text NOT NULL,
          compared boolean NOT NULL DEFAULT false,
          PRIMARY KEY ({VARIANT}, block),
          FOREIGN KEY ({VARIANT}) REFERENCES contact_import_previews ON DELETE CASCADE)""")

    op.execute('ALTER TABLE contact_imports ADD COLUMN plan_digest text')
    op.execute(
        'ALTER TABLE contact_import_differences ADD COLUMN planned text, ADD COLUMN came_to text'
    )
    op.execute("""
        UPDATE contact_import_differences d SET
          planned = concat(d.row, ',', d.promised, rest), came_to = concat(d.row, ',', outcome, rest)
        FROM (
          SELECT import_id, row, outcome,
            concat(',', contact_id, ',', code, ',', detail ->> 'row', ',') AS rest
          FROM contact_import_results) l
        WHERE l.import_id = d.import_id AND l.row = d.row""")
    op.execute('DELETE FROM contact_import_differences WHERE planned IS NULL')
    for change in (
        'DROP COLUMN promised',
        'ALTER COLUMN planned SET NOT NULL',
        'ALTER COLUMN came_to SET NOT NULL',
    ):
        op.execute(f'ALTER TABLE contact_import_differences {change}')


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_differences ADD COLUMN promised outcome')
    op.execute("UPDATE contact_import_differences SET promised = split_part(planned, ',', 2)::outcome")
    for change in ('ALTER COLUMN promised SET NOT NULL', 'DROP COLUMN planned', 'DROP COLUMN came_to'):
        op.execute(f'ALTER TABLE contact_import_differences {change}')

    op.execute('ALTER TABLE contact_imports DROP COLUMN plan_digest')
    op.execute('DROP TABLE contact_import_plan_blocks')
    op.execute('DELETE FROM contact_import_previews')
    op.execute('ALTER TABLE contact_import_previews DROP COLUMN plan_digest')
    op.execute('ALTER TABLE contact_import_previews ADD COLUMN promised text NOT NULL')
