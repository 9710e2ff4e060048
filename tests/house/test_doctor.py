"""The doctor looks at every part and says how to mend what is missing."""

import pytest
from sqlalchemy import text

from webapp.web.extensions import db


@pytest.fixture
def doctor(app):
    return lambda: app.test_cli_runner().invoke(args=["doctor"])


def test_a_house_in_order_but_for_its_worker(doctor):
    found = doctor()
    assert "ok   database" in found.output
    assert "ok   queue" in found.output
    assert "MEND worker: start one with python worker.py" in found.output
    assert "MEND mail: set SMTP_URL" in found.output
    assert found.exit_code == 1


def test_a_user_who_may_make_nothing_temporary(app, doctor):
    with app.app_context():
        try:
            revoked = f"REVOKE TEMP ON DATABASE {db.engine.url.database} FROM PUBLIC, CURRENT_USER"
            db.session.execute(text(revoked))
            assert "MEND database: GRANT TEMP ON DATABASE" in doctor().output
        finally:
            db.session.rollback()
