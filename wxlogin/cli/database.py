"""`wxlogin db`: the schema of the database."""

import click
from flask.cli import with_appcontext
from flask_migrate import current, downgrade, upgrade


@click.group("db", help="The schema of the database.")
def db_group() -> None: ...


@db_group.command("upgrade", help="Bring the schema to the newest version.")
@with_appcontext
def db_upgrade() -> None:
    upgrade()
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
