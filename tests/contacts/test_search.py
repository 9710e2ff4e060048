"""The search for contacts: what its index knows, when, and by which plans it is asked."""

import signal
import time
import unicodedata

import phonenumbers
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as property_settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.harness.examples import examples
from tests.harness.gates import Gate
from tests.harness.house import House
from tests.harness.imports import table
from tests.harness.processes import worker_process
from webapp import db
from webapp.contacts import search, search_index, search_words
from webapp.imports import leases
from webapp.jobs import search_indexing
from webapp.models import Contact
from webapp.retention import erasure

SIGNS = ".@-_+'"
ACCENTS = range(0x300, 0x370)
PAIRED = "王小明株式"
ALPHABET = "aAbBéÉßİ\u0131Σς.@-_+' /1" + PAIRED


# The model: what the documents say of a search, as plainly as can be.


def plain(letters: str) -> str:
    bare = [one for one in unicodedata.normalize("NFKD", letters) if ord(one) not in ACCENTS]
    small = (
        "".join(bare)
        .lower()
        .replace("ß", "ss")
        .replace("\u0131", "i")
        .replace("\u03c2", "\u03c3")
    )
    return unicodedata.normalize("NFC", small)


def begins(letters: str, place: int) -> bool:
    """Whether a word begins at that place of a text."""
    here, before = letters[place], letters[place - 1 : place]
    if not here.isalnum():
        return False
    return not before.isalnum() or before in PAIRED or here in PAIRED


def has(word: str, texts: list[str]) -> bool:
    """Whether a word of one of the texts begins with it."""
    pieces = [
        piece
        for one in texts
        for typed in plain(one).replace("/", " ").split()
        for piece in (typed, typed.strip(SIGNS).replace("'", ""))
    ]
    return any(
        piece.startswith(word, place) and begins(piece, place)
        for piece in pieces
        for place in range(len(piece))
    )


def wanted_words(sought: str) -> list[str]:
    """The words of a search: of Chinese each two signs, else what signs around it leave."""
    found = []
    for typed in plain(sought).replace("/", " ").split():
        rest = typed
        for sign in PAIRED:
            rest = rest.replace(sign, " ")
        found += [word for piece in rest.split() if (word := piece.strip(SIGNS))]
        run = ""
        for sign in typed + " ":
            if sign in PAIRED:
                run += sign
                continue
            found += [run[at : at + 2] for at in range(max(len(run) - 1, bool(run)))]
            run = ""
    return found


def matches(sought: str, texts: list[str]) -> bool:
    words = wanted_words(sought)
    return bool(words) and all(has(word, texts) for word in words)


def is_found(sought: str, texts: str = "", *phones: str) -> bool:
    """What the tsquery says, by its own rule: for each word one of the ways, with all
    beginnings.
    """
    known = search_words.words_of(texts, phones)
    wanted = search_words.sought(sought)
    return bool(wanted) and all(
        any(all(any(w.startswith(b) for w in known) for b in way) for way in one)
        for one in wanted
    )


texts = st.lists(st.text(ALPHABET, max_size=14), max_size=3)
# Digits with blanks between them may be a phone, for which there are examples below.
queries = st.text(ALPHABET.replace("1", ""), min_size=1, max_size=8)


@given(texts, queries)
@property_settings(max_examples=examples(400, 20_000), deadline=None)
def test_words_are_what_the_documents_say(written, sought):
    assert is_found(sought, "\n".join(written)) == matches(sought, written)


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("jo", True),
        ("smi", True),
        ("mith", False),
        ("JO SMITH", True),
        ("jo.smith@exa", True),
        ("smith@example.com", True),
        ("example", True),
        ("xample", False),
        ("com", True),
        ("jo jones", False),
        ("muller", True),
        ("MÜLLER-LÜ", True),
        ("ludenscheidt", True),
        ("obrien", True),
        ("o'br", True),
        ("o\u2019brien", True),
        ("brien", True),
        ("strasse", True),
        ("C-100", True),
        ("10023", True),
        ("0023", False),
        ("--", False),
    ],
)
def test_beginnings_of_words(sought, found):
    written = (
        "C-10023\nJo Smith\njo.smith@example.com\nMüller-Lüdenscheidt\nO'Brien & Straße (VIP)"
    )
    assert is_found(sought, written) is found


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("+49 30 1234567", True),
        ("+49 (0)30 1234567", True),
        ("+4930", True),
        ("0049 30 12", True),
        ("030 1234567", True),
        ("030/12345-67", True),
        ("(030) 123", True),
        ("4567", True),
        ("34567", True),
        ("45 67", True),
        ("567", False),
        ("1234", False),
        ("31 1234567", False),
    ],
)
def test_phones_are_found_as_they_are_typed(sought, found):
    assert is_found(sought, "", "+49301234567") is found


