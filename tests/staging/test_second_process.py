"""Two processes stage exactly what one does, whichever blocks the second one takes; and it is there
only where it is worth while and a core is free.
"""

import io
import json
import os
import signal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.harness.examples import examples
from tests.harness.imports import table
from tests.reading.damage import KINDS
from webapp import db, jobs
from webapp.imports import import_commands, leases, uploads
from webapp.models import ContactImport
from webapp.reading.readers import Limits
from webapp.staging import blocks, check, second_process
from webapp.staging.second_process import SecondProcess
from webapp.vocabulary.refusals import Refusal

CORPUS = Path(__file__).parent.parent / "corpus"
FILES = [
    case
    for case in json.loads((CORPUS / "manifest.json").read_text())
    if "refused" not in case and not case["choose"]
]
TEXTS = [case for case in FILES if case["format"] == "csv"]
OTHERS = [case for case in FILES if case["format"] != "csv"]
HEADER = ["First name", "Last name", "Email", "Phone", "Birthday", "Notes", "ID"]


class Both:
    """Checks an import with one process and with two, and says what was stored."""

    def __init__(self, session, conn, settings, user_id) -> None:
        self.session, self.conn, self.settings, self.user_id = session, conn, settings, user_id

    def upload(self, name: str, data: bytes) -> ContactImport | None:
        """A file with its suggested columns; None for one that is refused, or has none."""
        try:
            found = uploads.create(
                self.session, self.user_id, name, io.BytesIO(data), self.settings
            )
            import_commands.map_columns(self.session, found.id, found.suggested_mapping)
        except Refusal:
            self.session.rollback()
            return None
        self.session.commit()
        return found

    def stored(self, import_id, *, second: bool, limits=None, should_yield=None) -> dict:
        """What a check from the top stores."""
        self.conn.execute(
            """UPDATE contact_imports SET state = 'checking', read_position = NULL, read_bytes = 0,
                 total = NULL, check_summary = '{}' WHERE id = %s""",
            (import_id,),
        )
        self.conn.commit()
        refused = None
        try:
            while not self.go_on(
                import_id, second=second, limits=limits, should_yield=should_yield
            ):
                pass
        except Refusal as refusal:
            self.conn.rollback()
            refused = (refusal.code, refusal.facts)

        self.session.expire_all()
        return {"refused": refused, **({} if refused else self.found(import_id))}

    def go_on(self, import_id, *, second: bool, limits=None, should_yield=None) -> bool:
        """One slice of a check."""
        connect = partial(db.connect_job, self.settings.database_url) if second else None
        lease = leases.claim(self.conn, import_id, 15)
        try:
            return check.check_slice(
                self.conn, lease, limits or Limits(), should_yield or (lambda: False), connect
            )
        finally:
            self.conn.rollback()
            leases.release(self.conn, lease)

    def found(self, import_id) -> dict:
        facts = """SELECT state, total, check_summary, read_position, read_bytes
            FROM contact_imports WHERE id = %s"""
        rows = "SELECT * FROM contact_import_rows WHERE import_id = %s ORDER BY row"
        problems = """SELECT row, code FROM contact_import_problems WHERE import_id = %s
            ORDER BY 1, 2"""
        kept = {
            name: self.conn.execute(question, (import_id,)).fetchall()
            for name, question in (("facts", facts), ("rows", rows), ("problems", problems))
        }
        self.conn.rollback()
        return kept

    def forget(self, import_id) -> None:
        for name in ("contact_import_rows", "contact_import_problems"):
            self.conn.execute(f"DELETE FROM {name} WHERE import_id = %s", (import_id,))
        self.conn.execute("DELETE FROM contact_imports WHERE id = %s", (import_id,))
        self.conn.commit()


@pytest.fixture
def both(session, conn, settings, someone):
    return Both(session, conn, settings, someone)


TAKES = SecondProcess.takes


@pytest.fixture
def plan(monkeypatch):
    """Have blocks be small, and the second process take some of them."""

    def some(rows: int, random: Random, then=None, share: float = 0.6) -> None:
        monkeypatch.setattr(blocks, "BLOCK_ROWS", rows)
        monkeypatch.setattr(second_process, "LEAST_BYTES", 0)

        def takes(self, block) -> bool:
            took = random.random() < share and TAKES(self, block)
            if then:
                then(self)
            return took

        monkeypatch.setattr(SecondProcess, "takes", takes)

    return some


