"""Migrations that change what is there already, with something there."""

import json

import psycopg
from alembic import command
from sqlalchemy import select, text

from webapp import migrate
from webapp.checking import mapping
from webapp.contacts import journal
from webapp.imports import mappings
from webapp.models import Contact, ImportDifference, ImportPreview
from webapp.vocabulary import messages
from webapp.vocabulary.fields import FIELDS, label_of

BEFORE_REFUSED = "0019"


def test_accounts_from_before_are_found_by_their_folded_key(database_url):
    command.downgrade(migrate.config(database_url), "0006")
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """INSERT INTO users (email, password_hash, role, active) VALUES
                 ('Ann@Example.com', 'x', 'admin', true), ('bo.MÜLLER@example.com', 'x', 'viewer', false)"""
        )
    migrate.migrate(database_url)
    with psycopg.connect(database_url) as conn:
        found = conn.execute("SELECT email_key, active FROM users ORDER BY id").fetchall()
    assert found == [("ann@example.com", True), ("bo.müller@example.com", False)]


FIRST_FIELDS = "0014"  # the last version with no more than the first fifteen fields


def test_fields_that_come_in_move_nothing_in_the_book_and_in_kept_mappings(
    database_url, session, someone
):
    """A custom field of the same label stays one where it is, and where a person chose it;
    suggestions name the new.
    """
    command.downgrade(migrate.config(database_url), FIRST_FIELDS)
    first = {row[0] for row in session.execute(text(CONTACT_COLUMNS))}
    session.commit()
    fresh = [field for field in FIELDS if field.name not in first]
    columns = ["E-mail", *(field.label for field in fresh)]
    kept = ["email", *(f"custom:{field.label}" for field in fresh)]
    custom = {field.label: f"of {field.label}" for field in fresh}
    whom = session.execute(
        text(
            "INSERT INTO contacts (email, custom) VALUES ('ann@example.com', CAST(:custom AS jsonb)) RETURNING id"
        ),
        {"custom": json.dumps(custom)},
    ).scalar_one()
    _kept_mapping(session, someone, columns, kept)
    session.commit()

    migrate.migrate(database_url)
    ann = session.get_one(Contact, whom)
    assert ann.custom == custom
    assert [getattr(ann, field.name) for field in fresh] == [None] * len(fresh)
    assert [label_of(name) for name, value in journal.form_values(ann).items() if value] == [
        "E-mail",
        *sorted(custom),
    ]
    remembered = mappings.remembered(session, someone, columns)
    assert remembered
    assert remembered.targets == kept
    assert mapping.suggest(columns, [["ann@example.com", *custom.values()]])[1:] == [
        field.name for field in fresh
    ]


CONTACT_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'contacts'"
)


BEFORE_RULES = "0021"


def test_a_kept_mapping_that_is_the_suggestion_is_forgotten(database_url, session, someone):
    command.downgrade(migrate.config(database_url), BEFORE_RULES)
    accepted, chosen = (["email"], ["email"]), (["email"], ["external_id"])
    chosen_before = (["external_id"], ["external_id"])  # what was chosen, suggested once more
    kept = {"E-mail": [accepted], "Mail": [chosen], "Address": [chosen, chosen_before]}
    for label, made in kept.items():
        _kept_mapping(session, someone, [label], made[-1][1])
        for suggested, targets in made:
            _import_with_columns(session, someone, [label], suggested, targets)
    session.commit()

    migrate.migrate(database_url)
    found = [mappings.remembered(session, someone, [label]) for label in kept]
    targets = [each and each.targets for each in found]
    assert targets == [None, ["external_id"], ["external_id"]]


def _kept_mapping(session, user_id, columns, targets) -> None:
    session.execute(
        text(
            """INSERT INTO mapping_templates (user_id, header_hash, columns, mapping)
               VALUES (:user, :hash, CAST(:columns AS jsonb), CAST(:mapping AS jsonb))"""
        ),
        {
            "user": user_id,
            "hash": mappings.header_hash(columns),
            "columns": json.dumps(columns),
            "mapping": json.dumps(targets),
        },
    )


def _import_with_columns(session, user_id, columns, suggested, targets) -> None:
    values = {"columns": columns, "suggested": suggested, "mapping": targets}
    session.execute(
        text(
            """INSERT INTO contact_imports (created_by, filename, size_bytes, sha256, format, header_row,
                 sample, columns, suggested_mapping, mapping)
               VALUES (:user, 'a.csv', 1, '', 'csv', 1, '[]', CAST(:columns AS jsonb),
                 CAST(:suggested AS jsonb), CAST(:mapping AS jsonb))"""
        ),
        {"user": user_id, **{name: json.dumps(value) for name, value in values.items()}},
    )


BEFORE_CODES = "0018"  # the last version that kept refusals as sentences
AS_STORED = {
    "The file has more than 2,000,000 rows. Split it into files of at most 2,000,000 rows.":
        ("too_many_rows", {"limit": "2,000,000"}),
    "The workbook cannot be read. Open it in Excel, save it again and upload that.": ("workbook_broken", {}),
    "There is no sheet named A. B. Choose one of the sheets of the workbook.": ("unknown_sheet", {"sheet": "A. B"}),
    "check_broken_off": ("check_broken_off", None),
    "stopped_at_first_error": ("stopped_at_first_error", None),
    "A sentence of another version": ("A sentence of another version", None),
}  # fmt: skip


