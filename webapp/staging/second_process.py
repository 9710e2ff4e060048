"""The second process of a check, where a core is free for it: it judges and stages blocks that the
first one reads.

Only the first one reads the file, tells lines from contacts and moves the checkpoint, so that all
of it comes out as with one process. The second one stages a block in a transaction of its own,
which commits only while the lease is held. It ends with the first one, and loses nothing when it
is lost: what stands behind the checkpoint is taken back when the check goes on.
"""

import fcntl
import gc
import logging
import marshal
import multiprocessing
import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from webapp.checking.checked_rows import Problem
from webapp.checking.seen_columns import Frequent, SeenColumns
from webapp.db import Connection
from webapp.imports.leases import Lease
from webapp.limits import KIBIBYTE, MEBIBYTE
from webapp.processes import end_with_parent
from webapp.reading.records import Position, Record
from webapp.staging import judging
from webapp.staging.blocks import Block, hold, stage

logger = logging.getLogger(__name__)

LEAST_BYTES = (
    MEBIBYTE  # of a file that are left to be checked; below, starting it saves nothing
)
AHEAD = 2  # blocks that it has, so that it need not wait while the first process judges one
PIPE_BYTES = MEBIBYTE  # that the pipe to it holds, so that handing over never waits
ROOM_BYTES = PIPE_BYTES - 64 * KIBIBYTE  # of it that blocks may take
SILENT_SECONDS = 30  # for a block; then it is ended

Connect = Callable[[], Connection]


class Lost(Exception):  # noqa: N818 - what became of the process
    """The second process is gone, or says nothing any more."""


def cores() -> float:
    """How many processor cores this process may use: those of the system that it may run on, less
    where the control group has a quota. Linux only; one elsewhere.
    """
    if sys.platform != "linux":
        return 1
    return min(len(os.sched_getaffinity(0)), _quota())


def _quota() -> float:
    """The cores that the control groups above this process leave it."""
    try:
        _, _, place = Path("/proc/self/cgroup").read_text().rpartition("0::/")
    except OSError:
        return float("inf")

    root = Path("/sys/fs/cgroup")
    inner = root / place.strip()
    quotas = [
        _quota_of(group) for group in (inner, *inner.parents) if group.is_relative_to(root)
    ]
    return min(quotas)


def _quota_of(group: Path) -> float:
    try:
        most, period = (group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return float("inf")
    return float("inf") if most == "max" else int(most) / int(period)


@contextmanager
def started(
    connect: Connect | None, lease: Lease, import_: dict[str, Any]
) -> Iterator["SecondProcess | None"]:
    """A second process while the block runs; None where there is no connection for it, or where
    the system has no room for another process or for its pipe.
    """
    second = _started(connect, lease, import_) if connect else None
    try:
        yield second
    except BaseException:
        if second:
            second.kill()
        raise

    if second:
        second.end()


def _started(
    connect: Connect, lease: Lease, import_: dict[str, Any]
) -> "SecondProcess | None":
    blocks, answers = multiprocessing.Pipe(duplex=False), multiprocessing.Pipe(duplex=False)
    ends, others = (blocks[0], answers[1]), (blocks[1], answers[0])
    process = multiprocessing.get_context("fork").Process(
        target=_serve,
        args=(ends, others),
        kwargs={"parent": os.getpid(), "connect": connect, "lease": lease, "import_": import_},
        daemon=True,
    )

    try:
        fcntl.fcntl(blocks[1].fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with warnings.catch_warnings():
            # The one thread besides sleeps between two heartbeats, and nothing here waits for it.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    except OSError as error:
        logger.warning("%s: no second process: %s", lease.import_id, error)
        second = None
    else:
        second = SecondProcess(process, *others)

    for end in ends if second else (*ends, *others):
        end.close()

    return second


class SecondProcess:
    """The second process as the first one sees it: it takes blocks, and says of each what its rows
    say of the columns, in the same order.
    """

    def __init__(self, process: Any, blocks: Pipe, answers: Pipe) -> None:
        self.process, self.blocks, self.answers = process, blocks, answers
        self.taken: deque[tuple[Block, int]] = deque()  # with their bytes on the way

    def takes(self, block: Block) -> bool:
        """Hand over a block, if there is room for it. Raises Lost."""
        if len(self.taken) >= AHEAD or block.size > ROOM_BYTES:
            return False

        sent = _packed(block.told, block.frequent)
        if sum(size for _, size in self.taken) + len(sent) > ROOM_BYTES:
            return False

        try:
            self.blocks.send_bytes(sent)
        except OSError:
            raise Lost from None

        self.taken.append((block, len(sent)))
        return True

    def collect(self) -> None:
        """Note the blocks that are staged by now. Raises Lost."""
        while self.taken and self._has_answered(0):
            self._note()

    def wait(self) -> None:
        """Return once the next block is staged. Raises Lost."""
        if not self._has_answered(SILENT_SECONDS):
            raise Lost
        self._note()

    def _has_answered(self, seconds: float) -> bool:
        try:
            return self.answers.poll(seconds)
        except OSError:
            raise Lost from None

    def _note(self) -> None:
        try:
            seen = marshal.loads(self.answers.recv_bytes())  # noqa: S302 - from our own process
        except (OSError, EOFError):
            raise Lost from None

        block, _ = self.taken.popleft()
        block.seen = SeenColumns.from_json(seen)

    def end(self) -> None:
        """Let it end, now that all it took is staged."""
        self.blocks.close()
        self.process.join(SILENT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.blocks.close()
        self.answers.close()


def _packed(told: judging.Told, frequent: Frequent) -> bytes:
    """A block as bytes. Pickle takes three times as long for records."""
    records = (
        [record.row for record in told.records],
        [record.cells for record in told.records],
        [record.problem for record in told.records],
    )
    said = [(row, problem.as_json()) for row, problem in told.said.items()]
    return marshal.dumps((records, said, told.left_out, frequent), 2)


def _unpacked(sent: bytes) -> tuple[judging.Told, Frequent]:
    records, said, left_out, frequent = marshal.loads(sent)  # noqa: S302 - from our own process
    nowhere = Position(0, 0)  # where reading goes on is the first process's matter
    told = judging.Told(
        [
            Record(row, cells, problem, nowhere)
            for row, cells, problem in zip(*records, strict=True)
        ],
        {row: Problem(**problem) for row, problem in said},
        left_out,
    )
    return told, frequent


def _serve(
    ends: tuple[Pipe, Pipe],
    others: tuple[Pipe, Pipe],
    *,
    parent: int,
    connect: Connect,
    lease: Lease,
    import_: dict[str, Any],
) -> None:
    """What the second process does: block after block, until there are no more."""
    end_with_parent()
    if os.getppid() != parent:
        return
    for end in others:
        end.close()

    gc.freeze()  # What the first process made is shared with it as long as it is left alone.

    try:
        _stage(*ends, connect, lease, judging.checker(import_))
    except Exception as error:  # noqa: BLE001 - the first process goes on alone, and meets it
        logger.warning("%s: second process: %s", lease.import_id, type(error).__name__)
        os._exit(1)


def _stage(blocks: Pipe, answers: Pipe, connect: Connect, lease: Lease, checker: Any) -> None:
    with connect() as conn:
        while True:
            try:
                told, frequent = _unpacked(blocks.recv_bytes())
            except EOFError:
                return

            checker.seen = SeenColumns.knowing(frequent)
            seen = stage(conn, lease.import_id, told, checker)
            hold(conn, lease)
            conn.commit()
            answers.send_bytes(marshal.dumps(seen.as_json(), 2))
