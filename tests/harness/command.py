"""`rowcall` as an administrator calls it: the script itself, in a process of its own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SECONDS = 120  # a busy machine takes its time


@dataclass(frozen=True)
class Done:
    """What a command came to. A traceback is never an answer."""

    status: int
    out: str
    err: str


def rowcall(
    *arguments: object, typed: str = "", cwd: Path | None = None, **named: str
) -> Done:
    """Run `bin/rowcall` in the test's environment, with these variables besides."""
    done = subprocess.run(
        [str(ROOT / "bin" / "rowcall"), *map(str, arguments)],
        env={**os.environ, **named}, input=typed, cwd=cwd, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
