"""The bench's files: 30 % distinct mail domains, 2 % invalid rows, 3 % duplicates."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "samples"))

import generate  # noqa: E402


def contacts(folder: Path, rows: int, first: int = 1) -> Path:
    """The file with so many rows, written once; people are numbered from `first`."""
    file = folder / f"contacts-{rows}-{first}.csv"
    if not file.exists():
        with file.open("w", newline="") as stream:
            generate.write_csv(stream, rows, first=first)
    return file
