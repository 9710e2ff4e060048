"""A program that drives the web process over the API, as a user's program does."""

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = '--bench\r\nContent-Disposition: form-data; name="file"; filename="{}"\r\n\r\n'
TAIL = b"\r\n--bench--\r\n"
BLOCK = 1 << 20


class Wire:
    """Requests with a token to 127.0.0.1. What the server refuses ends the bench."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        """The answer's body; it is read and dropped block by block where it is a file."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            **headers,
        }
        if isinstance(body, dict):
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        self._connect(connection)
        connection.request(method, f"/api{path}", body, sent)
        answer = connection.getresponse()
        found = answer.read(BLOCK)
        while answer.read(BLOCK):
            pass
        connection.close()
        assert answer.status < 300, (method, path, answer.status, found[:500])
        return found

    @staticmethod
    def _connect(connection: http.client.HTTPConnection) -> None:
        for _ in range(300):  # The process may still be starting.
            try:
                return connection.connect()
            except ConnectionRefusedError:
                time.sleep(0.1)
        return connection.connect()

    def upload(self, file: Path) -> tuple[str, float]:
        """Upload a file and have its suggested columns checked: its id, and when the last byte
        was sent.
        """
        length = len(_head(file)) + file.stat().st_size + len(TAIL)
        headers = {
            "Content-Type": "multipart/form-data; boundary=bench",
            "Content-Length": str(length),
        }
        sent: list[float] = []
        found = json.loads(self.ask("POST", "/imports", _parts(file, sent), **headers))
        import_id = found["import_id"]
        self.ask(
            "PUT", f"/imports/{import_id}/mapping", {"mapping": found["suggested_mapping"]}
        )
        return import_id, sent[0]

    def execute(self, import_id: str, strategy: str = "skip") -> None:
        body = {"import_id": import_id, "duplicate_strategy": strategy}
        self.ask("POST", f"/imports/{import_id}/execute", body)


def _head(file: Path) -> bytes:
    return HEAD.format(file.name).encode()


def _parts(file: Path, sent: list[float]) -> Iterator[bytes]:
    yield _head(file)
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block
    yield TAIL
    sent.append(time.monotonic())
