"""Imports driven through the real engine, in this process."""

import io
from uuid import UUID

import pytest

from webapp import jobs
from webapp.imports import import_commands, uploads
from webapp.models import ContactImport, User
from webapp.vocabulary.strategies import Strategy


@pytest.fixture
def someone(session):
    user = User(email="someone@example.com", password_hash="x", role="importer")
    session.add(user)
    session.commit()
    return user.id


class Importer:
    """Takes CSV text all the way."""

    def __init__(self, session, settings, user_id: int) -> None:
        self.session, self.settings, self.user_id = session, settings, user_id

    def upload(self, text: str, filename: str = "people.csv") -> ContactImport:
        found = uploads.create(
            self.session, self.user_id, filename, io.BytesIO(text.encode()), self.settings
        )
        self.session.commit()
        return found

    def check(self, text: str, **choices) -> ContactImport:
        found = self.upload(text)
        targets = choices.pop("mapping", found.suggested_mapping)
        import_commands.map_columns(self.session, found.id, targets, **choices)
        self.session.commit()
        return self.work(found.id)

    def run(
        self,
        text: str,
        strategy: str = "skip",
        *,
        batch_size: int | str = 100,
        skip_errors: bool = True,
        **choices,
    ):
        found = self.check(text, **choices)
        return self.execute(found.id, strategy, batch_size=batch_size, skip_errors=skip_errors)

    def execute(self, import_id: UUID, strategy: str = "skip", **options) -> ContactImport:
        import_commands.execute(
            self.session, import_id, strategy=Strategy(strategy), **options
        )
        self.session.commit()
        return self.work(import_id)

    def undo(self, import_id: UUID) -> ContactImport:
        import_commands.roll_back(self.session, import_id)
        self.session.commit()
        return self.work(import_id)

    def work(self, import_id: UUID) -> ContactImport:
        jobs.work(str(import_id))
        self.session.expire_all()
        return self.session.get_one(ContactImport, import_id)


@pytest.fixture
def importer(session, settings, someone):
    return Importer(session, settings, someone)


def table(*rows: str) -> str:
    """CSV text with the columns that most tests need."""
    return "\n".join(["ID,Email,First name,Last name,Company,Tags,Shoe size", *rows]) + "\n"
