"""Acts of correction and their undo: a cell holds what the newest act on it says that is not
undone, else what the file says.
"""

import random

import pytest
from sqlalchemy import text

from tests.harness.imports import table
from webapp.imports import import_commands
from webapp.models import ContactImport, ImportRow
from webapp.staging import acts, corrections, file_rows, problem_list
from webapp.staging.problem_list import Filter
from webapp.vocabulary.refusals import Refusal
from webapp.vocabulary.reruns import Rerun

PEOPLE = table(
    "1,ann@example.com,Ann,,,,",
    "2,ben (at)example.com,Ben,,,,",
    "3,nobody,Cid,,,,",
    "4,nobody,Dan,,,,",
    "5,nobody,Ed,,,,",
    "6,fay@@example.com,Fay,,,,",
)


def cells(session, run) -> dict[int, list[str]]:
    return {
        line.row: [*line.cells, line.status] for line in file_rows.page(session, run).lines
    }


def test_all_suggestions_at_once(importer, session):
    run = importer.check(PEOPLE)
    made = corrections.fix(
        session, run.id, "use_suggestions", {"filter": {}}, by=importer.user_id
    )
    assert (made.number, made.rows, made.total) == (1, 2, 2)
    assert [cells(session, run)[row][1] for row in (3, 7)] == [
        "ben@example.com",
        "fay@example.com",
    ]
    (act,) = acts.listed(session, run.id)
    assert (act.kind, act.rows, act.by) == ("use_suggestions", 2, importer.user_id)
    assert corrections.undo(session, run.id, 1) == corrections.Undone(1, 2, 0)
    assert cells(session, run)[3][1] == "ben (at)example.com"
    counts = problem_list.counts(session, session.get_one(ContactImport, run.id))
    assert (counts.to_fix, counts.suggestions, counts.done) == (5, 2, 0)
    assert session.scalar(text("SELECT count(*) FROM contact_import_corrections")) == 0
    assert acts.last(session, run.id) is None


def test_a_group_ticked_rows_and_a_column_pasted_down(importer, session):
    run = importer.check(PEOPLE)
    groups = problem_list.page(session, run, Filter()).groups
    (group,) = groups
    where = {"filter": {"group": group, "kind": "to_fix"}}
    assert corrections.fix(session, run.id, "clear", where, column=1).rows == 3
    assert [cells(session, run)[row][1] for row in (4, 5, 6)] == ["", "", ""]
    with pytest.raises(Refusal, match="no_rows"):
        corrections.fix(session, run.id, "clear", where, column=1)
    session.commit()
    named = {"rows": [4, 6, 99]}
    assert corrections.fix(session, run.id, "set", named, column=4, value="Acme").rows == 2
    assert corrections.fix(session, run.id, "leave_out", named).rows == 2
    assert corrections.fix(session, run.id, "include", {"rows": [6]}).rows == 1
    pasted = {"values": {"2": {"3": "A"}, "3": {"3": "B"}}}
    assert corrections.fix(session, run.id, "paste", pasted, column=3).rows == 2
    assert {row: (c[3], c[4], c[-1]) for row, c in cells(session, run).items()} == {
        2: ("A", "", "valid"),
        3: ("B", "", "invalid"),
        4: ("", "Acme", "left_out"),
        5: ("", "", "valid"),
        6: ("", "Acme", "valid"),
        7: ("", "", "invalid"),
    }
    # In any order; a cell on which a later act stands keeps what that one says.
    assert corrections.undo(session, run.id, 2).cells == 2
    assert corrections.undo(session, run.id, 3) == corrections.Undone(3, 1, 1)
    assert corrections.undo(session, run.id).cells > 0
    assert cells(session, run) == {
        2: ["1", "ann@example.com", "Ann", "", "", "", "", "valid"],
        3: ["2", "ben (at)example.com", "Ben", "", "", "", "", "invalid"],
        4: ["3", "nobody", "Cid", "", "", "", "", "invalid"],
        5: ["4", "nobody", "Dan", "", "", "", "", "invalid"],
        6: ["5", "nobody", "Ed", "", "", "", "", "invalid"],
        7: ["6", "fay@@example.com", "Fay", "", "", "", "", "invalid"],
    }
    for number, code in ((2, "act_undone"), (99, "act_unknown")):
        with pytest.raises(Refusal, match=code):
            corrections.undo(session, run.id, number)


