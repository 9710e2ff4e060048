"""the log without a foreign key

Checking it took longer than writing the entry, once for each batch. Imports are deleted in three places only, and those
delete the log with them.
"""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


# In the first days 0001 itself was changed. A database from then has its number and lacks what came to it: each
# statement does nothing where that is there.
AS_0001_WAS_LEFT = """
ALTER TABLE contact_changes DROP CONSTRAINT kind_known;
ALTER TABLE contact_changes ADD CONSTRAINT kind_known CHECK (kind IN ('import', 'edit', 'delete', 'undo', 'owed'));
DROP INDEX IF EXISTS ix_contact_changes_contact_id;
CREATE INDEX IF NOT EXISTS contact_changes_contact ON contact_changes (contact_id, id);
CREATE INDEX IF NOT EXISTS contact_changes_deleted ON contact_changes (at) WHERE kind = 'delete';
CREATE INDEX IF NOT EXISTS contact_changes_owed ON contact_changes (import_id, id) WHERE kind = 'owed';
CREATE INDEX IF NOT EXISTS contact_changes_inherited ON contact_changes (import_id, id)
  WHERE kind = 'import' AND before ? '(contact)';
ALTER TABLE contacts SET (fillfactor = 50);
ALTER TABLE contact_imports
  ADD COLUMN IF NOT EXISTS expired_at timestamptz,
  ADD COLUMN IF NOT EXISTS purged_at timestamptz,
  ADD COLUMN IF NOT EXISTS file_gone boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS mended_at timestamptz;
CREATE TABLE IF NOT EXISTS contact_import_corrections (
  import_id uuid NOT NULL REFERENCES contact_imports (id) ON DELETE CASCADE,
  row bigint NOT NULL,
  cells jsonb NOT NULL DEFAULT '{}',
  left_out boolean NOT NULL DEFAULT false,
  PRIMARY KEY (import_id, row));
CREATE TABLE IF NOT EXISTS contact_import_differences (
  import_id uuid NOT NULL REFERENCES contact_imports (id) ON DELETE CASCADE,
  row bigint NOT NULL,
  promised outcome NOT NULL,
  PRIMARY KEY (import_id, row));
ALTER TABLE contact_import_files ALTER CONSTRAINT contact_import_files_import_id_fkey DEFERRABLE INITIALLY DEFERRED;
DROP INDEX IF EXISTS ix_contact_undo_kept_import_id;
DELETE FROM contact_undo_kept k USING contact_undo_kept o WHERE o.id < k.id AND o.import_id = k.import_id
  AND o.contact_id = k.contact_id AND o.field IS NOT DISTINCT FROM k.field;
CREATE UNIQUE INDEX IF NOT EXISTS contact_undo_kept_once ON contact_undo_kept (import_id, contact_id, field)
  NULLS NOT DISTINCT;
CREATE INDEX IF NOT EXISTS contact_undo_kept_contact ON contact_undo_kept (contact_id);
CREATE INDEX IF NOT EXISTS contact_undo_kept_order ON contact_undo_kept (import_id, id);
DO $$
BEGIN
  IF EXISTS (SELECT FROM information_schema.columns WHERE table_schema = current_schema()
             AND table_name = 'contact_import_files' AND column_name = 'bytes') THEN
    ALTER TABLE contact_import_files RENAME COLUMN bytes TO content;
    ALTER TABLE contact_import_documents RENAME COLUMN bytes TO content;
  END IF;
  -- Previews are computed again by themselves.
  IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = current_schema()
                 AND table_name = 'contact_import_previews' AND column_name = 'promised') THEN
    DELETE FROM contact_import_previews;
    ALTER TABLE contact_import_previews ADD COLUMN IF NOT EXISTS cleared bigint NOT NULL,
      ADD COLUMN promised text NOT NULL;
  END IF;
  -- A remembered mapping that does not say of which columns is of no use; it is remembered anew.
  IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = current_schema()
                 AND table_name = 'mapping_templates' AND column_name = 'columns') THEN
    DELETE FROM mapping_templates;
    ALTER TABLE mapping_templates ADD COLUMN columns jsonb NOT NULL;
  END IF;
  IF to_regclass('contact_import_problems') IS NULL THEN
    CREATE TABLE contact_import_problems (
      import_id uuid NOT NULL, code text NOT NULL, row bigint NOT NULL, PRIMARY KEY (import_id, code, row));
    INSERT INTO contact_import_problems
      SELECT DISTINCT r.import_id, problem ->> 'code', r.row
      FROM contact_import_rows r, jsonb_array_elements(r.problems) problem WHERE r.problems IS NOT NULL;
  END IF;
END $$;
ALTER TABLE contact_import_files ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE contact_import_documents ALTER COLUMN content DROP NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(AS_0001_WAS_LEFT)
    op.drop_constraint('contact_import_logs_import_id_fkey', 'contact_import_logs', type_='foreignkey')


def downgrade() -> None:
    op.execute('DELETE FROM contact_import_logs l WHERE NOT EXISTS (SELECT FROM contact_imports i WHERE i.id = l.import_id)')
    op.create_foreign_key('contact_import_logs_import_id_fkey', 'contact_import_logs', 'contact_imports',
                          ['import_id'], ['id'], ondelete='CASCADE')
