"""Write the corpus: the files, and the manifest that says what reading each of them must give.

    python -m tests.corpus.make

The same files and the same manifest every time, so a change shows in the diff.
"""

import json
import sys
from pathlib import Path

from tests.corpus import exports, formats, real_headers, refusals, texts, workbooks
from tests.corpus.case import Case

HERE = Path(__file__).parent


def cases() -> list[Case]:
    """Every file of the corpus."""
    found = [
        *texts.cases(),
        *exports.cases(),
        *real_headers.cases(),
        *workbooks.cases(),
        *formats.cases(),
        *refusals.cases(),
    ]
    names = [case.name for case in found]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    return found


def write(folder: Path) -> None:
    """The files into `folder`/files and the manifest beside them."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    found = cases()
    for case in found:
        (folder / "files" / case.name).write_bytes(case.data)
    entries = ",\n".join(json.dumps(case.as_json(), ensure_ascii=True) for case in found)
    (folder / "manifest.json").write_text(f"[\n{entries}\n]\n", encoding="ascii")


if __name__ == "__main__":
    write(HERE)
    sys.stdout.write(f"{len(cases())} files\n")
