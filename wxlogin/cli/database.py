"""`wxlogin db`: the schema of the database."""

from functools import partial

import click
from flask.cli import ScriptInfo, with_appcontext
from flask_migrate import current, downgrade

from wxlogin.db import schema
from wxlogin.factory import build


@click.group("db", help="The schema of the database.")
@click.pass_context
def db_group(context: click.Context) -> None:
    # The other commands refuse a schema that is not this version's.
    context.obj = ScriptInfo(create_app=partial(build, patient=True))


@db_group.command("upgrade", help="Bring the schema to the newest version.")
@with_appcontext
def db_upgrade() -> None:
    schema.bring_up_to_date()
    for flaw in schema.flaws():
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
