"""the words of an import's rows in blocks, for the search over them

A trigger forgets the words of a block in the transaction that changes one of its rows, and counts
its version up, so that words that were read before are not written.
"""

from alembic import op

revision = '0051'
down_revision = '0050'
branch_labels = None
depends_on = None

LOCK = 7_665_105  # of reports/row_search.py
ROWS = 64  # in a block

FUNCTION = f"""CREATE FUNCTION contact_import_row_words_forget() RETURNS trigger LANGUAGE plpgsql AS
$function$
BEGIN
  PERFORM pg_advisory_xact_lock_shared({LOCK});
  PERFORM FROM contact_import_row_words w
  WHERE (w.import_id, w.block) IN (SELECT import_id, row / {ROWS} FROM changed)
  ORDER BY w.import_id, w.block FOR UPDATE;
  UPDATE contact_import_row_words w SET words = NULL, signature = NULL, version = version + 1
  WHERE (w.import_id, w.block) IN (SELECT import_id, row / {ROWS} FROM changed);

  RETURN NULL;
END
$function$"""


def upgrade() -> None:
    op.execute(
        """CREATE TABLE contact_import_row_words (
             import_id uuid NOT NULL REFERENCES contact_imports ON DELETE CASCADE,
             block bigint NOT NULL,
             version bigint NOT NULL DEFAULT 0,
             signature bytea,
             words text COLLATE "C",
             PRIMARY KEY (import_id, block))"""
    )
    op.execute('ALTER TABLE contact_import_row_words ALTER signature SET STORAGE PLAIN')
    op.execute(
        """CREATE INDEX contact_import_row_words_pending ON contact_import_row_words
           (import_id, block) WHERE words IS NULL"""
    )
    op.execute(FUNCTION)
    for name in ('update', 'delete'):
        op.execute(
            f"""CREATE TRIGGER contact_import_row_words_{name} AFTER {name} ON contact_import_rows
                REFERENCING OLD TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION contact_import_row_words_forget()"""
        )


def downgrade() -> None:
    for name in ('update', 'delete'):
        op.execute(f'DROP TRIGGER contact_import_row_words_{name} ON contact_import_rows')
    op.execute('DROP FUNCTION contact_import_row_words_forget()')
    op.execute('DROP TABLE contact_import_row_words')