@pytest.mark.timeout(900)
def test_files_of_every_format_come_to_the_same(both, plan):
    random = Random(1)  # noqa: S311
    compared = 0
    some = random.sample(TEXTS, examples(24, len(TEXTS))) + random.sample(
        OTHERS, examples(10, len(OTHERS))
    )
    for case in some:
        data = next(CORPUS.rglob(case["file"])).read_bytes()
        if found := both.upload(case["upload_as"], data):
            plan(random.choice((1, 2, 5)), random)
            alone = both.stored(found.id, second=False)
            assert alone == both.stored(
                found.id, second=True, should_yield=lambda: random.random() < 0.15
            ), case["file"]
            both.forget(found.id)
            compared += 1
    assert compared >= 20


def people(random: Random, count: int) -> list[list[str]]:
    """Rows with all that the rows before them, or their columns, have a say in."""
    placeholder = random.choice(["none@example.com", "n/a", ""])
    begin, end = sorted(random.sample(range(count), 2))
    rows = []

    for number in range(count):
        email = placeholder if begin <= number < end else f"p{number}@example.com"
        birthday = random.choice(["", "3/4/1990", "1980-12-31", "25/12/1990", "n/a", "-"])
        phone = random.choice(["", "+49 30 1234567", f"030 {number + 1000000}", "unknown"])
        notes = random.choice(
            ["likes tea", "tea, coffee", 'the "boss"', "Monday\nor Friday", ""]
        )
        row = ["Ann", "Ash", email, phone, birthday, notes, str(number)]
        if random.random() < 0.1:
            row = random.choice([
                [*row[:6], ""], ["Total: 17"], HEADER, ["Madonna"], ["", "", "", "", "", "x", ""],
                ["and biscuits"], ["-----"], ["", "", "x@example.com", "", "", "", ""],
            ])  # fmt: skip
        rows.append(row)

    return [HEADER, *rows]


def damaged(kind: str, random: Random) -> bytes:
    rows = people(random, 60)
    try:
        return KINDS[kind](rows, random)
    except ValueError:  # it needs rows of one width
        return KINDS[kind]([row + [""] * (len(HEADER) - len(row)) for row in rows], random)


@pytest.mark.timeout(900)
def test_damaged_files_come_to_the_same(both, plan):
    """In slices of some blocks, too."""
    random = Random(os.environ.get("SEED", "1"))  # noqa: S311
    compared = 0
    kinds = random.choices(list(KINDS), k=examples(20, 500))
    for kind in kinds:
        if found := both.upload("people.csv", damaged(kind, random)):
            plan(random.choice((1, 2, 3, 7)), random)
            alone = both.stored(found.id, second=False)
            yields = random.choice((0, 0, 0.1))
            assert alone == both.stored(
                found.id, second=True, should_yield=lambda y=yields: random.random() < y
            ), kind
            both.forget(found.id)
            compared += 1
    assert compared > len(kinds) / 2


def test_a_value_that_turns_out_to_be_frequent_is_counted_in_every_block(both, plan):
    """Also in those that are judged at the same time as the first that shows it."""
    random = Random(3)  # noqa: S311
    rows = (
        ["Ann,a{n}@example.com"] * 40 + ["Ann,none@example.com"] * 50 + ["Ann,b{n}@x.org"] * 4
    )
    for order in (rows, rows[::-1], random.sample(rows, len(rows))):
        lines = [row.format(n=n) for n, row in enumerate(order)]
        found = both.upload("p.csv", "\n".join(["First name,Email", *lines]).encode())
        for size in (2, 5, 20):
            plan(size, random, share=0.8)
            alone = both.stored(found.id, second=False)
            assert alone == both.stored(found.id, second=True)
        (told,) = alone["facts"][0]["check_summary"]["columns"]
        assert (told["code"], told["value"]) == ("value_repeated", "none@example.com")


