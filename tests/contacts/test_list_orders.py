"""The list by the keys that the search index keeps: the same list, read from an index."""

import pytest
from sqlalchemy import select, text

from webapp.contacts import filters, search, search_index, sort_keys
from webapp.contacts.filters import ContactFilter, Order
from webapp.models import Contact, ContactWords

NAMES = [
    "Zoë",
    "zoe",
    "Ärmel",
    "armut",
    None,
    "Öztürk",
    "",
    "İnci",
    "ǅ",
    "王小明",
    "'Abd",
    "Bea",
]


@pytest.fixture
def book(conn):
    """Contacts with each name, of each company, some without either, all known to the index."""
    for number in range(60):
        values = (
            NAMES[number % len(NAMES)] or None,
            NAMES[number // 7 % len(NAMES)],
            ["vip"] if number % 3 else [],
            f"p{number}@example.com" if number % 5 else None,
        )
        conn.execute(
            "INSERT INTO contacts (first_name, company, tags, email) VALUES (%s, %s, %s, %s)",
            values,
        )
    conn.commit()
    search_index.catch_up(conn)


def pages(session, wanted, order, *, descending) -> tuple[list[int], list[int]]:
    """The numbers of the contacts, page by page on to the last one, and back from there."""
    how = {"descending": descending, "limit": 7}
    page = filters.page(session, wanted, order, **how)
    onwards = [contact.id for contact in page.contacts]
    while page.after:
        page = filters.page(session, wanted, order, after=page.after, **how)
        onwards += [contact.id for contact in page.contacts]

    back: list[int] = []
    while page.before:
        page = filters.page(session, wanted, order, before=page.before, **how)
        back = [contact.id for contact in page.contacts] + back
    return onwards, back


@pytest.mark.parametrize("order", [Order.NAME, Order.COMPANY])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "wanted",
    [
        ContactFilter(),
        ContactFilter(tag="vip"),
        ContactFilter(q="zoe"),
        ContactFilter(tag="no"),
    ],
)
def test_kept_keys_list_what_the_contacts_themselves_do(
    book, session, monkeypatch, order, descending, wanted
):
    kept = pages(session, wanted, order, descending=descending)
    monkeypatch.setattr(search, "unknown", lambda _session: 1)
    assert kept == pages(session, wanted, order, descending=descending)
    onwards, back = kept
    assert len(onwards) == filters.count(session, wanted).contacts
    assert back == onwards[: len(back)]


def test_each_kept_key_is_that_of_the_contact(book, session):
    for key, kept in (
        (sort_keys.name(), ContactWords.name),
        (sort_keys.company(), ContactWords.company),
    ):
        both = select(key, kept).join(ContactWords, ContactWords.contact_id == Contact.id)
        assert all(live == stored for live, stored in session.execute(both))


def test_a_change_is_listed_at_its_place_at_once(book, session, conn):
    first = filters.page(session, ContactFilter(), Order.NAME, limit=1).contacts[0]
    conn.execute("UPDATE contacts SET first_name = 'Zzz' WHERE id = %s", (first.id,))
    conn.execute("INSERT INTO contacts (first_name) VALUES ('!')")
    conn.commit()
    session.rollback()
    listed = [c.id for c in filters.page(session, ContactFilter(), Order.NAME).contacts]
    assert listed[0] != first.id
    newest = session.scalar(select(Contact.id).where(Contact.first_name == "!"))
    assert newest in listed


def test_contacts_are_compared_themselves_while_many_are_pending(book, session, conn):
    conn.execute(
        "INSERT INTO contacts (first_name) SELECT '!' FROM generate_series(1, %s)",
        (search_index.FEW + 1,),
    )
    conn.commit()
    listed = filters.page(session, ContactFilter(), Order.NAME, limit=1)
    assert listed.contacts[0].first_name == "!"


def test_plans(book, session, conn):
    conn.autocommit = True
    conn.execute("VACUUM ANALYZE contacts, contact_words")
    explained = []
    execute = session.execute

    def explaining(statement, *args, **kwargs):
        if "contact_words" in str(statement) and "pending" not in str(statement):
            compiled = statement.compile(
                session.get_bind(), compile_kwargs={"literal_binds": True}
            )
            lines = execute(text(f"EXPLAIN (COSTS OFF) {compiled}".replace(":", r"\:")))
            explained.append("\n".join(lines.scalars()))
        return execute(statement, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "execute", explaining)
        session.connection().exec_driver_sql("SET enable_seqscan = off")
        for wanted in (ContactFilter(), ContactFilter(tag="vip")):
            filters.page(session, wanted, Order.NAME, limit=5)

    assert len(explained) == 2
    for plan in explained:
        assert "contact_words_name" in plan
        assert "contacts_pkey" in plan
        assert "Sort" not in plan, plan
