"""What the bench is to show, and whether it does: each target with the figure that decides it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEGABYTES = 100
BEHIND_SECONDS = 5
PAPER_SECONDS = 5
# Three passes took so many times a run of such a file; one pass may take 1.2 times as long.
THREE_PASSES_SHARING = 4.4
MOST_SHARING = round(1.2 * THREE_PASSES_SHARING, 2)
PROMISES = "an execution with its promises, times a bare one"


@dataclass(frozen=True)
class Verdict:
    """A target: at least (or, where `most`, under) `least`; `goal` where there is one; the
    figure, None if not run.
    """

    name: str
    figure: float | None
    least: float
    goal: float | None = None
    most: bool = False

    @property
    def word(self) -> str:
        if self.figure is None:
            return "not measured"
        if self.most:
            if self.goal is not None and self.figure <= self.goal:
                return "goal met"
            return "met" if self.figure < self.least else "MISSED"
        if self.goal is not None and self.figure >= self.goal:
            return "goal met"
        return "met" if self.figure >= self.least else "MISSED"


def verdicts(result: dict[str, Any]) -> list[Verdict]:
    promises = Verdict(PROMISES, result.get("promises"), 1.05, most=True)
    own = [*_executions(result), promises, *_undo(result)]
    far = [*_whole_way(result), *_growth(result), *_paper(result)]
    return [*own, *_waiting(result), *far, *_memory(result)]


def _ratio(result: dict[str, Any], measure: str, rows: int | None = None) -> float | None:
    return next(
        (
            f["ratio"]
            for f in result.get("speeds", [])
            if f["measure"] == measure and rows in (None, f["rows"])
        ),
        None,
    )


def _executions(result: dict[str, Any]) -> Iterator[Verdict]:
    for name, measure, least, goal in (
        ("create, of COPY", "skip, empty book", 0.55, 0.7),
        ("skip on a full book, of COPY", "skip, all known", 1.1, 1.4),
        ("update of three fields, of COPY", "update, all known", 0.42, 0.5),
        ("merge of three fields, of COPY", "merge, all known", 0.42, 0.5),
    ):
        yield Verdict(name, _ratio(result, measure), least, goal)


def _whole_way(result: dict[str, Any]) -> Iterator[Verdict]:
    """The whole way beside the peers, all of the same rounds."""
    for name, peer, least, goal in (
        ("whole way, of pgloader's default", "pgloader, default", 0.7, 1.0),
        ("whole way, times pgloader at 100 rows", "pgloader, 100 rows a batch", 2.0, None),
        ("whole way, times django-import-export", "django-import-export, default", 15.0, None),
    ):
        yield Verdict(name, _times(result, "whole way", peer), least, goal)


def _waiting(result: dict[str, Any]) -> Iterator[Verdict]:
    """What a person's waiting is made of, at size; and all of it beside pgloader."""
    parts = result.get("parts") or {"previews": {}}
    times = parts["previews"]
    run = "three previews, times a skip run"
    yield Verdict(f"{run} on the empty book", times.get("empty"), 0.8, 0.6, most=True)
    known = f"{run} where all are known"
    yield Verdict(f"{known}, the run in two sessions", times.get("known"), 2.0, 1.5, most=True)
    one_session = times.get("known, run in one session")
    yield Verdict(f"{known}, the run in one", one_session, 2.0, 1.5, most=True)
    yield Verdict(
        f"{run} where most rows share a key", times.get("sharing"), MOST_SHARING, most=True
    )
    yield Verdict("check, of COPY", parts.get("check_of_copy"), 0.6, 0.75)
    yield Verdict(
        "upload's end to report, of pgloader's default", _of_loader(result), 1.0, 2.0
    )
    yield Verdict(
        "XLSX: upload's end to review, of openpyxl's bare reading",
        _of_openpyxl(result),
        3.0,
        5.0,
    )


def _of_loader(result: dict[str, Any]) -> float | None:
    """How many times as fast as pgloader the whole wait is, for the same file."""
    for entry in result.get("waits", []):
        if seconds := entry.get("pgloader_seconds"):
            return float(seconds / (entry["review_seconds"] + entry["report_seconds"]))
    return None


def _of_openpyxl(result: dict[str, Any]) -> float | None:
    """How many times as fast a workbook is read, checked and previewed as openpyxl reads it."""
    for entry in result.get("waits", []):
        if seconds := entry.get("openpyxl_seconds"):
            return float(seconds / entry["review_seconds"])
    return None


def _undo(result: dict[str, Any]) -> Iterator[Verdict]:
    """How long taking an import back takes, in times of what it took: at size, or else as the
    rounds have it.
    """
    if undo := result.get("undo"):
        found = [
            (undo["rows"], kind["kind"], kind["times_the_import"]) for kind in undo["kinds"]
        ]
    else:
        rows = next(
            (f["rows"] for f in result.get("speeds", []) if f["measure"] in dict(UNDONE)), 0
        )
        found = [
            (rows, name.partition(" of ")[2], _times(result, done, name))
            for name, done in UNDONE
        ]
    for rows, what, times in found:
        yield Verdict(
            f"undo of {rows:,} {what}, times the import's time", times, 1.0, most=True
        )

    many = result.get("undo_of_many") or {"rows": 1_000_000}
    undone = f"undo of {many['rows']:,} updates"
    times, seconds = many.get("times_the_import"), many.get("preview_seconds")
    yield Verdict(f"{undone}, times the import's time", times, 1.2, 0.8, most=True)
    yield Verdict(f"preview of the {undone}, seconds", seconds, 7.0, 5.0, most=True)


UNDONE = (
    ("rollback of created contacts", "skip, empty book"),
    ("rollback of updated contacts", "update, all known"),
)


def _times(result: dict[str, Any], one: str, other: str) -> float | None:
    """How many times as fast one measure is as the other."""
    first, second = _ratio(result, one), _ratio(result, other)
    return first / second if first and second else None


def _growth(result: dict[str, Any]) -> Iterator[Verdict]:
    growth, two = result.get("growth"), result.get("two_imports")
    yield Verdict(
        "beside a million others, of the empty book", result.get("beside_others"), 0.8
    )
    yield Verdict("1,000,000 rows, of the speed at 100,000", growth and growth["ratio"], 0.9)
    yield Verdict("two imports at once, of one in two lanes", two and two["ratio"], 0.95, 1.0)
    seconds = (
        growth and growth["behind"]["check_seconds"] + growth["behind"]["execution_seconds"]
    )
    yield Verdict(
        "100 rows behind a large import, seconds", seconds, BEHIND_SECONDS, most=True
    )


def _paper(result: dict[str, Any]) -> Iterator[Verdict]:
    paper = (result.get("growth") or {}).get("paper")
    yield Verdict(
        "PDF of 1,000,000 rows, seconds", paper and paper["seconds"], PAPER_SECONDS, most=True
    )


def _memory(result: dict[str, Any]) -> Iterator[Verdict]:
    for found in (*result.get("memory", []), *result.get("waits", [])):
        kind = f" of {found['file']}, pages looked at" if "file" in found else ""
        for name, peak in found["megabytes"].items():
            what = f"{name} at {found['rows']:,} rows{kind}, MB"
            yield Verdict(what, peak, MEGABYTES, most=True)
