"""What the bench is to show, and whether it does: each target with the figure that decides it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEGABYTES = 100
BEHIND_SECONDS = 5
PROMISES = "an execution with its promises, times a bare one"


@dataclass(frozen=True)
class Verdict:
    """A target: at least (or, where `most`, under) `least`; `goal` where there is one; the figure, None if not run."""

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
            return "met" if self.figure < self.least else "MISSED"
        if self.goal is not None and self.figure >= self.goal:
            return "goal met"
        return "met" if self.figure >= self.least else "MISSED"


def verdicts(result: dict[str, Any]) -> list[Verdict]:
    promises = Verdict(PROMISES, result.get("promises"), 1.05, most=True)
    own = [*_executions(result), promises, *_undo(result)]
    return [*own, *_whole_way(result), *_growth(result), *_memory(result)]


def _ratio(result: dict[str, Any], measure: str, rows: int | None = None) -> float | None:
    return next((f["ratio"] for f in result["speeds"] if f["measure"] == measure and rows in (None, f["rows"])), None)


def _executions(result: dict[str, Any]) -> Iterator[Verdict]:
    for name, measure, least, goal in (
        ("create, of COPY", "skip, empty book", 0.35, 0.7),
        ("skip on a full book, of COPY", "skip, all known", 0.7, 1.0),
        ("update of three fields, of COPY", "update, all known", 0.25, 0.5),
        ("merge of three fields, of COPY", "merge, all known", 0.25, 0.5),
    ):
        yield Verdict(name, _ratio(result, measure), least, goal)


def _whole_way(result: dict[str, Any]) -> Iterator[Verdict]:
    """The whole way beside the peers, all of the same rounds."""
    whole = _ratio(result, "whole way")
    for name, peer, least, goal in (
        ("whole way, of pgloader's default", "pgloader, default", 0.7, 1.0),
        ("whole way, times pgloader at 100 rows", "pgloader, 100 rows a batch", 2.0, None),
        ("whole way, times django-import-export", "django-import-export, default", 15.0, None),
    ):
        theirs = _ratio(result, peer)
        yield Verdict(name, whole / theirs if whole and theirs else None, least, goal)


def _undo(result: dict[str, Any]) -> Iterator[Verdict]:
    """How long taking an import back takes, in times of what it took."""
    undo = result.get("undo", {"rows": 0, "kinds": []})
    for found in undo["kinds"]:
        name = f"undo of {undo['rows']:,} {found['kind']}, times the import's time"
        yield Verdict(name, found["times_the_import"], 1.0, most=True)


def _growth(result: dict[str, Any]) -> Iterator[Verdict]:
    growth, two = result.get("growth"), result.get("two_workers")
    yield Verdict("beside a million others, of the empty book", result.get("beside_others"), 0.8)
    yield Verdict("1,000,000 rows, of the speed at 100,000", growth and growth["ratio"], 0.9)
    yield Verdict("two workers, times one", two and two["ratio"], 1.6)
    seconds = growth and growth["behind"]["check_seconds"] + growth["behind"]["execution_seconds"]
    yield Verdict("100 rows behind a large import, seconds", seconds, BEHIND_SECONDS, most=True)


def _memory(result: dict[str, Any]) -> Iterator[Verdict]:
    for found in result.get("memory", []):
        for name, peak in found["megabytes"].items():
            yield Verdict(f"{name} at {found['rows']:,} rows, MB", peak, MEGABYTES, most=True)