def test_what_is_dialled_at_home():
    """By the library's tables, which the web process does not load."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        data = PhoneMetadata.metadata_for_region(region)
        number = phonenumbers.example_number(region)
        if data is None or number is None:
            continue
        key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        at_home = data.national_prefix or ""
        national = phonenumbers.national_significant_number(number)
        assert is_found(f"{'' if at_home == '1' else at_home}{national}", "", key), region


@pytest.mark.parametrize(
    "sought", ["王", "小", "明", "王小", "小明", "王小明", "株式 明", "김민", "민수", "수"]
)
def test_signs_that_stand_side_by_side(sought):
    assert is_found(sought, "王小明\n株式会社ABC\n김민수")


def test_signs_that_stand_apart():
    assert not is_found("王明", "王小明")
    assert is_found("abc", "株式会社ABC")


# The index.


def found(session, sought: str) -> set[str]:
    """The first names of the contacts that a search finds, once the index is up to date."""
    session.commit()
    search.unknown(session)
    rows = search.first(session, select(Contact).order_by(Contact.id), sought, 1000)
    session.commit()
    return {row[0].first_name for row in rows}


@given(
    st.lists(
        st.tuples(texts, st.sampled_from(["", "+4930123456", "+36301234567"])), max_size=6
    ),
    st.lists(queries, min_size=1, max_size=5),
)
@property_settings(
    max_examples=examples(12, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # The book is emptied below.
)
def test_the_index_finds_what_the_words_say(database_url, people, sought):
    with Session(db._engine(database_url)) as session:
        session.execute(text("DELETE FROM contacts"))
        for number, (written, phone) in enumerate(people):
            company, tags = "\n".join(written[:1]), written[1:]
            session.add(
                Contact(
                    first_name=f"n{number}",
                    company=company,
                    tags=tags,
                    phone_key=phone or None,
                )
            )
        session.flush()
        session.commit()
        for query in sought:
            expected = {
                f"n{number}"
                for number, (written, phone) in enumerate(people)
                if not query.strip()
                or is_found(query, "\n".join([f"n{number}", *written]), *filter(None, [phone]))
            }
            assert found(session, query) == expected


def test_each_act_reaches_the_index(session, importer, someone):
    run = importer.run(table("1,ann@example.com,Ann", "2,bea@example.com,Bea"))
    assert found(session, "example.com") == {"Ann", "Bea"}

    (bea,) = session.scalars(select(Contact).where(Contact.first_name == "Bea"))
    session.execute(text("UPDATE contacts SET company = 'Zyx' WHERE id = :id"), {"id": bea.id})
    assert found(session, "zyx") == {"Bea"}

    session.execute(text("UPDATE contacts SET company = NULL WHERE id = :id"), {"id": bea.id})
    assert found(session, "zyx") == set()

    session.execute(text("DELETE FROM contacts WHERE id = :id"), {"id": bea.id})
    assert found(session, "bea") == set()

    importer.undo(run.id)
    assert found(session, "example") == set()
    assert words(session) == 0


def words(session) -> int:
    return session.scalar(text("SELECT count(*) FROM contact_words"))


def test_an_erased_person_is_out_at_once(session, importer):
    importer.run(table("1,ann@example.com,Ann"))
    assert found(session, "ann") == {"Ann"}
    (ann,) = session.scalars(select(Contact.id))
    erasure.erase(session, ann)
    assert words(session) == 0, "in the erasure's own transaction"
    session.commit()
    assert words(session) == 0


def test_words_that_were_read_before_an_erasure_are_not_written(conn, database_url):
    """The process that reads them is stopped in between, so to say."""
    add(conn, 3)
    notes = conn.execute(search_index.SQL.pending, {"notes": 9, "contacts": 9}).fetchall()
    ids = notes[0]["contact_ids"]
    read = conn.execute(search_index.SQL.texts, {"ids": ids}).fetchall()
    conn.commit()
    with psycopg.connect(database_url) as other:
        other.execute("DELETE FROM contacts WHERE id = %s", (ids[0],))
        other.execute("UPDATE contacts SET company = 'Later' WHERE id = %s", (ids[1],))
    search_index._write(conn, [notes[0]["id"]], read)
    known = conn.execute("SELECT contact_id FROM contact_words").fetchall()
    assert [row["contact_id"] for row in known] == [ids[2]]
    pending = conn.execute("SELECT contact_ids FROM contact_words_pending").fetchall()
    assert {i for row in pending for i in row["contact_ids"]} == {ids[1]}
    conn.commit()


def test_an_erasure_waits_for_words_that_are_being_written(conn, database_url):
    add(conn, 1)
    with psycopg.connect(database_url) as writer:
        writer.execute(search_index.SQL.lock_index)
        writer.execute("INSERT INTO contact_words SELECT id, 'ann'::tsvector FROM contacts")
        conn.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            conn.execute("DELETE FROM contacts")
        conn.rollback()
        writer.commit()
    conn.execute("DELETE FROM contacts")
    assert conn.execute("SELECT FROM contact_words").fetchone() is None
    conn.commit()


def add(conn, count: int) -> None:
    conn.execute(
        "INSERT INTO contacts (first_name) SELECT 'Ann' || n FROM generate_series(1, %s) n",
        (count,),
    )
    conn.commit()


def test_short_words_are_looked_for_in_what_long_ones_find(conn, session):
    add(conn, 300)
    conn.execute("UPDATE contacts SET last_name = 'Berg' WHERE id IN (7, 70)")
    conn.execute("UPDATE contacts SET company = 'Kaya' WHERE id = 70")
    conn.commit()
    search_index.catch_up(conn)
    assert search_words.looked_up(search_words.sought("k berg a")) == [[("berg",)]]
    assert search_words.looked_up(search_words.sought("k b")) == [[("k",)], [("b",)]]
    wanted = select(Contact.id).where(search.condition("k berg"))
    assert session.scalars(wanted).all() == [70]
    assert search.count(session, "k berg", 10) == 1
    assert search.count(session, "berg", 10) == 2


def test_many_contacts_of_one_statement_are_noted_in_pieces(conn):
    add(conn, 2_500)
    sizes = conn.execute("SELECT size FROM contact_words_pending ORDER BY size").fetchall()
    assert max(row["size"] for row in sizes) <= 1_000
    assert sum(row["size"] for row in sizes) == 2_500
    assert search_index.catch_up(conn) == 2_500


def test_what_few_changed_comes_before_a_large_remainder(conn):
    add(conn, 3_000)
    conn.execute("UPDATE contacts SET first_name = 'Zoe' WHERE id = 2999")
    conn.commit()
    search_index.write_some(conn, 10)
    known = conn.execute("SELECT contact_id FROM contact_words").fetchall()
    assert 2999 in {row["contact_id"] for row in known}
    conn.commit()


def test_a_large_remainder_is_told_and_a_small_one_taken_in(conn, session):
    add(conn, search_index.FEW + 1)
    assert search.unknown(session) == search_index.FEW + 1
    assert words(session) == 0
    conn.execute("DELETE FROM contacts")
    conn.execute("DELETE FROM contact_words_pending")
    add(conn, search_index.FEW)
    assert search.unknown(session) == 0
    assert words(session) == search_index.FEW


def test_an_emptied_book_has_no_words(conn):
    add(conn, 5)
    search_index.catch_up(conn)
    add(conn, 5)
    conn.execute("TRUNCATE contacts")
    for name in ("contact_words", "contact_words_pending"):
        assert conn.execute(f"SELECT FROM {name}").fetchone() is None
    conn.commit()


def test_a_worker_keeps_the_index_and_goes_on_after_a_kill(settings, conn):
    """Killed again and again while it writes, it loses no contact and doubles none."""
    add(conn, 40_000)
    for _ in range(3):
        worker = worker_process()
        before = known(conn)
        until = time.monotonic() + 60
        while known(conn) == before and time.monotonic() < until:
            time.sleep(0.01)
        worker.signal_family(signal.SIGKILL)
        worker.end()
    assert 0 < known(conn) <= 40_000
    worker = worker_process()
    until = time.monotonic() + 90
    while known(conn) < 40_000 and time.monotonic() < until:
        time.sleep(0.1)
    worker.end()
    assert known(conn) == 40_000
    assert conn.execute("SELECT FROM contact_words_pending").fetchone() is None
    conn.commit()


def known(conn) -> int:
    found = conn.execute("SELECT count(*) AS contacts FROM contact_words").fetchone()
    conn.commit()
    return found["contacts"]


def plan(session, statement) -> str:
    session.execute(text("SET LOCAL jit = off"))
    compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    lines = session.execute(text("EXPLAIN (COSTS OFF) " + str(compiled).replace(":", r"\:")))
    return "\n".join(lines.scalars())


def test_plans(conn, session):
    add(conn, 20_000)
    search_index.catch_up(conn)
    search_index.flush(conn)
    conn.autocommit = True
    conn.execute("VACUUM ANALYZE contacts, contact_words")

    by_index = plan(session, select(Contact.id).where(search.condition("ann1999")))
    for needed in ("Bitmap Index Scan on contact_words_words", "contacts_pkey"):
        assert needed in by_index
    assert "Seq Scan" not in by_index

    walk = select(Contact.id).where(search.condition("ann", walking=True))
    walked = plan(session, walk.order_by(Contact.id).limit(51))
    for needed in ("Index Scan using contact_words_pkey", "contacts_pkey"):
        assert needed in walked
    assert "Sort" not in walked
    assert "Seq Scan" not in walked


def test_frequent_words_are_walked_to(conn, session):
    add(conn, 30_000)
    conn.execute("UPDATE contacts SET last_name = 'Rare' WHERE id IN (15000, 29999)")
    conn.commit()
    search_index.catch_up(conn)
    assert search.is_frequent(session, "ann")
    assert not search.is_frequent(session, "rare")
    ordered = select(Contact).order_by(Contact.id.desc())
    first = search.first(session, ordered, "ann", 3)
    assert [row[0].id for row in first] == [30000, 29999, 29998]
    rare = search.first(session, ordered, "rare", 3)
    assert [row[0].id for row in rare] == [29999, 15000]
    # All of them stand behind those that are looked at one by one.
    conn.execute("UPDATE contacts SET last_name = 'Late' WHERE id > 29000")
    conn.commit()
    search_index.catch_up(conn)
    assert search.is_frequent(session, "late")
    late = search.first(session, select(Contact).order_by(Contact.id), "late", 2)
    assert [row[0].id for row in late] == [29001, 29002]
    assert search.count(session, "late", 5000) == 1000
    assert search.count(session, "ann", 500) == 500


# What an import pays for it.


def pending(conn) -> int:
    row = conn.execute("SELECT sum(size) AS size FROM contact_words_pending").fetchone()
    conn.commit()
    return row["size"] or 0


def test_a_change_is_noted_where_the_search_reads_the_column(conn):
    """Of all columns: those that change what is read for the index, and only those."""
    conn.execute(
        "INSERT INTO contacts (first_name, further_emails, further_phones) VALUES"
        """ ('Ann', '[{"value": "a@example.com"}]', '[{"value": "1234"}]')"""
    )
    values = {"text": "'Zyx'", "text[]": "'{Zyx}'", "jsonb": """'[{"value": "Zyx"}]'"""}
    types = {
        row["name"]: row["type"]
        for row in conn.execute(
            "SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute"
            " WHERE attrelid = 'contacts'::regclass AND attnum > 0 AND NOT attisdropped"
        ).fetchall()
    }
    ids = [row["id"] for row in conn.execute("SELECT id FROM contacts").fetchall()]
    conn.commit()
    noted = set()
    for name, type_ in types.items():
        if name == "id":
            continue
        conn.execute("DELETE FROM contact_words_pending")
        before = conn.execute(search_index.SQL.texts, {"ids": ids}).fetchone()
        value = values.get(type_, "now()" if type_.startswith("timestamp") else None)
        value = value or ("gen_random_uuid()" if type_ == "uuid" else "'2001-02-03'")
        value = "7" if type_ in ("bigint", "integer", "smallint") else value
        conn.execute(f"UPDATE contacts SET {name} = {value}")
        after = conn.execute(search_index.SQL.texts, {"ids": ids}).fetchone()
        changed = any(before[part] != after[part] for part in ("texts", "phones"))
        note = conn.execute("SELECT FROM contact_words_pending").fetchone()
        assert (note is not None) == changed, name
        noted |= {name} if changed else set()
        conn.rollback()
    assert {"email", "phone", "phone_key", "tags", "further_emails", "further_phones"} < noted
    assert len(noted) < len(types) / 2


def test_of_a_statement_only_the_contacts_that_changed_are_noted(conn):
    """Also in a session whose first statement was of one contact."""
    add(conn, 3_000)
    conn.execute("DELETE FROM contact_words_pending")
    conn.execute("UPDATE contacts SET company = 'Zyx' WHERE id = 1")
    conn.execute("UPDATE contacts SET company = 'Zyx' WHERE id <= 1200")
    assert pending(conn) == 1_200


def test_words_of_an_unsearched_version_are_written(conn):
    """A change that notes nothing makes no words that were read before it go missing."""
    add(conn, 1)
    notes = conn.execute(search_index.SQL.pending, {"notes": 9, "contacts": 9}).fetchall()
    read = conn.execute(search_index.SQL.texts, {"ids": notes[0]["contact_ids"]}).fetchall()
    conn.execute("UPDATE contacts SET city = 'Bonn'")
    conn.commit()
    search_index._write(conn, [notes[0]["id"]], read)
    assert pending(conn) == 1
    search_index.catch_up(conn)
    assert known(conn) == 1


@pytest.mark.parametrize("state", ["running", "rolling_back"])
def test_the_index_waits_while_an_import_writes(conn, session, settings, importer, state):
    run = importer.run(table("1,ann@example.com,Ann"))
    search_index.catch_up(conn)
    with db.connect_job(settings.database_url) as worker:
        lease = leases.claim(worker, run.id, settings.lease_seconds)
        worker.execute("UPDATE contact_imports SET state = %s WHERE id = %s", (state, run.id))
        worker.commit()
        before = known(conn)
        add(conn, 1_500)
        add(conn, 3)
        for _ in range(3):
            search_indexing.keep_up_once(conn, settings.lease_seconds)
        assert known(conn) == before + 3, "what a person may have changed"
        assert search.unknown(session) == 1_500
        assert known(conn) == before + 3
        leases.release(worker, lease)

    search_indexing.keep_up_once(conn, settings.lease_seconds)
    assert known(conn) == before + 1_503
    assert pending(conn) == 0


def test_the_index_does_not_wait_for_a_worker_that_is_gone(conn, settings, importer):
    run = importer.run(table("1,ann@example.com,Ann"))
    with db.connect_job(settings.database_url) as worker:
        leases.claim(worker, run.id, settings.lease_seconds)
        worker.execute("UPDATE contact_imports SET state = 'running' WHERE id = %s", (run.id,))
        worker.execute(
            "UPDATE contact_import_leases SET heartbeat_at = now() - make_interval(secs => %s)",
            (settings.lease_seconds + 1,),
        )
        worker.commit()
    add(conn, 1_500)
    search_indexing.keep_up_once(conn, settings.lease_seconds)
    assert pending(conn) == 0


def test_the_index_waits_for_an_import_in_other_processes(settings, conn, importer, someone):
    """While a worker's import is held in a batch, its index thread writes no words of it."""
    house = House(settings, someone, None)
    gate = Gate(house, when="NEW.external_id = '1800'")
    rows = [f"{n},p{n}@example.com,Ann" for n in range(1, 2_001)]
    import_id = importer.check(table(*rows)).id
    house.execute(import_id, batch_size=600)
    worker = worker_process()
    try:
        gate.held(import_id)
        time.sleep(3 * search_indexing.EVERY_SECONDS)
        assert (pending(conn), known(conn)) == (1_200, 0)
        gate.open()
        house.wait(import_id, "completed")
        until = time.monotonic() + 30
        while known(conn) < 2_000 and time.monotonic() < until:
            time.sleep(0.05)
        assert (pending(conn), known(conn)) == (0, 2_000)
    finally:
        gate.open()
        worker.end()


