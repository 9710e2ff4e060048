"""The search at so many contacts: how soon the first page is there, how soon the index knows all
of them, and what its notes and its thread cost an import.

python bench/searching.py [--contacts 1000000 | 0 for imports alone] [--rows 50000] [--rounds 5]

Names and companies are made of syllables and drawn so that some are frequent and most are rare, as
in a real book.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from bench import book  # noqa: E402
from bench.files import contacts  # noqa: E402
from bench.house import House  # noqa: E402
from bench.rounds import BEFORE, Rounds  # noqa: E402
from webapp import db  # noqa: E402
from webapp.contacts import filters, search_index  # noqa: E402
from webapp.contacts.filters import ContactFilter, Order  # noqa: E402

SYLLABLES = [
    a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "ö")
]
FIRST, LAST, COMPANIES = 3_000, 40_000, 25_000
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com")
TAGS = ("newsletter", "vip", "fair 2025", "supplier", "press")
COLUMNS = (
    "external_id, first_name, last_name, email, email_key, phone, phone_key, company, tags"
)
QUERIES = 100
KINDS = ("create", "update", "skip")


class Names:
    """Names of syllables; the first ones are drawn most often."""

    def __init__(self, chance: random.Random, count: int) -> None:
        self.chance, self.count = chance, count
        self.names = [
            "".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3)))).capitalize()
            for _ in range(count)
        ]

    def draw(self) -> str:
        return self.names[int(self.count ** self.chance.random()) - 1]


def people(count: int) -> Iterator[tuple[object, ...]]:
    """A row of `COLUMNS` for each contact."""
    chance = random.Random(7)  # noqa: S311 - a bench
    first, last, company = (Names(chance, many) for many in (FIRST, LAST, COMPANIES))
    for number in range(1, count + 1):
        given, family, firm = first.draw(), last.draw(), company.draw()
        domain = chance.choice((*DOMAINS, f"{firm.lower()}.example"))
        email = f"{given}.{family}{number}@{domain}".lower()
        phone = (
            f"+49{chance.choice((30, 40, 89, 171))}{chance.randrange(1_000_000, 99_999_999)}"
        )
        tags = chance.sample(TAGS, chance.choice((0, 0, 1, 2)))
        yield (
            *(f"C{number:08}", given, family, email, email, phone, phone),
            *(f"{firm} {chance.choice(('GmbH', 'Ltd', '& Sons', 'AG'))}", tags),
        )


def fill(conn: psycopg.Connection[dict[str, object]], count: int) -> None:
    """A book of so many contacts, in statements of 100,000."""
    rows = people(count)
    while some := list(islice(rows, 100_000)):
        with conn.cursor().copy(f"COPY contacts ({COLUMNS}) FROM STDIN") as copy:
            for row in some:
                copy.write_row(row)
    conn.execute("VACUUM ANALYZE contacts")


def queries(count: int) -> list[str]:
    """What people type: names whole and begun, addresses, companies, phones, IDs, tags; frequent
    words and such as nobody has.
    """
    chance = random.Random(11)  # noqa: S311 - a bench
    drawn = list(islice(people(count), 3_000))
    found = []
    while len(found) < QUERIES:
        number, given, family, email, _key, phone, _key, firm, _tags = map(
            str, chance.choice(drawn)
        )
        found += [
            *(
                family,
                family[:3],
                given,
                given[:2],
                f"{given} {family}",
                f"{family} {given[:1]}",
            ),
            *(email, email.partition("@")[0], email.partition("@")[2], firm, firm.split()[0]),
            *(phone, f"0{phone[3:]}", phone[-4:], phone[-6:], number, number[:6]),
            *(chance.choice(TAGS), chance.choice("abdefg"), f"{family} com", "nobodyhasthis"),
        ]
    chance.shuffle(found)
    return found[:QUERIES]


def caught_up(house: House) -> float:
    """Seconds until the index knows the whole book."""
    started = time.monotonic()
    with db.connect_job(house.settings.database_url) as conn:
        search_index.catch_up(conn)
        search_index.flush(conn)
    house.conn.execute("VACUUM ANALYZE contact_words")
    return time.monotonic() - started


def first_pages(house: House, asked: list[str], order: Order) -> list[float]:
    """Milliseconds for the first page of each, after a first time for all."""
    with db.session(house.settings.database_url) as session:
        for _ in range(2):  # the first time warms up
            took = []
            for q in asked:
                started = time.monotonic()
                filters.page(session, ContactFilter(q=q), order)
                took.append(1000 * (time.monotonic() - started))
    return took


FILTERS = {
    "no filter": ContactFilter(),
    "a frequent tag": ContactFilter(tag=TAGS[0]),
    "a tag that no one has": ContactFilter(tag="none"),
    "no e-mail": ContactFilter(no_email=True),
    "a tag, no phone": ContactFilter(tag=TAGS[0], no_phone=True),
}


def lists(house: House) -> None:
    """Milliseconds for the first page by each order and for the count, the better of two."""
    with db.session(house.settings.database_url) as session:
        for name, wanted in FILTERS.items():
            asked = {
                str(order): partial(filters.page, session, wanted, order) for order in Order
            }
            asked["count"] = partial(filters.count, session, wanted)
            took = {what: round(min(_took(ask), _took(ask)), 1) for what, ask in asked.items()}
            print(f"{name}, ms: {took}", flush=True)


def _took(ask: Callable[[], object]) -> float:
    started = time.monotonic()
    ask()
    return 1000 * (time.monotonic() - started)


def told(took: list[float]) -> str:
    cut = statistics.quantiles(took, n=20)
    return f"p50 {cut[9]:.1f}  p95 {cut[18]:.1f}  max {max(took):.1f} ms"


def searching(count: int) -> None:
    with House(workers=0) as house:
        fill(house.conn, count)
        seconds = caught_up(house)
        print(
            f"index of {count:,}: {seconds:.0f} s, {count / seconds:,.0f} contacts/s",
            flush=True,
        )
        asked = queries(count)
        for order in (Order.ADDED, Order.NAME, Order.CHANGED):
            print(
                f"first page by {order}: {told(first_pages(house, asked, order))}", flush=True
            )
        lists(house)
        sizes = house.conn.execute(
            "SELECT pg_relation_size('contact_words') AS words,"
            " pg_relation_size('contact_words_words') AS index"
        ).fetchone()
        print({name: f"{size / 1e6:,.0f} MB" for name, size in sizes.items()}, flush=True)


def importing(rows: int, times: int) -> None:
    """Rows a second of imports without notes for the index, with them alone, and with the index
    thread beside them; the order goes round.
    """
    with House() as house, tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(house, contacts(Path(folder), rows), rows)
        arms = ["nothing", "notes", "index"]
        for turn in range(times):
            rounds.begin()
            for kind in KINDS:
                for arm in arms[turn % 3 :] + arms[: turn % 3]:
                    _import(house, rounds, kind, arm)
        for kind in KINDS:
            speeds = {arm: round(rounds.speed(f"{kind} {arm}")) for arm in arms}
            ratios = {
                arm: round(rounds.ratio(f"{kind} {arm}", f"{kind} nothing"), 3)
                for arm in arms[1:]
            }
            print(f"{kind}: {speeds} rows/s, of nothing: {ratios}", flush=True)


def _import(house: House, rounds: Rounds, kind: str, arm: str) -> None:
    """One import on a book that the index knows."""
    state = "DISABLE" if arm == "nothing" else "ENABLE"
    for name in ("create", "change"):
        house.conn.execute(f"ALTER TABLE contacts {state} TRIGGER contact_words_{name}")
    if kind == "create":
        book.empty(house.conn)
    else:
        book.known(house.conn, **BEFORE[kind])
    while (
        house.conn.execute("SELECT FROM contact_words_pending LIMIT 1").fetchone() is not None
    ):
        time.sleep(0.05)
    thread = _sweeper(house)
    if arm != "index":
        os.kill(thread, signal.SIGSTOP)
    try:
        rounds.execution("skip" if kind == "create" else kind, f"{kind} {arm}")
    finally:
        os.kill(thread, signal.SIGCONT)


def _sweeper(house: House) -> int:
    """The process whose thread keeps the index: the one that a worker without a job has."""
    worker = house.workers[0].pid
    children = Path(f"/proc/{worker}/task/{worker}/children")
    while len(found := children.read_text().split()) != 1:
        time.sleep(0.05)
    return int(found[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.contacts:
        searching(options.contacts)
    importing(options.rows, options.rounds)


if __name__ == "__main__":
    main()
