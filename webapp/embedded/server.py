"""A server as a process of its own, which ends with this one."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from webapp.embedded.folder import Folder
from webapp.embedded.programs import CannotStart
from webapp.processes import end_with_parent

START_SECONDS = 30
STOP_SECONDS = 15


class Server:
    """One of the servers. `name` names its log and its data, `title` is what people call it."""

    name = ""
    title = ""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it on its data folder, and go on while it comes up."""
        raise NotImplementedError

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGINT is PostgreSQL's fast shutdown."""
        if self.process is None:
            return

        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)

        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()

        self.process = None

    def run(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """Start its process, with a log beside its data."""
        log_file = self.folder.var / f"{self.name}.log"
        log_file.touch(mode=0o600)

        with log_file.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)  # earlier versions let every account read it
            self.process = subprocess.Popen(  # noqa: S603 - our own binaries
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **self.as_account(),
            )

        return self.process

    def as_account(self) -> dict[str, Any]:
        """Die with this process where the system can do that, and never run as root."""
        found: dict[str, Any] = {
            "preexec_fn": partial(end_with_parent, signal.SIGINT),
            "cwd": "/",
        }
        account = self.folder.account
        if account is None:
            return found

        return {**found, "user": account.uid, "group": account.gid, "extra_groups": []}

    def wait(
        self,
        probe: Callable[[], object],
        error: type[Exception],
        patience: Callable[[Exception], float] = lambda _problem: START_SECONDS,
    ) -> None:
        """Wait until `probe` raises no `error` any more. Raises CannotStart once the process is
        gone, or after so many seconds as `patience` has with the error.
        """
        begun = time.monotonic()
        while True:
            try:
                probe()
            except error as problem:
                if self._is_gone() or time.monotonic() - begun > patience(problem):
                    log = self.folder.var / f"{self.name}.log"
                    raise CannotStart(f"{self.title} did not start: see {log}") from problem

                time.sleep(0.05)
            else:
                return

    def _is_gone(self) -> bool:
        return self.process is None or self.process.poll() is not None
