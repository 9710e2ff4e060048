"""Compiled templates, kept beside their sources as Python keeps its modules.

To compile all of them takes a web process 7 MB that it never gives back; to load them, 1 to 2.
"""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

TEMPLATES = Path(__file__).parent.parent.parent / "templates"


class CompiledTemplates(FileSystemBytecodeCache):
    """Where the folder cannot be written, each process compiles for itself. What was compiled from
    another source, or by another version of Jinja or Python, is not taken.
    """

    def __init__(self, kind: str) -> None:
        folder = TEMPLATES / "__pycache__"
        with suppress(OSError):
            folder.mkdir(exist_ok=True)

        made_by = f"{kind}-{version('jinja2')}-{sys.implementation.cache_tag}"
        super().__init__(str(folder), f"{made_by}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is kept, where it can be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, for every account: the one that installs is not the one that
        serves.
        """
        with suppress(OSError):
            super().dump_bytecode(bucket)
            Path(self._get_cache_filename(bucket)).chmod(0o644)
