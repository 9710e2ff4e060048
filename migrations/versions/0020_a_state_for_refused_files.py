"""an import whose file the check refused has a state of its own

It was `failed` without a total before.
"""

from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

BEFORE = (
    'uploaded', 'checking', 'ready', 'queued', 'running', 'cancelling', 'completed', 'cancelled', 'failed',
    'rolling_back', 'rolled_back',
)  # fmt: skip


def _allow(*states: str) -> None:
    allowed = ', '.join(f"'{state}'" for state in states)
    op.execute('ALTER DOMAIN import_state DROP CONSTRAINT import_state_known')
    op.execute(f'ALTER DOMAIN import_state ADD CONSTRAINT import_state_known CHECK (VALUE IN ({allowed}))')


def upgrade() -> None:
    _allow(*BEFORE, 'refused')
    op.execute("UPDATE contact_imports SET state = 'refused' WHERE state = 'failed' AND total IS NULL")


def downgrade() -> None:
    op.execute("UPDATE contact_imports SET state = 'failed' WHERE state = 'refused'")
    _allow(*BEFORE)