def test_sentences_that_stood_for_refusals_become_codes_and_facts(database_url):
    command.downgrade(migrate.config(database_url), BEFORE_CODES)
    with psycopg.connect(database_url) as conn:
        user = conn.execute(
            "INSERT INTO users (email, email_key, role, password_hash) VALUES ('a@b', 'a@b', 'admin', '') RETURNING id"
        ).fetchone()[0]
        for sentence in AS_STORED:
            conn.execute(
                """INSERT INTO contact_imports (created_by, filename, size_bytes, sha256, format, header_row,
                     columns, sample, suggested_mapping, state, failure_reason)
                   VALUES (%s, 'a.csv', 1, '', 'csv', 1, '{}', '[]', '[]', 'failed', %s)""",
                (user, sentence),
            )
        conn.execute(
            """INSERT INTO contact_import_documents (import_id, kind, state, message)
               SELECT id, 'pdf', 'failed', 'The report took too long or too much memory to put on paper. The CSV'
               FROM contact_imports LIMIT 1"""
        )
    migrate.migrate(database_url)
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            "SELECT failure_reason, failure_facts FROM contact_imports"
        ).fetchall()
        assert sorted(found, key=str) == sorted(AS_STORED.values(), key=str)
        assert conn.execute("SELECT code FROM contact_import_documents").fetchall() == [
            ("pdf_too_much",)
        ]
    too_long = AS_STORED[
        "The file has more than 2,000,000 rows. Split it into files of at most 2,000,000 rows."
    ]
    assert messages.whole(too_long[0], **too_long[1]) in AS_STORED


def test_imports_whose_file_was_refused_get_a_state_of_their_own(database_url):
    """A refused check was `failed` without a total; what failed at its first bad row stays
    `failed`.
    """
    command.downgrade(migrate.config(database_url), BEFORE_REFUSED)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """INSERT INTO users (email, email_key, password_hash, role)
               VALUES ('a@example.com', 'a@example.com', 'x', 'admin')"""
        )
        for state, total in (
            ("failed", None),
            ("failed", 3),
            ("uploaded", None),
            ("completed", 5),
        ):
            conn.execute(
                """INSERT INTO contact_imports (created_by, state, total, filename, size_bytes, sha256, format,
                     header_row, columns, sample, suggested_mapping)
                   SELECT id, %s, %s, 'a.csv', 1, '', 'csv', 1, '[]', '[]', '[]' FROM users""",
                (state, total),
            )
    migrate.migrate(database_url)
    kept = [("completed", 5), ("failed", 3)]
    states = "SELECT state, total FROM contact_imports ORDER BY state, total"
    with psycopg.connect(database_url) as conn:
        assert conn.execute(states).fetchall() == [
            *kept,
            ("refused", None),
            ("uploaded", None),
        ]
    command.downgrade(migrate.config(database_url), BEFORE_REFUSED)
    with psycopg.connect(database_url) as conn:
        assert conn.execute(states).fetchall() == [*kept, ("failed", None), ("uploaded", None)]
    migrate.migrate(database_url)


BEFORE_PLANS = "0030"  # the last version whose previews promised outcomes alone


def test_previews_from_before_are_made_anew_and_differences_stay(
    database_url, session, someone
):
    """What waits gets previews with plans; of a difference nothing but the outcome is known."""
    command.downgrade(migrate.config(database_url), BEFORE_PLANS)
    _import_with_columns(session, someone, ["E-mail"], ["email"], ["email"])
    for statement in (
        """INSERT INTO contact_import_previews
             (import_id, strategy, outcomes, examples, cleared, promised)
           SELECT id, 'skip', '{}', '[]', 0, ' ab' FROM contact_imports""",
        """INSERT INTO contact_import_results (import_id, row, outcome, contact_id, code, detail)
           SELECT id, 2, 'unchanged'::outcome, 7, 'joins_row', '{"row": 1}'::jsonb FROM contact_imports""",
        """INSERT INTO contact_import_differences (import_id, row, promised)
           SELECT id, 2, 'created'::outcome FROM contact_imports""",
    ):
        session.execute(text(statement))
    session.commit()

    migrate.migrate(database_url)
    assert session.scalars(select(ImportPreview)).all() == []
    (difference,) = session.scalars(select(ImportDifference))
    assert difference.planned == "2,created,7,joins_row,1,"
    assert difference.came_to == "2,unchanged,7,joins_row,1,"
    session.rollback()

    command.downgrade(migrate.config(database_url), BEFORE_PLANS)
    promised = session.scalar(text("SELECT promised::text FROM contact_import_differences"))
    session.rollback()
    assert promised == "created"
    migrate.migrate(database_url)


BEFORE_RERUNS = "0031"  # the last version whose second runs took failed rows alone


def test_second_runs_that_wait_at_the_upgrade_go_on(database_url):
    """They take the rows that failed, and began in completed imports."""
    command.downgrade(migrate.config(database_url), BEFORE_RERUNS)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """INSERT INTO users (email, email_key, password_hash, role)
               VALUES ('a@example.com', 'a@example.com', 'x', 'admin')"""
        )
        for state, retrying in (("queued", True), ("running", True), ("queued", False)):
            conn.execute(
                """INSERT INTO contact_imports (created_by, state, retrying, filename, size_bytes,
                     sha256, format, header_row, columns, sample, suggested_mapping)
                   SELECT id, %s, %s, 'a.csv', 1, '', 'csv', 1, '[]', '[]', '[]' FROM users""",
                (state, retrying),
            )
    migrate.migrate(database_url)
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            "SELECT state, rerun, rerun_from FROM contact_imports ORDER BY rerun, state"
        ).fetchall()
    assert found == [
        ("queued", "", None),
        ("queued", "failed", "completed"),
        ("running", "failed", "completed"),
    ]
