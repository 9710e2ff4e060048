"""A proxy before PostgreSQL that can lose the answer to a COMMIT."""

import select
import socket
import threading
from contextlib import suppress
from pathlib import Path


class Proxy:
    """Stands between a worker and PostgreSQL on a socket of its own. `swallow_commit` loses the answer to a COMMIT."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.server, self.swallow_commit, self.swallowed = server, False, 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(folder / ".s.PGSQL.5432"))
        self.socket.listen()
        self.open = [self.socket]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self.socket.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server / ".s.PGSQL.5432"))
                self.open += [client, server]
                threading.Thread(target=self._pass, args=(client, server), daemon=True).start()

    def _pass(self, client, server) -> None:
        """One message each way after the other, as the protocol goes here: no pipelining, no notices."""
        losing = False
        with suppress(OSError):
            while True:
                for side in select.select([client, server], [], [])[0]:
                    if not (data := side.recv(65536)) or (losing and side is server):
                        self.swallowed += losing
                        return self._hang_up(client, server)
                    losing = losing or (self.swallow_commit and side is client and b"COMMIT" in data)
                    if losing:
                        self.swallow_commit = False
                    (server if side is client else client).sendall(data)
        return self._hang_up(client, server)

    def _hang_up(self, *ends) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._hang_up(*self.open)
