"""the first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('contact_changes',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=True),
    sa.Column('row', sa.BigInteger(), nullable=True),
    sa.Column('user_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("kind IN ('import', 'edit', 'delete', 'undo', 'owed')", name='kind_known'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('contact_changes_import', 'contact_changes', ['import_id', 'id'], unique=False, postgresql_where=sa.text('import_id IS NOT NULL'))
    op.create_index('contact_changes_inherited', 'contact_changes', ['import_id', 'id'], unique=False, postgresql_where=sa.text("kind = 'import' AND before ? '(contact)'"))
    op.create_index('contact_changes_deleted', 'contact_changes', ['at'], unique=False, postgresql_where=sa.text("kind = 'delete'"))
    op.create_index('contact_changes_owed', 'contact_changes', ['import_id', 'id'], unique=False, postgresql_where=sa.text("kind = 'owed'"))
    op.create_index('contact_changes_contact', 'contact_changes', ['contact_id', 'id'], unique=False)
    op.create_table('contact_import_results',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.Enum('created', 'updated', 'merged', 'unchanged', 'duplicate_skipped', 'left_out', 'invalid', 'conflict', 'failed', name='outcome'), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.PrimaryKeyConstraint('import_id', 'row')
    )
    op.create_index('contact_import_results_problems', 'contact_import_results', ['import_id', 'outcome', 'row'], unique=False, postgresql_where=sa.text("outcome IN ('invalid', 'left_out', 'conflict', 'failed')"))
    op.create_table('contact_import_rows',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Text(), server_default='valid', nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('first_name', sa.Text(), nullable=True),
    sa.Column('last_name', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('company', sa.Text(), nullable=True),
    sa.Column('job_title', sa.Text(), nullable=True),
    sa.Column('street', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True),
    sa.Column('postal_code', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=True),
    sa.Column('website', sa.Text(), nullable=True),
    sa.Column('birthday', sa.Text(), nullable=True),
    sa.Column('notes', sa.Text(), nullable=True),
    sa.Column('tags', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('email_key', sa.Text(collation='C'), nullable=True),
    sa.Column('phone_key', sa.Text(collation='C'), nullable=True),
    sa.Column('clears', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('problems', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('record', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.CheckConstraint("status IN ('valid', 'invalid', 'left_out')", name='row_status_known'),
    sa.PrimaryKeyConstraint('import_id', 'row')
    )
    op.create_index('contact_import_rows_problems', 'contact_import_rows', ['import_id', 'row'], unique=False, postgresql_where=sa.text('problems IS NOT NULL'))
    op.create_table('contacts',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('first_name', sa.Text(), nullable=True),
    sa.Column('last_name', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('company', sa.Text(), nullable=True),
    sa.Column('job_title', sa.Text(), nullable=True),
    sa.Column('street', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True),
    sa.Column('postal_code', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=True),
    sa.Column('website', sa.Text(), nullable=True),
    sa.Column('birthday', sa.Text(), nullable=True),
    sa.Column('notes', sa.Text(), nullable=True),
    sa.Column('tags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('email_key', sa.Text(collation='C'), nullable=True),
    sa.Column('phone_key', sa.Text(collation='C'), nullable=True),
    sa.Column('imported_from', sa.Uuid(), nullable=True),
    sa.Column('imported_row', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default=sa.text('1'), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    postgresql_with={'fillfactor': 50},
    )
    op.create_index('contacts_email_key', 'contacts', ['email_key'], unique=True, postgresql_where=sa.text('email_key IS NOT NULL'))
    op.create_index('contacts_external_id', 'contacts', ['external_id'], unique=True, postgresql_where=sa.text('external_id IS NOT NULL'))
    op.create_index('contacts_imported_from', 'contacts', ['imported_from'], unique=False, postgresql_where=sa.text('imported_from IS NOT NULL'))
    op.create_index('contacts_phone_key', 'contacts', ['phone_key'], unique=False, postgresql_where=sa.text('phone_key IS NOT NULL'))
    op.create_table('users',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("role IN ('admin', 'importer', 'viewer')", name='role_known'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('users_email_key', 'users', [sa.literal_column('lower(email)')], unique=True)
    op.create_table('api_tokens',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_index(op.f('ix_api_tokens_user_id'), 'api_tokens', ['user_id'], unique=False)
    op.create_table('contact_imports',
    sa.Column('id', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rolled_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('purged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('file_gone', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('state', sa.Text(), server_default='uploaded', nullable=False),
    sa.Column('failure_reason', sa.Text(), nullable=True),
    sa.Column('filename', sa.Text(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('encoding', sa.Text(), nullable=True),
    sa.Column('delimiter', sa.Text(), nullable=True),
    sa.Column('sheet', sa.Text(), nullable=True),
    sa.Column('header_row', sa.BigInteger(), nullable=False),
    sa.Column('columns', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('sample', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('head', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('suggested_mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('default_country', sa.Text(), nullable=True),
    sa.Column('match_keys', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{external_id,email}'"), nullable=False),
    sa.Column('clear_token', sa.Text(), nullable=True),
    sa.Column('date_order', sa.Text(), nullable=True),
    sa.Column('check_summary', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('mended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('duplicate_strategy', sa.Text(), nullable=True),
    sa.Column('skip_errors', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('batch_size', sa.BigInteger(), server_default=sa.text('100'), nullable=False),
    sa.Column('notification_email', sa.Text(), nullable=True),
    sa.Column('total', sa.BigInteger(), nullable=True),
    sa.Column('read_bytes', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('read_position', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('last_row', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('batches_done', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('created', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('updated', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('merged', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('unchanged', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('duplicate_skipped', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('left_out', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('invalid', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('conflict', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('failed', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('busy_seconds', sa.Double(), server_default=sa.text('0'), nullable=False),
    sa.Column('retrying', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('lease_token', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('rollback', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('ledger_digest', sa.Text(), nullable=True),
    sa.Column('upload_key', sa.Text(), nullable=True),
    sa.Column('run_again_of', sa.Uuid(), nullable=True),
    sa.CheckConstraint("duplicate_strategy IN ('skip', 'update', 'merge')", name='duplicate_strategy_known'),
    sa.CheckConstraint("state IN ('uploaded', 'checking', 'ready', 'queued', 'running', 'cancelling', 'completed', 'cancelled', 'failed', 'rolling_back', 'rolled_back')", name='state_known'),
    sa.ForeignKeyConstraint(['created_by'], ['users.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('contact_imports_upload_key', 'contact_imports', ['created_by', 'upload_key'], unique=True, postgresql_where=sa.text('upload_key IS NOT NULL'))
    op.create_index(op.f('ix_contact_imports_created_at'), 'contact_imports', ['created_at'], unique=False)
    op.create_index(op.f('ix_contact_imports_created_by'), 'contact_imports', ['created_by'], unique=False)
    op.create_table('mapping_templates',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('header_hash', sa.Text(), nullable=False),
    sa.Column('columns', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('mapping_templates_header', 'mapping_templates', ['user_id', 'header_hash'], unique=True, postgresql_where=sa.text('name IS NULL'))
    op.create_index('mapping_templates_name', 'mapping_templates', ['user_id', 'name'], unique=True, postgresql_where=sa.text('name IS NOT NULL'))
    op.create_table('sessions',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash')
    )
    op.create_index(op.f('ix_sessions_user_id'), 'sessions', ['user_id'], unique=False)
    op.create_table('contact_import_corrections',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('cells', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('left_out', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'row')
    )
    op.create_table('contact_import_documents',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'kind')
    )
    op.create_table('contact_import_files',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE', initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('import_id', 'position')
    )
    op.create_table('contact_import_leases',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('token', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('worker', sa.Text(), nullable=True),
    sa.Column('backend_pid', sa.BigInteger(), nullable=True),
    sa.Column('backend_start', sa.DateTime(timezone=True), nullable=True),
    sa.Column('heartbeat_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_requested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('waiting_for', sa.Text(), nullable=True),
    sa.Column('enqueued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deaths', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('deaths_at_row', sa.BigInteger(), server_default=sa.text('-1'), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id')
    )
    op.create_table('contact_import_logs',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('batch', sa.BigInteger(), nullable=True),
    sa.Column('attempt', sa.SmallInteger(), nullable=True),
    sa.Column('first_row', sa.BigInteger(), nullable=True),
    sa.Column('last_row', sa.BigInteger(), nullable=True),
    sa.Column('rows', sa.BigInteger(), nullable=True),
    sa.Column('duration_ms', sa.Double(), nullable=True),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('category', sa.Text(), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('contact_import_logs_import', 'contact_import_logs', ['import_id', 'id'], unique=False)
    op.create_table('contact_import_previews',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('strategy', sa.Text(), nullable=False),
    sa.Column('outcomes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('examples', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('cleared', sa.BigInteger(), nullable=False),
    sa.Column('promised', sa.Text(), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'strategy')
    )
    op.create_table('contact_import_problems',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('import_id', 'code', 'row')
    )
    op.create_table('contact_import_differences',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('promised', postgresql.ENUM(name='outcome', create_type=False), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('import_id', 'row')
    )
    op.create_table('contact_undo_kept',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=True),
    sa.Column('field', sa.Text(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('wanted', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('now', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('changed_by_import', sa.Uuid(), nullable=True),
    sa.Column('changed_by_user', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['contact_imports.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('contact_undo_kept_contact', 'contact_undo_kept', ['contact_id'], unique=False)
    op.create_index('contact_undo_kept_once', 'contact_undo_kept', ['import_id', 'contact_id', 'field'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_index('contact_undo_kept_order', 'contact_undo_kept', ['import_id', 'id'], unique=False)
    # The bytes are compressed already or not worth it.
    op.execute('ALTER TABLE contact_import_files ALTER COLUMN content SET STORAGE EXTERNAL')


def downgrade() -> None:
    op.drop_index('contact_undo_kept_order', table_name='contact_undo_kept')
    op.drop_index('contact_undo_kept_once', table_name='contact_undo_kept', postgresql_nulls_not_distinct=True)
    op.drop_index('contact_undo_kept_contact', table_name='contact_undo_kept')
    op.drop_table('contact_undo_kept')
    op.drop_table('contact_import_differences')
    op.drop_table('contact_import_problems')
    op.drop_table('contact_import_previews')
    op.drop_index('contact_import_logs_import', table_name='contact_import_logs')
    op.drop_table('contact_import_logs')
    op.drop_table('contact_import_leases')
    op.drop_table('contact_import_files')
    op.drop_table('contact_import_documents')
    op.drop_table('contact_import_corrections')
    op.drop_index(op.f('ix_sessions_user_id'), table_name='sessions')
    op.drop_table('sessions')
    op.drop_index('mapping_templates_name', table_name='mapping_templates', postgresql_where=sa.text('name IS NOT NULL'))
    op.drop_index('mapping_templates_header', table_name='mapping_templates', postgresql_where=sa.text('name IS NULL'))
    op.drop_table('mapping_templates')
    op.drop_index(op.f('ix_contact_imports_created_by'), table_name='contact_imports')
    op.drop_index(op.f('ix_contact_imports_created_at'), table_name='contact_imports')
    op.drop_index('contact_imports_upload_key', table_name='contact_imports', postgresql_where=sa.text('upload_key IS NOT NULL'))
    op.drop_table('contact_imports')
    op.drop_index(op.f('ix_api_tokens_user_id'), table_name='api_tokens')
    op.drop_table('api_tokens')
    op.drop_index('users_email_key', table_name='users')
    op.drop_table('users')
    op.drop_index('contacts_phone_key', table_name='contacts', postgresql_where=sa.text('phone_key IS NOT NULL'))
    op.drop_index('contacts_imported_from', table_name='contacts', postgresql_where=sa.text('imported_from IS NOT NULL'))
    op.drop_index('contacts_external_id', table_name='contacts', postgresql_where=sa.text('external_id IS NOT NULL'))
    op.drop_index('contacts_email_key', table_name='contacts', postgresql_where=sa.text('email_key IS NOT NULL'))
    op.drop_table('contacts')
    op.drop_index('contact_import_rows_problems', table_name='contact_import_rows', postgresql_where=sa.text('problems IS NOT NULL'))
    op.drop_table('contact_import_rows')
    op.drop_index('contact_import_results_problems', table_name='contact_import_results', postgresql_where=sa.text("outcome IN ('invalid', 'left_out', 'conflict', 'failed')"))
    op.drop_table('contact_import_results')
    op.drop_index('contact_changes_contact', table_name='contact_changes')
    op.drop_index('contact_changes_deleted', table_name='contact_changes', postgresql_where=sa.text("kind = 'delete'"))
    op.drop_index('contact_changes_owed', table_name='contact_changes', postgresql_where=sa.text("kind = 'owed'"))
    op.drop_index('contact_changes_inherited', table_name='contact_changes', postgresql_where=sa.text("kind = 'import' AND before ? '(contact)'"))
    op.drop_index('contact_changes_import', table_name='contact_changes', postgresql_where=sa.text('import_id IS NOT NULL'))
    op.drop_table('contact_changes')
    op.execute('DROP TYPE IF EXISTS outcome')
