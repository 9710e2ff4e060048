"""what the one pass of the previews finds is kept as it is, since it is read within seconds and then
dropped: compressing it took a seventh of the pass
"""

from alembic import op

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None

LISTS = (
    'rows', 'statuses', 'codes', 'owners', 'updates', 'merges', 'update_clears', 'merge_clears',
    'persons', 'update_persons', 'merge_persons', 'apart', 'key_rows', 'keys', 'keyless', 'simulated',
)


def upgrade() -> None:
    _store('EXTERNAL')


def downgrade() -> None:
    _store('EXTENDED')


def _store(how: str) -> None:
    columns = ', '.join(f'ALTER COLUMN {name} SET STORAGE {how}' for name in LISTS)
    op.execute(f'ALTER TABLE contact_import_scans {columns}')
