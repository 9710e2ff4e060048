"""refusals are stored as codes and facts, no longer as English sentences"""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

# What the check refused files with: code, the sentence as it was stored, and the facts in it, in their order.
SENTENCES = (
    ('empty_file', 'The file is empty\\. .*', ()),
    ('too_many_rows', 'The file has more than ([0-9,]+) rows\\. .*', ('limit',)),
    ('workbook_too_large', 'The workbook unpacks to more than can be read safely\\. .*', ()),
    ('no_rows_at_the_top', 'There is no text in the first ([0-9,]+) rows of the workbook\\. .*', ('looked_at',)),
    ('workbook_unsafe', 'The workbook holds declarations that no spreadsheet writes\\. .*', ()),
    ('workbook_broken', 'The workbook cannot be read\\. .*', ()),
    ('unknown_sheet', 'There is no sheet named (.*)\\. Choose one of .*', ('sheet',)),
    ('unknown_encoding', '(.*) is not an encoding\\. .*', ('encoding',)),
    ('is_protected', 'The workbook is protected by a password\\. .*', ()),
    ('is_opendocument', 'This is an OpenDocument file\\. .*', ()),
    ('is_document', 'This is a text document\\. .*', ()),
    ('is_archive', 'This is an archive\\. .*', ()),
    ('wrong_name', 'Files named (.*) are not read\\. .*', ('extension',)),
    ('not_text', 'This is not a table\\. .*', ()),
)
PDF_CODE = """CASE WHEN code LIKE 'The libraries for PDF are missing%' THEN 'pdf_without_pango'
    WHEN code IS NOT NULL THEN 'pdf_too_much' END"""


def upgrade() -> None:
    op.execute('ALTER TABLE contact_imports ADD COLUMN failure_facts jsonb')
    for code, sentence, names in SENTENCES:
        facts = ', '.join(f"'{name}', parts[{place}]" for place, name in enumerate(names, start=1))
        op.execute(f"""
            UPDATE contact_imports i SET failure_reason = '{code}', failure_facts = jsonb_build_object({facts})
            FROM (SELECT id, regexp_match(failure_reason, '^{sentence}$') AS parts FROM contact_imports
                  WHERE failure_reason LIKE '% %') old
            WHERE i.id = old.id AND old.parts IS NOT NULL""")
    op.execute('ALTER TABLE contact_import_documents RENAME COLUMN message TO code')
    op.execute(f"UPDATE contact_import_documents SET code = {PDF_CODE} WHERE state = 'failed'")


def downgrade() -> None:
    op.execute('ALTER TABLE contact_import_documents RENAME COLUMN code TO message')
    op.execute('ALTER TABLE contact_imports DROP COLUMN failure_facts')
