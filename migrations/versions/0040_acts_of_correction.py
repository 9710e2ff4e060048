"""corrections are acts that can be undone, and cells with problems a list

What was corrected before is the first act of its import. A correction of many rows that a worker is
at goes on as the second one.
"""

from alembic import op

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE contact_import_acts (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             number bigint NOT NULL,
             kind text NOT NULL,
             made_by bigint,
             made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
             asked jsonb NOT NULL DEFAULT '{}',
             rows bigint NOT NULL DEFAULT 0,
             undone_at timestamptz,
             undone_by bigint,
             PRIMARY KEY (import_id, number))"""
    )
    op.execute(
        """CREATE TABLE contact_import_corrected_cells (
             import_id uuid NOT NULL,
             row bigint NOT NULL,
             "column" bigint NOT NULL,
             act bigint NOT NULL,
             before text,
             after text NOT NULL,
             problem text,
             PRIMARY KEY (import_id, row, "column", act))"""
    )
    op.execute(
        """CREATE INDEX contact_import_corrected_cells_act
           ON contact_import_corrected_cells (import_id, act, row)"""
    )
    op.execute(
        """CREATE TABLE contact_import_listed_cells (
             import_id uuid NOT NULL,
             row bigint NOT NULL,
             "column" bigint NOT NULL,
             code text NOT NULL,
             kind smallint NOT NULL,
             rank smallint NOT NULL,
             "group" bigint NOT NULL,
             number bigint NOT NULL,
             hash bigint NOT NULL,
             PRIMARY KEY (import_id, row, "column", code))"""
    )
    op.execute(
        """CREATE INDEX contact_import_listed_cells_order
           ON contact_import_listed_cells (import_id, kind, "group", number)"""
    )
    op.execute(
        """CREATE INDEX contact_import_listed_cells_column
           ON contact_import_listed_cells (import_id, kind, "column", "group", number)"""
    )
    op.execute(
        """CREATE INDEX contact_import_listed_cells_code
           ON contact_import_listed_cells (import_id, code, "group", number)"""
    )
    op.execute(
        """CREATE TABLE contact_import_positions (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             row bigint NOT NULL,
             byte_offset bigint NOT NULL,
             PRIMARY KEY (import_id, row))"""
    )
    op.execute("ALTER TABLE contact_imports ADD listed_to bigint")
    _acts_of_before()


def _acts_of_before() -> None:
    op.execute(
        """INSERT INTO contact_import_acts (import_id, number, kind, rows)
           SELECT import_id, 1, 'earlier', count(*) FROM contact_import_corrections GROUP BY 1"""
    )
    op.execute(
        """INSERT INTO contact_import_corrected_cells (import_id, row, "column", act, after)
           SELECT import_id, row, c.key::bigint, 1, c.value
           FROM contact_import_corrections, jsonb_each_text(cells) c
           UNION ALL SELECT import_id, row, -1, 1, left_out::text
           FROM contact_import_corrections WHERE left_out OR cells = '{}'"""
    )
    op.execute(
        """INSERT INTO contact_import_acts (import_id, number, kind, asked, rows)
           SELECT id, 2, 'set', jsonb_build_object('column', correcting -> 'column',
             'value', correcting -> 'replacement'), (correcting ->> 'rows')::bigint
           FROM contact_imports WHERE correcting IS NOT NULL"""
    )
    op.execute(
        """UPDATE contact_imports SET correcting = correcting || jsonb_build_object('act', 2,
             'kind', 'set', 'value', correcting -> 'replacement',
             'where', jsonb_build_object('alike', correcting -> 'value'))
           WHERE correcting IS NOT NULL"""
    )


def downgrade() -> None:
    op.execute("UPDATE contact_imports SET correcting = NULL")
    op.execute("ALTER TABLE contact_imports DROP COLUMN listed_to")
    for table in ('positions', 'listed_cells', 'corrected_cells', 'acts'):
        op.execute(f'DROP TABLE contact_import_{table}')
