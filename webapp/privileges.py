"""A start as root ends as an ordinary account: root is given up before anything is served.

Only the standard library is loaded here, so that the rest of the program is read by the account it
runs as.
"""

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).parent.parent
NOBODY = 65534  # the account without rights, on every Unix that has no entry for it
# What starts as root before this version left behind as root's; everything else was the account's
# already.
LEFT_BY_ROOT = ("lock", "secret_key", "postgres.log", "valkey.log")
OURS = {*LEFT_BY_ROOT, "postgres", "valkey", "run"}


class RootRefused(Exception):  # noqa: N818 - told to the administrator as it is
    """The account that takes root's place cannot run the program; the message says what to
    change.
    """


@dataclass(frozen=True)
class Account:
    """An account of this machine: user, its group, and what people call it."""

    uid: int
    gid: int
    name: str


def unprivileged_account(var: Path) -> Account:
    """The account that a start as root becomes: the owner of the data folder, or `nobody`."""
    owner = var.stat().st_uid if var.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        uid = owner or NOBODY
        return Account(uid, uid, f"number {uid}")

    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def data_folder() -> Path:
    """ROWCALL_VAR, read without the settings, which are not loaded yet."""
    return Path(os.environ.get("ROWCALL_VAR") or "var").resolve()


def drop_root(*, make_folder: bool = False) -> Account | None:
    """Become the unprivileged account for good, when root started this process; the account,
    else None.

    With `make_folder`, the data folder is made for the account first. Raises RootRefused.
    """
    if os.geteuid() != 0:
        return None

    var = data_folder()
    account = unprivileged_account(var)
    if make_folder:
        hand_over(var, account)

    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    os.environ["HOME"] = str(var)  # root's own is closed to the account
    _refuse_closed(
        account, PROGRAM, PROGRAM / "webapp", Path(sys.prefix), Path(sys.base_prefix)
    )
    if make_folder:
        _refuse_closed(account, var)

    return account


def drop_root_or_exit(*, make_folder: bool = False) -> Account | None:
    """The same for a program's first line: what is wrong goes to its terminal, and the program
    ends.
    """
    try:
        return drop_root(make_folder=make_folder)
    except RootRefused as problem:
        sys.exit(str(problem))


def hand_over(var: Path, account: Account) -> None:
    """Make the data folder the account's, with what earlier versions wrote into it as root."""
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = {entry.name for entry in var.iterdir()}
    if held and not held & OURS:
        raise RootRefused(
            f"{var} holds other files than Rowcall's: name another folder in ROWCALL_VAR."
        )

    os.chown(var, account.uid, account.gid)

    for name in LEFT_BY_ROOT:
        _hand_over_file(var / name, account)


def _hand_over_file(path: Path, account: Account) -> None:
    """The account may write in this folder, so a link that it put there must not be followed."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return

    try:
        found = os.fstat(file)
        if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and found.st_nlink == 1:
            os.fchown(file, account.uid, account.gid)
    finally:
        os.close(file)


def _refuse_closed(account: Account, *folders: Path) -> None:
    for folder in folders:
        if not os.access(folder, os.R_OK | os.X_OK):
            raise RootRefused(closed(folder, account))


def closed(folder: Path, account: Account) -> str:
    """The sentence about a folder that the account cannot enter."""
    return (
        f"Rowcall never runs as root; the account it runs as instead, {account.name}, cannot enter {folder}."
        " Move Rowcall to a folder that every account may enter, such as /opt/rowcall,"
        " or start it as an ordinary user who owns the folder."
    )


def may_enter(folder: Path) -> bool:
    """Whether every account may pass through the folder and those above it; /root keeps others
    out.
    """
    above = (folder, *folder.parents)
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in above if parent.exists())
