"""`wxlogin db`: the schema of the database."""

from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_migrate import current, downgrade, upgrade
from sqlalchemy.exc import OperationalError

from wxlogin.db import db
from wxlogin.errors import ConfigurationError


@click.group("db", help="The schema of the database.")
def db_group() -> None: ...


@db_group.command("upgrade", help="Bring the schema to the newest version.")
@with_appcontext
def db_upgrade() -> None:
    bring_up_to_date()
    click.echo("The database is up to date.")


@db_group.command("downgrade", help="Take the newest version of the schema back.")
@click.argument("revision", default="-1")
@with_appcontext
def db_downgrade(revision: str) -> None:
    downgrade(revision=revision)
    click.echo("The schema was taken back.")


@db_group.command("current", help="Show the version of the schema.")
@with_appcontext
def db_current() -> None:
    current()


def bring_up_to_date() -> None:
    """Brings the schema to the newest version; needs an application context.

    The first time, it also makes the folder of a SQLite file: an installed package
    has no `instance` yet. Raises ConfigurationError where the database cannot be
    opened.
    """
    _make_folder()
    try:
        upgrade()
    except OperationalError as error:
        # The driver's text may quote the URL with its password.
        kind = getattr(error.orig, "sqlite_errorname", type(error.orig).__name__)
        raise ConfigurationError(
            f"the database does not do what it is asked ({kind}); `wxlogin doctor` "
            "says what to mend"
        ) from None


def _make_folder() -> None:
    url = db.engine.url
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}); make it, or name another "
            "folder with WXLOGIN_INSTANCE"
        ) from None
