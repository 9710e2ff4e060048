"""what a state, a strategy and a change may be is said by types

As constraints of their tables they were read and asked anew with each batch's checkpoint and journal, whatever it
wrote: 13 microseconds of a batch for the checkpoint alone.
"""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

COLUMNS = {
    ('contact_imports', 'state'): (
        'import_state', 'state_known',
        ('uploaded', 'checking', 'ready', 'queued', 'running', 'cancelling', 'completed', 'cancelled', 'failed',
         'rolling_back', 'rolled_back'),
    ),
    ('contact_imports', 'duplicate_strategy'): (
        'duplicate_strategy', 'duplicate_strategy_known', ('skip', 'update', 'merge'),
    ),
    ('contact_changes', 'kind'): ('change_kind', 'kind_known', ('import', 'edit', 'delete', 'undo', 'owed')),
}  # fmt: skip


def _in(allowed: tuple[str, ...]) -> str:
    return 'IN (' + ', '.join(f"'{value}'" for value in allowed) + ')'


def upgrade() -> None:
    for (table, column), (domain, constraint, allowed) in COLUMNS.items():
        op.execute(f'CREATE DOMAIN {domain} AS text CONSTRAINT {domain}_known CHECK (VALUE {_in(allowed)})')
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT {constraint}, ALTER COLUMN {column} TYPE {domain}')


def downgrade() -> None:
    for (table, column), (domain, constraint, allowed) in COLUMNS.items():
        op.execute(
            f'ALTER TABLE {table} ALTER COLUMN {column} TYPE text,'
            f' ADD CONSTRAINT {constraint} CHECK ({column} {_in(allowed)})'
        )
        op.execute(f'DROP DOMAIN {domain}')
