"""PostgreSQL and a Redis-compatible server from their wheels, for a start without any installation.

They listen on unix sockets only, in a folder that no other account may enter. PostgreSQL asks for
passwords besides, and the program's own role is no superuser.
"""

from pathlib import Path

from webapp.embedded.folder import Folder
from webapp.embedded.postgres import Postgres
from webapp.embedded.programs import CannotStart, postgres_program
from webapp.embedded.server import Server
from webapp.embedded.valkey import Valkey

__all__ = ["CannotStart", "Servers", "postgres_program"]


class Servers:
    """Both servers, with their data under one folder. They end with this process."""

    def __init__(self, var: Path) -> None:
        self.folder = Folder(var)
        self.postgres = Postgres(self.folder)
        self.valkey = Valkey(self.folder)

    def start(self, *, database: bool = True, queue: bool = True) -> dict[str, str]:
        """Start what is asked for; the environment that points at it. Raises CannotStart."""
        self.folder.take()
        found = {}

        if database:
            self.postgres.start()
            found["DATABASE_URL"] = self.postgres.url

        if queue:
            self.valkey.start()
            found["REDIS_URL"] = self.valkey.url

        return found

    def addresses(self) -> dict[str, str]:
        """The environment that points at both servers, running or not."""
        return {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}

    @property
    def running(self) -> list[Server]:
        """Those that were started, in the order of their start."""
        return [server for server in (self.postgres, self.valkey) if server.process]

    def stop(self) -> None:
        """End them, newest first, and let the folder go."""
        for server in reversed(self.running):
            server.stop()

        self.folder.let_go()
