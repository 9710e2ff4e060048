"""A proxy before PostgreSQL that can lose the answer to committed batches, or everything, as a
cut cable does.
"""

import select
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
BATCH = b"contact_import_rows"  # what only a connection that runs batches asks for


class Proxy:
    """Listens in `folder` and passes all on to the server's `sockets`, until
    `lose_next_answer` or `cut` is set.
    """

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder, self.sockets = folder, sockets
        self.lose_next_answer = self.cut = False
        self.lost = 0
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(folder / SOCKET))
        (folder / SOCKET).chmod(0o777)
        self.door.listen()
        self.open = [self.door]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        _hang_up(*self.open)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, server = self.door.accept()[0], socket.socket(socket.AF_UNIX)
                server.connect(str(self.sockets / SOCKET))
                self.open += [client, server]
                threading.Thread(
                    target=self._pass_on, args=(client, server), daemon=True
                ).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        runs_batches = False
        with suppress(OSError):
            while True:
                for side in select.select([client, server], [], [])[0]:
                    while self.cut:  # Nobody is told; both ends go on waiting.
                        time.sleep(0.05)
                    data = side.recv(65536)
                    if not data:
                        return _hang_up(client, server)
                    runs_batches = runs_batches or (side is client and BATCH in data)
                    if self.lose_next_answer and runs_batches and side is server:
                        self.lost, self.lose_next_answer = self.lost + 1, False
                        return _hang_up(client, server)
                    (server if side is client else client).sendall(data)
        return _hang_up(client, server)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
