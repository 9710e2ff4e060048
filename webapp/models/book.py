"""What people keep beside the contacts: their views of the list."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class ContactView(Base):
    """Filters, order and columns of the list under a name, of one person or shared with all."""

    __tablename__ = "contact_views"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    parameters: Mapped[dict[str, Any]]  # of the list's address
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("contact_views_name", "user_id", "name", unique=True),
        Index("contact_views_shared", "id", postgresql_where=text("shared")),
    )
