"""The bench's figures as tables: on the terminal, and between the two marks of
docs/benchmarks.md.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.targets import verdicts

START, END = "<!-- figures -->", "<!-- end of figures -->"
Table = tuple[str, Sequence[str], list[Sequence[str]]]  # title, header, rows


def tables(result: dict[str, Any]) -> list[Table]:
    """Everything that was measured."""
    found = [
        _targets(result),
        _speeds(result),
        _undo(result),
        _memory(result),
        *_waits(result),
        *_stages(result),
    ]
    return [table for table in found if table[2]]


def _targets(result: dict[str, Any]) -> Table:
    found = [
        (v.name, _shown(v.figure), f"{'under ' if v.most else ''}{v.least:g}",
         "" if v.goal is None else f"{v.goal:g}", v.word)
        for v in verdicts(result)
        if v.figure is not None or "speeds" in result
    ]  # fmt: skip
    return "Targets", ("what", "figure", "target", "goal", ""), found


def _shown(figure: float | None) -> str:
    if figure is None:
        return ""
    return f"{figure:.3f}" if figure < 2 else f"{figure:.1f}"


def _speeds(result: dict[str, Any]) -> Table:
    found = [
        (
            f["measure"],
            f"{f['rows']:,}",
            f"{f['rows_per_second']:,}",
            f"{f['ratio']:.2f}",
            str(f["rounds"]),
            f["note"],
        )
        for f in result.get("speeds", [])
    ]
    return "Speed", ("what", "rows", "rows/s", "of COPY", "rounds", ""), found


def _undo(result: dict[str, Any]) -> Table:
    undo = result.get("undo", {"rows": 0, "rounds": 0, "kinds": []})
    found = [
        (
            f["kind"],
            *(f"{speed:,}" for speed in f["rows_per_second"].values()),
            f"{f['times_the_import']:.2f}",
        )
        for f in undo["kinds"]
    ]
    title = f"Import and undo of {undo['rows']:,} contacts, {undo['rounds']} rounds"
    return title, ("contacts", "imported rows/s", "undone rows/s", "time of the import"), found


def _memory(result: dict[str, Any]) -> Table:
    found = [
        (
            f"{entry['rows']:,} rows",
            *(f"{entry['megabytes'].get(name, 0):.0f}" for name in PROCESSES),
        )
        for entry in result.get("memory", [])
    ]
    return "Peak memory of their own, MB", ("", *PROCESSES), found


PROCESSES = ("web", "worker", "work-horse", "second process")


def _loaded(entry: dict[str, Any]) -> str:
    """What pgloader took, where it was asked."""
    if "pgloader_seconds" not in entry:
        return ""
    seconds = entry["pgloader_seconds"]
    return "not installed" if seconds is None else f"{seconds:.2f}"


def _waits(result: dict[str, Any]) -> Iterable[Table]:
    waits = [
        (
            f"{entry['rows']:,} rows, {entry['file']}",
            f"{entry['review_seconds']:.2f}",
            f"{entry['report_seconds']:.2f}",
            _loaded(entry),
            *(f"{entry['megabytes'].get(name, 0):.0f}" for name in PROCESSES),
        )
        for entry in result.get("waits", [])
    ]
    header = ("", "upload's end to review, s", "click to report, s", "pgloader, s")
    peaks = tuple(f"{name}, MB" for name in PROCESSES)
    yield "What a person waits for, and the peaks of memory", (*header, *peaks), waits

    parts = result.get("parts", {"rows": 0, "rounds": 0, "seconds": {}})
    title = f"What the waiting for {parts['rows']:,} rows is made of, {parts['rounds']} rounds"
    seconds = [(name, f"{found:.2f}") for name, found in parts["seconds"].items()]
    yield title, ("", "seconds"), seconds


def _stages(result: dict[str, Any]) -> Iterable[Table]:
    stages = result.get("stages", [])
    times = [
        (s["stage"], *(f"{s['microseconds_a_row'][kind]:.1f}" for kind in KINDS))
        for s in stages
    ]
    yield (
        "Where the time goes, microseconds a row",
        ("stage", "wall", "of which Python", "PostgreSQL"),
        times,
    )
    shares = [
        (
            s["stage"],
            ", ".join(
                f"{doing} {share:.0%}"
                for doing, share in s["sessions"].items()
                if share >= 0.01
            ),
        )
        for s in stages
    ]
    yield "What the jobs' sessions are at", ("stage", "share of the looks"), shares
    steps = [
        (
            found["strategy"],
            *(f"{found['microseconds_a_row'].get(name, 0):.2f}" for name in STEPS),
        )
        for found in result.get("inside", [])
    ]
    yield (
        "Inside a batch, microseconds a row",
        ("", "decide and write", "checkpoint and log", "commit"),
        steps,
    )


STEPS = ("decide", "checkpoint", "run_batches")
KINDS = ("wall", "Python", "PostgreSQL")


def as_text(result: dict[str, Any]) -> str:
    """For the terminal."""
    return "\n\n".join([_about(result), *(_text_table(*table) for table in tables(result))])


def _text_table(title: str, header: Sequence[str], rows: list[Sequence[str]]) -> str:
    widths = [max(len(str(line[n])) for line in [header, *rows]) for n in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in [header, *rows]
    ]
    return "\n".join([title, *(line.rstrip() for line in lines)])


def as_markdown(result: dict[str, Any]) -> str:
    """For the page."""
    return "\n\n".join(
        [_about(result), *(_markdown_table(*table) for table in tables(result))]
    )


def _markdown_table(title: str, header: Sequence[str], rows: list[Sequence[str]]) -> str:
    dashes = ["---", *("--:" if _number(rows[0][n]) else "---" for n in range(1, len(header)))]
    lines = [f"| {' | '.join(line)} |" for line in [header, dashes, *rows]]
    return "\n".join([f"### {title}", "", *lines])


def _number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").isdigit()


def _about(result: dict[str, Any]) -> str:
    return (
        f"Measured on {result['date']}: {result['machine']}. Medians of interleaved rounds; each ratio is the median of"
        " the ratios within a round."
    )


def write_page(result: dict[str, Any], page: Path) -> None:
    """Put the figures into the page; the words around them stay."""
    before, _, rest = page.read_text().partition(START)
    page.write_text(
        f"{before}{START}\n\n{as_markdown(result)}\n\n{END}{rest.partition(END)[2]}"
    )
