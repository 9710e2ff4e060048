"""The bench's figures as a table on the terminal and as a page under docs/."""

import json
from pathlib import Path
from typing import Any

MEMORY_LIMIT = 100
# Measure → (at least, goal), as ratios to COPY in the same round.
TARGETS = {
    "execution, skip, empty": (0.35, 0.7),
    "execution, skip, all known": (0.7, 1.0),
    "execution, update, all changed": (0.25, 0.5),
    "execution, merge, all known": (0.25, 0.5),
}


def lines(found: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Measure, rows per second, ratio to COPY, verdict on its target."""
    return [
        (name, f"{speed:,.0f}", f"{found['ratio_to_copy'][name]:.2f}", verdict(name, found["ratio_to_copy"][name]))
        for name, speed in found["rows_per_second"].items()
    ]


def verdict(name: str, ratio: float) -> str:
    if name not in TARGETS:
        return ""
    least, goal = TARGETS[name]
    if ratio >= goal:
        return f"goal {goal} met"
    return f"target {least} met" if ratio >= least else f"target {least} MISSED"


def memory(found: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {peak:.0f} MB peak, {'under' if peak < MEMORY_LIMIT else 'OVER'} {MEMORY_LIMIT}"
        for name, peak in found["peak_megabytes"].items()
    ]


def print_table(rows: int, found: dict[str, Any]) -> None:
    """One size's figures on the terminal."""
    print(f"\n{rows:,} rows".ljust(52), "rows/s".rjust(10), "of COPY".rjust(8))
    for name, speed, ratio, said in lines(found):
        print(name.ljust(50), speed.rjust(11), ratio.rjust(8), said)
    print("; ".join(memory(found)), flush=True)


def write_pages(result: dict[str, Any], docs: Path) -> None:
    """benchmarks.json, and the tables of benchmarks.md between its two marks; the words around them stay."""
    (docs / "benchmarks.json").write_text(json.dumps(result, indent=2) + "\n")
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition("<!-- figures -->")
    after = rest.partition("<!-- end of figures -->")[2]
    page.write_text(f"{before}<!-- figures -->\n{_tables(result)}\n<!-- end of figures -->{after}")


def _tables(result: dict[str, Any]) -> str:
    parts = [f"Measured on {result['machine']}; medians of {result['rounds']} interleaved rounds.\n"]
    for rows, found in result["sizes"].items():
        parts.append(f"## {int(rows):,} rows\n\n| | rows/s | of COPY | |\n|---|--:|--:|---|")
        parts += [f"| {' | '.join(line)} |" for line in lines(found)]
        parts.append("\n" + "; ".join(memory(found)) + ".\n")
    return "\n".join(parts)
