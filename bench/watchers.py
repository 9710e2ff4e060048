"""Those who watch an import: half over the socket, half polling as a page without one does.

One thread for all.
"""

import asyncio
import re
import struct
import threading
import time
from dataclasses import dataclass, field

POLL_SECONDS = 2.0
SHOWN = re.compile(rb"([\d,]+) of [\d,]+ rows?")
PONG = b"\x8a\x80\0\0\0\0"


@dataclass
class Seen:
    """What one watcher saw: (moment, rows processed); how long each answer took, in seconds;
    what went wrong.
    """

    pushed: bool
    progress: list[tuple[float, int]] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, fragment: bytes) -> None:
        if found := SHOWN.search(fragment):
            self.progress.append((time.time(), int(found[1].replace(b",", b""))))


class Watchers:
    """`with Watchers(port, import_id, cookie, 100) as seen: …` watches until the import is over."""

    def __init__(self, port: int, import_id: object, cookie: str, how_many: int) -> None:
        self.port, self.path = port, f"/imports/{import_id}"
        self.headers = f"Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
        self.seen = [Seen(pushed=number % 2 == 0) for number in range(how_many)]
        self.thread = threading.Thread(target=lambda: asyncio.run(self._all()))

    def __enter__(self) -> list[Seen]:
        self.thread.start()
        return self.seen

    def __exit__(self, *_error: object) -> None:
        self.thread.join()

    async def _all(self) -> None:
        apart = POLL_SECONDS / max(
            len(self.seen), 1
        )  # They come one after another, as people do.
        await asyncio.gather(
            *[self._one(seen, number * apart) for number, seen in enumerate(self.seen)]
        )

    async def _one(self, seen: Seen, delay: float) -> None:
        await asyncio.sleep(delay)
        watch = self._listen if seen.pushed else self._poll
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await watch(seen, reader, writer)
        except (OSError, EOFError, ValueError) as error:
            seen.errors.append(repr(error))
        finally:
            writer.close()

    async def _listen(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(
            f"GET {self.path}/live HTTP/1.1\r\n{self.headers}Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ValueError(head[:60])
        while True:
            first, length = await reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
            payload = await reader.readexactly(length)
            if first & 15 == 8:
                if payload[:2] != struct.pack(">H", 1000):
                    raise ValueError(payload)
                return
            if first & 15 == 9:
                writer.write(PONG)
            seen.note(payload)

    async def _poll(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            asked = time.monotonic()
            writer.write(
                f"GET {self.path}/progress/fragment HTTP/1.1\r\n{self.headers}\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
            fragment = await reader.readexactly(int(length[1]) if length else 0)
            seen.answers.append(time.monotonic() - asked)
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise ValueError(head[:60])
            seen.note(fragment)
            if b"hx-redirect" in head.lower():
                return
            await asyncio.sleep(max(POLL_SECONDS - (time.monotonic() - asked), 0))