def test_the_versions_of_changed_contacts_are_joined_by_a_hash_in_a_job(conn):
    """As the trigger plans it, in a session that rules hashes out for its own statements."""
    add(conn, 100)
    conn.execute("CREATE TEMPORARY TABLE plan (line text)")
    found = conn.execute(
        "SELECT pg_get_functiondef('contact_words_note_changed'::regproc) AS definition"
    ).fetchone()
    explaining = (
        found["definition"]
        .replace("contact_words_note_changed", "explain_note")
        .replace("BEGIN", "DECLARE line text;\nBEGIN\n  FOR line IN EXPLAIN (COSTS OFF)")
        .replace(
            "GROUP BY part;", "GROUP BY part LOOP INSERT INTO plan VALUES (line); END LOOP;"
        )
    )
    conn.execute(explaining)
    conn.execute("""CREATE TRIGGER explain AFTER UPDATE ON contacts
      REFERENCING OLD TABLE AS before NEW TABLE AS after
      FOR EACH STATEMENT EXECUTE FUNCTION explain_note()""")
    conn.execute("UPDATE contacts SET first_name = 'Bea'")
    lines = "\n".join(row["line"] for row in conn.execute("SELECT line FROM plan").fetchall())
    conn.rollback()
    assert "Hash Cond: (a.id = b.id)" in lines, lines
    assert "Nested Loop" not in lines, lines
