"""a large change waits for the approval of another person
"""

from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

BEFORE = (
    'uploaded', 'checking', 'ready', 'queued', 'running', 'cancelling', 'completed', 'cancelled', 'failed',
    'rolling_back', 'rolled_back', 'refused',
)  # fmt: skip


def _allow(*states: str) -> None:
    allowed = ', '.join(f"'{state}'" for state in states)
    op.execute('ALTER DOMAIN import_state DROP CONSTRAINT import_state_known')
    op.execute(f'ALTER DOMAIN import_state ADD CONSTRAINT import_state_known CHECK (VALUE IN ({allowed}))')


def upgrade() -> None:
    _allow(*BEFORE, 'awaiting_approval')
    op.execute('ALTER TABLE contact_imports ADD COLUMN approval jsonb')


def downgrade() -> None:
    op.execute("UPDATE contact_imports SET state = 'ready' WHERE state = 'awaiting_approval'")
    op.execute('ALTER TABLE contact_imports DROP COLUMN approval')
    _allow(*BEFORE)
