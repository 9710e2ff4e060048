"""`rowcall`: the administrator's command.

It finds the servers that `make run` started by itself, where the environment names none, and says
in a sentence what is wrong. Each command is loaded when it is called, so that the entry starts
fast.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import click
import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from webapp.admin import AdminError
from webapp.config import Misconfigured, Settings
from webapp.embedded import CannotStart, Servers

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "backup": "webapp.admin.commands",
    "doctor": "webapp.admin.commands",
    "migrate": "webapp.admin.commands",
    "restore": "webapp.admin.commands",
    "setup-link": "webapp.cli",
    "token": "webapp.cli",
    "user": "webapp.cli",
}


class Rowcall(click.Group):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None

        if COMMANDS[cmd_name] == "webapp.cli":
            ctx.obj = _with_flask()

        found: click.Command = getattr(
            import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_")
        )

        return found


@click.group(cls=Rowcall, context_settings={"help_option_names": ["-h", "--help"]})
def rowcall() -> None:
    """Look after an installation of Rowcall."""


def main() -> None:
    """Run the command that the arguments name; its exit status."""
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # tidies up on the way
    try:
        name_servers()
        rowcall.main(prog_name="rowcall")
    except (AdminError, CannotStart, Misconfigured) as problem:
        sys.exit(str(problem))
    except (psycopg.OperationalError, OperationalError) as problem:
        said = str(getattr(problem, "orig", problem)).partition("\n")[0]
        sys.exit(f"The database is out of reach ({said}). Look with: rowcall doctor")
    except (psycopg.Error, DBAPIError) as problem:
        kind = type(getattr(problem, "orig", problem)).__name__
        sys.exit(f"The database refused ({kind}). Look with: rowcall doctor")
    except UnicodeError:
        sys.exit("An argument holds bytes that are no text.")
    except PermissionError as problem:
        sys.exit(
            f"{problem.filename} is not readable for you: run this as the account that runs Rowcall."
        )


def name_servers() -> None:
    """Put into the environment what it leaves out and `make run` made: addresses and the key.

    Without ROWCALL_VAR it is the folder `var` of this checkout, wherever the command is called.
    """
    os.environ.setdefault("ROWCALL_VAR", str(ROOT / "var"))
    settings = Settings()

    if any((settings.var / data).is_dir() for data in ("postgres", "valkey")):
        for name, address in Servers(settings.var).addresses().items():
            os.environ.setdefault(name, address)

    key = settings.var / "secret_key"
    if "SECRET_KEY" not in os.environ and key.exists():
        os.environ["SECRET_KEY"] = key.read_text().strip()


def _with_flask() -> object:
    """What Flask's commands find their application by."""
    from flask.cli import ScriptInfo  # noqa: PLC0415 - two seconds, for these commands alone

    from webapp.app import create_app  # noqa: PLC0415

    return ScriptInfo(create_app=create_app)


if __name__ == "__main__":
    main()
