"""accounts are found by a key that Python folds

lower() follows the language of the database: in a Turkish one, the account INFO@... was made and not found again, and
a second one could be made beside it. Of such twins the one that could sign in keeps the key, else the older one. The
others can't have been used: they are disabled, and their key says which they are.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def _folded(email: str) -> str:
    return unicodedata.normalize('NFC', email).lower()


def upgrade() -> None:
    op.add_column('users', sa.Column('email_key', sa.Text(collation='C'), nullable=True))
    op.drop_index('users_email_key', table_name='users')
    taken: set[str] = set()
    found = op.get_bind().execute(sa.text('SELECT id, email, lower(email) AS lowered FROM users ORDER BY id')).all()
    found.sort(key=lambda user: user.lowered != user.email.lower())
    for user in found:
        key = _folded(user.email)
        op.get_bind().execute(
            sa.text('UPDATE users SET email_key = :key, active = active AND NOT :twin WHERE id = :id'),
            {'key': f'{key} ({user.id})' if key in taken else key, 'twin': key in taken, 'id': user.id},
        )
        taken.add(key)
    op.alter_column('users', 'email_key', nullable=False)
    op.create_index('users_email_key', 'users', ['email_key'], unique=True)


def downgrade() -> None:
    op.drop_index('users_email_key', table_name='users')
    op.drop_column('users', 'email_key')
    op.create_index('users_email_key', 'users', [sa.literal_column('lower(email)')], unique=True)
