"""the note of an update for the search joins the versions by a hash in a job's session too

Such a session rules hashes out, and nested loops compared each contact of a batch with each other one.
"""

from alembic import op

revision = '0049'
down_revision = '0048'
branch_labels = None
depends_on = None

FUNCTION = 'contact_words_note_changed()'


def upgrade() -> None:
    op.execute(f'ALTER FUNCTION {FUNCTION} SET enable_hashjoin = on')


def downgrade() -> None:
    op.execute(f'ALTER FUNCTION {FUNCTION} RESET enable_hashjoin')
