"""The commands of `rowcall` that need no web application: they call what does the work, and
print.
"""

from pathlib import Path

import click

from webapp.admin import AdminError
from webapp.config import Settings

# What the commands call is imported where they call it: the web process has them all, for
# `flask --app webapp.app`, and runs none.


@click.command()
@click.argument("file", required=False)
def backup(file: str | None) -> None:
    """Write the whole database into FILE, while everything runs.

    An earlier FILE stays as it is until the new one is whole. Only its owner may read it.
    """
    if not file:
        raise AdminError(
            "Say where the backup goes: rowcall backup FILE, or make backup FILE=rowcall.dump"
        )

    from webapp.admin import backup as backups  # noqa: PLC0415 - see above

    click.echo(backups.write(_database_url(), Path(file).resolve()))


@click.command()
@click.argument("file", required=False)
@click.option("--back", is_flag=True, help="Put back what was there before the last restore.")
@click.option(
    "--drop-kept", is_flag=True, help="Delete what was there before the last restore."
)
def restore(file: str | None, back: bool, drop_kept: bool) -> None:
    """Put the backup FILE in the place of what the database holds, while everything runs.

    It is checked and brought to this version first. What was there before is kept.
    """
    if bool(file) + back + drop_kept != 1:
        raise AdminError(
            "Say which backup: rowcall restore FILE, or make restore FILE=rowcall.dump"
        )

    from webapp.admin import restore as restores  # noqa: PLC0415 - see above

    url = _database_url()

    if back:
        click.echo(restores.back(url))
    elif drop_kept:
        click.echo(restores.drop_kept(url))
    else:
        click.echo(restores.restore(url, Path(file or "").resolve()))


@click.command()
def migrate() -> None:
    """Bring the tables to this version, and let RETENTION_DAYS hold for all, as make run does."""
    from webapp import migrate as migrations  # noqa: PLC0415 - the name is this command's

    url = _database_url()
    migrations.migrate(url)
    migrations.take_over(url, Settings())
    click.echo(f"The tables are of version {migrations.NEWEST}.")


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Look at every part and say how to correct what is wrong; exit status 1 where something is."""
    from webapp.admin import doctor as doctors  # noqa: PLC0415 - the other commands need none of it

    found = doctors.look(Settings())
    click.echo("\n".join(map(str, found)))
    ctx.exit(any(finding.level == "FIX" for finding in found))


def _database_url() -> str:
    url = Settings().database_url
    if not url:
        raise AdminError(
            "Rowcall was never started here. Start it with make run, or set DATABASE_URL."
        )

    return url