def test_a_file_that_is_too_long_is_refused_alike(both, plan):
    found = both.upload("p.csv", table(*[f"{n}" for n in range(50)]).encode())
    plan(3, Random(1))  # noqa: S311
    short = Limits(max_rows=40)
    refusals = [
        both.stored(found.id, second=s, limits=short)["refused"] for s in (False, True)
    ]
    assert refusals == [("too_many_rows", {"limit": "40"})] * 2


@pytest.mark.parametrize(
    ("number", "share"),
    [(signal.SIGKILL, 0.6), (signal.SIGSTOP, 0.6)],
    ids=["killed", "frozen"],
)
def test_a_second_process_that_is_lost_loses_nothing(both, plan, monkeypatch, number, share):
    """At any block, whatever it has committed by then."""
    random = Random(5)  # noqa: S311
    monkeypatch.setattr(second_process, "SILENT_SECONDS", 0.3)
    both.conn.execute("SET lock_timeout = '300ms'")
    both.conn.commit()
    found = both.upload("p.csv", damaged("semicolons", random))
    plan(2, random)
    alone = both.stored(found.id, second=False)
    lost = []

    def lose(second: SecondProcess) -> None:
        if random.random() < 0.15:
            os.kill(second.process.pid, number)
            lost.append(second)

    for _ in range(6):
        plan(2, random, lose)
        assert alone == both.stored(found.id, second=True)
    assert len({id(second) for second in lost}) > 3


def test_a_second_process_whose_lease_has_passed_on_stages_nothing(both, conn, settings):
    found = both.upload("p.csv", table("1,a@example.com", "2,b@example.com").encode())
    lease = leases.claim(conn, found.id, 15)
    import_ = check._import(conn, lease)
    connect = partial(db.connect_job, settings.database_url)
    records = check._records(conn, import_, {}, Limits())
    point = blocks.Checkpoint(conn, lease, check.judging.checker(import_), {"rows": 0})
    (block,) = check._blocks(import_, records, point)
    conn.execute("UPDATE contact_imports SET lease_token = lease_token + 1")
    conn.commit()
    with second_process.started(connect, lease, import_) as second:
        assert second.takes(block)
        with pytest.raises(second_process.Lost):
            second.wait()
    assert both.found(found.id)["rows"] == []


def refuse() -> None:
    raise AssertionError("a second process was started")


def test_a_small_file_is_checked_by_one_process(both, conn):
    found = both.upload("p.csv", table("1,a@example.com").encode())
    lease = leases.claim(conn, found.id, 15)
    assert check.check_slice(conn, lease, Limits(), lambda: False, second=refuse)


def test_where_the_system_has_no_room_for_it_the_check_goes_on_alone(both, plan, monkeypatch):
    found = both.upload("p.csv", table("1,a@example.com", "2,b@example.com").encode())
    plan(1, Random(1))  # noqa: S311
    alone = both.stored(found.id, second=False)
    monkeypatch.setattr(second_process, "PIPE_BYTES", 2**31 - 1)  # larger than any pipe may be
    assert both.stored(found.id, second=True) == alone


def test_a_second_process_needs_a_core_that_nothing_else_wants(
    both, conn, settings, monkeypatch
):
    mine = both.upload("p.csv", table("1,a@example.com").encode())
    other = both.upload("p.csv", table("1,a@example.com").encode())
    lease = leases.claim(conn, mine.id, 15)

    def free(cores: float) -> bool:
        monkeypatch.setattr(second_process, "cores", lambda: cores)
        return jobs.slices._where_a_core_is_free(conn, lease, settings) is not None

    assert (free(2), free(2.5), free(3)) == (False, False, True)  # The other one waits.
    held = leases.claim(conn, other.id, 15)
    assert (free(2), free(3)) == (False, True)
    leases.release(conn, held)
    both.forget(other.id)
    assert (free(1), free(1.5), free(2)) == (False, False, True)


def test_a_quota_of_the_control_group_counts_as_so_many_cores(tmp_path):
    for text, cores in (("max 100000", float("inf")), ("150000 100000", 1.5)):
        (tmp_path / "cpu.max").write_text(f"{text}\n")
        assert second_process._quota_of(tmp_path) == cores
    assert second_process._quota_of(tmp_path / "none") == float("inf")
    assert 0 < second_process.cores() <= os.cpu_count()
