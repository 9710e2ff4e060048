"""whether a change still stands is recorded at its journal entry, and what undos could not do yet is in a table

Before, an entry stood unless its import was rolled back; a field that stayed was handed over to a later import, a
created contact by the field "(contact)" of the heir's entry, and a key by entries of kind "owed".
"""

import sqlalchemy as sa
from alembic import op

from webapp.checking.emails import key_of

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

KINDS_BEFORE = ('import', 'edit', 'delete', 'undo', 'owed')
KINDS = ('import', 'edit', 'delete', 'undo', 'removed')


def upgrade() -> None:
    op.add_column('contact_changes', sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('contact_changes', sa.Column('undone_by', sa.BigInteger(), nullable=True))
    op.create_table(
        'contact_undo_due',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('key', sa.Text(), server_default='', nullable=False),
        sa.Column('contact_id', sa.BigInteger(), nullable=False),
        sa.Column('value', sa.Text(), nullable=True),
        sa.Column('held', sa.Text(), nullable=True),
        sa.Column('since', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
        sa.Column('source', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
        sa.Column('import_id', sa.Uuid(), nullable=True),
        sa.Column('change_id', sa.BigInteger(), nullable=True),
        sa.Column('row', sa.BigInteger(), nullable=True),
        sa.Column('plain', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('counted', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('contact_undo_due_key', 'contact_undo_due', ['kind', 'key', 'contact_id'], unique=True)
    op.create_index('contact_undo_due_contact', 'contact_undo_due', ['contact_id', 'kind'])
    op.create_index('contact_undo_due_import', 'contact_undo_due', ['import_id'])
    for statement in (UNDONE, HALF_UNDONE, DUE_CONTACTS, DUE_KEYS, CHECKPOINTS, OWED, MARKERS, CREATORS):
        op.execute(statement)
    _journal_keys()
    op.drop_index('contact_changes_inherited', table_name='contact_changes')
    op.drop_index('contact_changes_owed', table_name='contact_changes')
    _kinds(KINDS)


def _kinds(kinds: tuple[str, ...]) -> None:
    op.execute('ALTER DOMAIN change_kind DROP CONSTRAINT change_kind_known')
    allowed = ', '.join(f"'{kind}'" for kind in kinds)
    op.execute(f'ALTER DOMAIN change_kind ADD CONSTRAINT change_kind_known CHECK (VALUE IN ({allowed}))')


# What an import created stays as the import left it, its later rows included: those entries stand with the contact.
# And so do those that the database refused to undo.
OTHERS = """NOT EXISTS (SELECT FROM contacts c WHERE c.id = h.contact_id AND c.imported_from = h.import_id)
      AND NOT EXISTS (SELECT FROM contact_undo_kept k
        WHERE k.import_id = h.import_id AND k.contact_id = h.contact_id AND k.code = 'refused_on_undo')"""

UNDONE = f"""
    UPDATE contact_changes h SET undone_at = COALESCE(i.rolled_back_at, clock_timestamp())
    FROM contact_imports i WHERE i.id = h.import_id AND i.state = 'rolled_back' AND h.kind = 'import' AND {OTHERS}"""

# An undo under way had come down to the entry `at` in its phase `changed`.
HALF_UNDONE = f"""
    UPDATE contact_changes h SET undone_at = clock_timestamp() FROM contact_imports i
    WHERE i.id = h.import_id AND i.state = 'rolling_back' AND h.kind = 'import' AND {OTHERS}
      AND (i.rollback ->> 'phase' IN ('owed', 'done')
        OR (i.rollback ->> 'phase' = 'changed' AND h.id >= (i.rollback ->> 'at')::bigint))"""

# Contacts that an undone import created and that are still there, but for those that the database would not let go.
DUE_CONTACTS = """
    INSERT INTO contact_undo_due (kind, contact_id, import_id, row)
    SELECT 'contact', c.id, c.imported_from, c.imported_row FROM contacts c
    JOIN contact_imports i ON i.id = c.imported_from AND i.expired_at IS NULL
    WHERE (i.state = 'rolled_back' OR (i.state = 'rolling_back' AND (
        i.rollback ->> 'phase' IN ('inherited', 'changed', 'owed', 'done')
        OR (i.rollback ->> 'phase' = 'created' AND c.imported_row >= (i.rollback ->> 'at')::bigint))))
      AND NOT EXISTS (SELECT FROM contact_undo_kept k
        WHERE k.import_id = i.id AND k.contact_id = c.id AND k.code = 'refused_on_undo')"""

# Keys that stayed away, as long as the field still holds what it held then. The newest undo has the last word.
DUE_KEYS = """
    INSERT INTO contact_undo_due (kind, key, contact_id, value, held, since, import_id, row)
    SELECT DISTINCT ON (k.contact_id, k.field) k.field,
      CASE k.field WHEN 'email' THEN COALESCE((
          SELECT h.before ->> 'email_key' FROM contact_changes h
          WHERE h.contact_id = k.contact_id AND h.before ->> 'email' = k.wanted #>> '{}'
            AND h.before ->> 'email_key' IS NOT NULL ORDER BY h.id LIMIT 1), lower(k.wanted #>> '{}'))
        ELSE k.wanted #>> '{}' END,
      k.contact_id, k.wanted #>> '{}', k.now #>> '{}',
      (SELECT max(h.id) FROM contact_changes h WHERE h.contact_id = k.contact_id), k.import_id, k.row
    FROM contact_undo_kept k JOIN contact_imports i ON i.id = k.import_id AND i.expired_at IS NULL
    JOIN contacts c ON c.id = k.contact_id
    WHERE k.code = 'key_taken_on_undo' AND k.field IN ('email', 'external_id') AND k.wanted IS NOT NULL
      AND CASE k.field WHEN 'email' THEN c.email ELSE c.external_id END IS NOT DISTINCT FROM k.now #>> '{}'
    ORDER BY k.contact_id, k.field, k.id DESC
    ON CONFLICT DO NOTHING"""

# A contact that is half done is counted when the rest of it is.
CHECKPOINTS = """
    UPDATE contact_imports i SET rollback = rollback
      || CASE rollback ->> 'phase' WHEN 'inherited' THEN '{"phase": "due_contacts", "at": null}'
        WHEN 'owed' THEN '{"phase": "due_keys", "at": null}' ELSE '{}'::jsonb END
      || jsonb_build_object('restored', (SELECT count(DISTINCT h.contact_id) FROM contact_changes h
        WHERE h.import_id = i.id AND h.kind = 'undo' AND NOT EXISTS (SELECT FROM contact_changes o
          WHERE o.contact_id = h.contact_id AND o.import_id = i.id AND o.kind = 'import' AND o.undone_at IS NULL)))
    WHERE state = 'rolling_back' AND rollback IS NOT NULL"""

OWED = "DELETE FROM contact_changes WHERE kind = 'owed'"
MARKERS = "UPDATE contact_changes SET before = before - '(contact)' WHERE kind = 'import' AND before ? '(contact)'"

# From which import a deleted contact came: its undo will tell, should the deletion be undone.
CREATORS = """
    UPDATE contact_changes h SET before = h.before || jsonb_build_object('(imported_from)', l.import_id,
      '(imported_row)', l.row)
    FROM contact_import_results l
    WHERE h.kind = 'delete' AND h.before <> '{}' AND l.contact_id = h.contact_id AND l.outcome = 'created'"""


def _journal_keys() -> None:
    """An entry that changes only how an address or a number is written has its key too, which is the same after it."""
    bind = op.get_bind()
    found = bind.execute(sa.text(
        """SELECT id, before ->> 'email' AS email, COALESCE(after ->> 'email', '') AS left FROM contact_changes
           WHERE kind IN ('import', 'edit') AND after <> '{}' AND before ? 'email' AND NOT before ? 'email_key'"""
    )).all()
    for entry in found:
        for side, value in (('before', entry.email), ('after', entry.left)):
            bind.execute(
                sa.text(f"UPDATE contact_changes SET {side} = {side} || jsonb_build_object('email_key', "
                        "CAST(:key AS text)) WHERE id = :id"),
                {'key': key_of(value) if value else None, 'id': entry.id},
            )  # fmt: skip
    # A number that can be read is written as its key, but where the journal knows better.
    op.execute(
        """UPDATE contact_changes h SET before = h.before || k.pair, after = h.after || k.pair
           FROM contact_changes h2 CROSS JOIN LATERAL (SELECT jsonb_build_object('phone_key', COALESCE(
               (SELECT n.before -> 'phone_key' FROM contact_changes n WHERE n.contact_id = h2.contact_id
                  AND n.id > h2.id AND n.before ? 'phone_key' AND n.before -> 'phone' = h2.after -> 'phone'
                ORDER BY n.id LIMIT 1),
               (SELECT n.after -> 'phone_key' FROM contact_changes n WHERE n.contact_id = h2.contact_id
                  AND n.id < h2.id AND n.after ? 'phone_key' AND n.after -> 'phone' = h2.before -> 'phone'
                ORDER BY n.id DESC LIMIT 1),
               (SELECT to_jsonb(c.phone_key) FROM contacts c WHERE c.id = h2.contact_id
                  AND c.phone = h2.after ->> 'phone'), 'null')) AS pair) k
           WHERE h2.id = h.id AND h.kind IN ('import', 'edit') AND h.after <> '{}'
             AND h.before ? 'phone' AND NOT h.before ? 'phone_key'"""
    )


def downgrade() -> None:
    op.execute("DELETE FROM contact_changes WHERE kind = 'removed'")
    _kinds(KINDS_BEFORE)
    op.create_index('contact_changes_owed', 'contact_changes', ['import_id', 'id'], unique=False, postgresql_where=sa.text("kind = 'owed'"))
    op.create_index('contact_changes_inherited', 'contact_changes', ['import_id', 'id'], unique=False, postgresql_where=sa.text("kind = 'import' AND before ? '(contact)'"))
    op.drop_table('contact_undo_due')
    op.drop_column('contact_changes', 'undone_by')
    op.drop_column('contact_changes', 'undone_at')
