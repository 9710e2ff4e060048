"""Views of the list of contacts that people keep under a name: filters, order, columns, density."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.models import ContactView
from webapp.vocabulary.refusals import Refusal

MOST = 50  # views of one person


def listed(session: Session, user_id: int) -> Sequence[ContactView]:
    """A person's own views and those that others share, by their names."""
    wanted = select(ContactView).where(or_(ContactView.user_id == user_id, ContactView.shared))
    return session.scalars(wanted.order_by(func.lower(ContactView.name), ContactView.id)).all()


def save(
    session: Session, user_id: int, name: str, parameters: Mapping[str, Any], *, shared: bool
) -> int:
    """Keep a view; one of the same name by the same person is replaced. Its number.

    The caller commits. Raises Refusal("too_many_views").
    """
    own = ContactView.user_id == user_id
    others = select(func.count()).where(own, ContactView.name != name)
    if (session.scalar(others) or 0) >= MOST:
        raise Refusal("too_many_views", limit=f"{MOST}")

    kept = {"shared": shared, "parameters": dict(parameters)}
    statement = (
        insert(ContactView)
        .values(user_id=user_id, name=name, **kept)
        .on_conflict_do_update(index_elements=["user_id", "name"], set_=kept)
        .returning(ContactView.id)
    )
    return int(session.execute(statement).scalar_one())


def forget(session: Session, user_id: int, view_id: int, *, of_all: bool) -> str:
    """Delete a view, and return its name. The caller commits.

    Raises Refusal("view_unknown") where there is none of this number, or it is another person's and
    `of_all` is false.
    """
    view = session.get(ContactView, view_id)
    if view is None or not (of_all or view.user_id == user_id):
        raise Refusal("view_unknown")

    session.delete(view)
    return view.name