def test_find_and_replace_over_the_whole_file(importer, session):
    run = importer.check(PEOPLE)
    asked = {"column": 1, "find": "EXAMPLE.com", "replace_with": "acme.example"}
    would = corrections.replacements(session, run.id, {"everything": True}, **asked)
    assert (would.rows, would.complete) == (3, True)
    assert would.first[0] == (2, 1, "ann@example.com", "ann@acme.example")
    assert cells(session, run)[2][1] == "ann@example.com"
    fixed = corrections.fix(session, run.id, "replace", {"everything": True}, **asked)
    assert fixed.rows == 3
    assert cells(session, run)[2][1] == "ann@acme.example"
    assert session.get(ImportRow, (run.id, 2), populate_existing=True).email == (
        "ann@acme.example"
    )
    asked["match_case"] = True
    assert corrections.replacements(session, run.id, {"filter": {}}, **asked).rows == 0


def test_a_row_without_a_problem_is_corrected_like_any_other(importer, session):
    run = importer.check(PEOPLE)
    corrections.correct(session, run.id, 2, {1: "ann at example"})
    assert cells(session, run)[2][-1] == "invalid"
    corrections.correct(session, run.id, 2, {1: "ann@acme.example"})
    session.commit()
    importer.work(run.id)
    import_commands.map_columns(session, run.id, run.suggested_mapping)
    session.commit()
    run = importer.work(run.id)
    assert cells(session, run)[2][1] == "ann@acme.example"
    corrections.undo(session, run.id, 2)
    assert cells(session, run)[2][1] == "ann at example"


def test_the_last_of_two_people_wins_and_is_told(importer, session):
    run = importer.check(PEOPLE)
    first = corrections.correct(
        session, run.id, 4, {1: "cid@example.com"}, by=importer.user_id, seen={1: "nobody"}
    )
    assert first.overwrote is None
    second = corrections.correct(
        session, run.id, 4, {1: "c@example.com"}, by=None, seen={1: "nobody"}
    )
    assert (second.overwrote.act, second.overwrote.by) == (1, importer.user_id)
    assert cells(session, run)[4][1] == "c@example.com"


def test_nothing_is_lost_where_the_import_runs_by_now(importer, session):
    run = importer.check(PEOPLE)
    import_commands.execute(session, run.id, strategy="skip")
    session.commit()
    for ask in (
        lambda: corrections.correct(session, run.id, 4, {1: "c@example.com"}),
        lambda: corrections.fix(session, run.id, "use_suggestions", {"filter": {}}),
        lambda: corrections.undo(session, run.id),
    ):
        with pytest.raises(Refusal, match="wrong_state"):
            ask()
        session.rollback()
    assert importer.work(run.id).created == 1


def test_after_the_run_acts_are_for_a_second_one(importer, session):
    done = importer.execute(importer.check(PEOPLE).id)
    made = corrections.fix(session, done.id, "use_suggestions", {"filter": {}})
    assert made.rows == 2
    session.commit()
    import_commands.retry(session, done.id, Rerun.CORRECTED)
    session.commit()
    assert importer.work(done.id).created == 3
    with pytest.raises(Refusal, match="row_is_in"):
        corrections.correct(session, done.id, 2, {1: "x@example.com"})


