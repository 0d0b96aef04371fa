"""`wxlogin db`: the schema of the database."""

from functools import partial
from pathlib import Path

import click
from flask.cli import ScriptInfo, with_appcontext
from flask_migrate import current, downgrade, upgrade
from sqlalchemy.exc import DBAPIError

from wxlogin.db import brief_engine, db, faults, soundness
from wxlogin.errors import ConfigurationError
from wxlogin.factory import build


@click.group("db", help="The schema of the database.")
@click.pass_context
def db_group(context: click.Context) -> None:
    # The other commands refuse a schema that is not this version's.
    context.obj = ScriptInfo(create_app=partial(build, patient=True))


@db_group.command("upgrade", help="Bring the schema to the newest version.")
@with_appcontext
def db_upgrade() -> None:
    bring_up_to_date()
    for flaw in _flaws():
        click.echo(f"wxlogin: {flaw.sentence()}", err=True)
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
        soundness.require_room_for_names(db.engine.url)
        upgrade()
        stopping = [flaw.sentence() for flaw in _flaws() if flaw.stops]
    except DBAPIError as error:
        why = faults.sentence(error)
        if why is None:
            raise
        # The driver's text may quote the URL with its password.
        raise ConfigurationError(
            f"the database does not do what it is asked: {why} ({faults.code(error)})"
        ) from None
    if stopping:
        raise ConfigurationError("\n".join(stopping))


def _flaws() -> list[soundness.Flaw]:
    engine = brief_engine(db.engine.url)
    try:
        return list(soundness.flaws(engine))
    finally:
        engine.dispose()


def _make_folder() -> None:
    url = db.engine.url
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}); make it, or name another "
            "folder with WXLOGIN_INSTANCE"
        ) from None
