"""How the code reads, in figures, for `make check`: what a limit is set for may not get worse.

Line lengths are of every line that is not blank; blank lines are counted within functions, from the
first statement to the last. Words are the ones that hide who does something, and names of our own
for what the field has a name for.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WORDS = re.compile(
    r"doorbell|\bhorses|\bpapers|unwinding|taken_keys|said_as|whoever|whatever|nobody|somebody|anybody",
    re.IGNORECASE,
)
# `work-horses` is RQ's word, and `nobody` in quotes an account of the system.
NOT_THESE = re.compile(r"work[-_]horses|[`\"']nobody[`\"']|NOBODY")
# name: (limit, whether at least; the other way round it is at most)
LIMITS = {
    "95 of 100 lines of Python are at most so long": (95, False),
    "blank lines in functions, per cent": (6, True),
    "words that hide who acts": (3, False),
    "template lines longer than 120": (0, False),
    "lines of the longest function": (50, False),
}


def main() -> int:
    """Print each figure with its limit; 1 if one is beyond it."""
    beyond = False
    for name, figure in figures().items():
        limit, least = LIMITS[name]
        missed = figure < limit if least else figure > limit
        beyond |= missed
        bound = f"{'at least' if least else 'at most'} {limit}{', missed' if missed else ''}"
        sys.stdout.write(f"{name:50} {figure:7.1f}   {bound}\n")
    return int(beyond)


def figures() -> dict[str, float]:
    """Each of LIMITS, as the tree has it now."""
    functions = [_lines(node, source) for source, node in _functions()]
    inner = [line for lines in functions for line in lines]
    lengths = sorted(
        len(line) for source in _python() for line in source.splitlines() if line.strip()
    )
    return dict(
        zip(
            LIMITS,
            (
                lengths[len(lengths) * 95 // 100],
                100 * sum(not line.strip() for line in inner) / len(inner),
                sum(len(WORDS.findall(NOT_THESE.sub("", text))) for text in _texts()),
                sum(
                    len(line) > 120
                    for text in _read("templates/**/*.html")
                    for line in text.splitlines()
                ),
                max(len(lines) for lines in functions),
            ),
            strict=True,
        )
    )


def _python() -> list[str]:
    return [*_read("webapp/**/*.py"), *_read("worker.py")]


def _texts() -> Iterator[str]:
    yield from _python()
    yield from _read("templates/**/*.html")
    yield from _read("docs/*.md")


def _read(pattern: str) -> list[str]:
    return [file.read_text() for file in sorted(ROOT.glob(pattern))]


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for source in _python():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                yield source, node


def _lines(node: ast.FunctionDef, source: str) -> list[str]:
    """The function's lines from its first statement on, or from the one after its docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return source.splitlines()[body[0].lineno - 1 : node.end_lineno]


if __name__ == "__main__":
    sys.exit(main())
