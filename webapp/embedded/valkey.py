"""Valkey, which keeps the queue."""

from pathlib import Path
from subprocess import Popen

import redis

from webapp.embedded.programs import valkey_program
from webapp.embedded.server import Server


class Valkey(Server):
    """On a unix socket alone; it writes what it is told to disk, and drops nothing."""

    name, title = "valkey", "Valkey"

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises CannotStart."""
        self.spawn()
        client = redis.Redis(unix_socket_path=str(self.socket))
        self.wait(client.ping, redis.RedisError)

    def spawn(self) -> Popen[bytes]:
        """Start it on its data folder, and go on while it comes up."""
        data = self.folder.var / "valkey"
        self.folder.own(data)
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]

        return self.run([str(valkey_program()), *options])