def test_a_line_taken_in_is_a_line_again(importer, session):
    lines = PEOPLE + "Total,6\n"
    run = importer.check(lines)
    before = cells(session, run)
    row = max(before)
    if before[row][-1] != "left_out":
        pytest.skip("the line counts as a contact")
    corrections.leave_out(session, run.id, row, out=False)
    session.commit()
    assert cells(session, run)[row][-1] != "left_out"
    corrections.undo(session, run.id)
    session.commit()
    run = importer.work(run.id)
    assert cells(session, run) == before


def model_of(original, made):
    """The cells as the acts that stand have them: the simplest way to say it."""
    found = {row: list(texts) for row, texts in original.items()}
    out = dict.fromkeys(original, False)
    for changes, stands in made:
        for row, column, value in changes if stands else ():
            if column < 0:
                out[row] = value
            else:
                found[row][column] = value
    return {row: (texts, out[row]) for row, texts in found.items()}


def replaced(kind, cell, value):
    """What a cell says after an act."""
    if kind == "replace":
        return cell.replace("n", "m").replace("N", "m")
    return "" if kind == "clear" else value


class Session:
    """A person who changes and undoes at random, beside the model of it."""

    def __init__(self, session, run, seed):
        self.session, self.run = session, run
        self.chance = random.Random(seed)  # noqa: S311
        self.original = {row: texts[:-1] for row, texts in cells(session, run).items()}
        self.made: list[list] = []

    @property
    def model(self):
        return model_of(self.original, self.made)

    def undo(self):
        number = self.chance.randint(1, max(len(self.made), 1))
        corrections.undo(self.session, self.run.id, number)
        self.made[number - 1][1] = False
        return []

    def move(self, out):
        rows = self.chance.sample(sorted(self.original), self.chance.randint(1, 4))
        kind = "leave_out" if out else "include"
        changes = [(row, -1, out) for row in rows if self.model[row][1] != out]
        corrections.fix(self.session, self.run.id, kind, {"rows": rows})
        return changes

    def change(self, kind):
        rows = self.chance.sample(sorted(self.original), self.chance.randint(1, 4))
        column = self.chance.choice([1, 2, 4])
        value = self.chance.choice(["nobody", "x@y.example", "Z"])
        rows = rows[:1] if kind == "cell" else rows
        before = {row: self.model[row][0][column] for row in rows}
        after = {row: replaced(kind, cell, value) for row, cell in before.items()}
        changes = [(row, column, after[row]) for row in rows if after[row] != before[row]]
        asked = {"column": column, "value": value, "find": "n", "replace_with": "m"}
        if kind == "clear":
            del asked["value"]
        if kind == "cell":
            corrections.correct(self.session, self.run.id, rows[0], {column: value})
        else:
            corrections.fix(self.session, self.run.id, kind, {"rows": rows}, **asked)
        return changes

    def step(self):
        kind = self.chance.choice(
            ["cell", "set", "clear", "leave_out", "include", "replace", "undo"]
        )
        try:
            if kind == "undo":
                changes = self.undo()
            elif kind in {"leave_out", "include"}:
                changes = self.move(kind == "leave_out")
            else:
                changes = self.change(kind)
        except Refusal as refusal:
            assert refusal.code in {"no_rows", "act_unknown", "act_undone"}  # noqa: PT017
            self.session.rollback()
            return

        self.session.commit()
        if changes:
            self.made.append([changes, True])


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_acts_and_undos_is_what_a_simple_model_says(importer, session, seed):
    run = importer.check(PEOPLE)
    person = Session(session, run, seed)
    now = {}

    for _ in range(25):
        person.step()
        now = cells(session, session.get_one(ContactImport, run.id))
        said = {row: (texts[:-1], texts[-1] == "left_out") for row, texts in now.items()}
        assert said == person.model

    # A new check comes to the same.
    import_commands.check_again(session, run.id)
    session.commit()
    again = importer.work(run.id)
    assert cells(session, again) == now
    corrections.undo(session, run.id)
    assert {row: t[:-1] for row, t in cells(session, again).items()} == person.original
