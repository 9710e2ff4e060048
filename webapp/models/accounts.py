"""The installation, its workers, and the people who sign in."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, validates

from webapp.folding import folded
from webapp.models.base import Base


class Installation(Base):
    """What holds for every process of this installation, before its own environment. One row."""

    __tablename__ = "installation"

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    retention_days: Mapped[int] = mapped_column(server_default=text("30"))
    # The rules by which the book's keys were made, and the contact up to which they are renewed.
    key_rules: Mapped[int] = mapped_column(server_default=text("1"))
    keys_reached: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("id", name="installation_one"),
        CheckConstraint("retention_days >= 1", name="retention_days_positive"),
    )


class WorkerReport(Base):
    """What a worker last said of itself, every few seconds: one that does not reach the
    database is silent.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)  # host:process
    seen_at: Mapped[datetime]  # by the database's clock
    tables: Mapped[str]  # the version of the tables that its program works with
    clock_ahead: Mapped[float]  # seconds by which its own clock is ahead of the database's
    retention_days: Mapped[
        int | None
    ]  # what its environment names; what holds is in `installation`


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(Text(collation="C"))  # the whole address, folded
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]
    role: Mapped[str]  # admin | importer | viewer
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    language: Mapped[str] = mapped_column(server_default="")  # "" as the browser says
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("role IN ('admin', 'importer', 'viewer')", name="role_known"),
        Index("users_email_key", "email_key", unique=True),
    )

    @validates("email")
    def _fold(self, _name: str, email: str) -> str:
        self.email_key = folded(email)
        return email


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(server_default="")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Session(Base):
    """A signed-in browser. Deleting the row signs it out at once, even with its cookie."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
