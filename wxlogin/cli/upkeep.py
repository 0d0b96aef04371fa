"""`wxlogin db`, `cleanup` and `deliver`: the schema, forgetting, and telling sites.

A service that `wxlogin run` or `wxlogin demo` started delivers by itself, and forgets
what has run out. The commands are for one that is served in another way: run `deliver`
every minute.
"""

from functools import partial

import click
from flask import Flask
from flask.cli import ScriptInfo, pass_script_info, with_appcontext
from flask_migrate import current, downgrade

from wxlogin.cli.printing import json_option, print_json
from wxlogin.db import schema
from wxlogin.factory import build
from wxlogin.flows.retention import forget, forget_if_due
from wxlogin.service import running
from wxlogin.telling.delivery import Deliverer, deliver_once

_NAME = "wxlogin.deliverer"


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
@json_option
@with_appcontext
def db_current(as_json: bool) -> None:
    if as_json:
        there, newest = schema.versions()
        print_json({"current": there, "newest": newest})
    else:
        current()


@click.command(
    "cleanup",
    help="Remove what ran out: sessions, tokens, events, old sign-ins. `wxlogin run` "
    "does it daily by itself, and so does `wxlogin deliver`.",
)
@json_option
@with_appcontext
def cleanup(as_json: bool) -> None:
    gone = forget(running().settings)
    if as_json:
        print_json(gone)
        return
    click.echo(f"Removed {gone.sessions} sessions and {gone.logins} lines of history.")
    click.echo(f"Removed {gone.tokens} tokens and {gone.events} events of sites.")
    click.echo(f"Removed {gone.followers} people who followed an official account.")


@click.command(
    "deliver",
    help="Tell sites, once, what is due: webhooks and logout notices. Once a day it "
    "also forgets what has run out.",
)
@json_option
@pass_script_info
@with_appcontext
def deliver(info: ScriptInfo, as_json: bool) -> None:
    count = deliver_once(info.load_app().app_context)
    if as_json:
        print_json({"delivered": count})
    else:
        click.echo(f"Delivered {count}.")
    forget_if_due()


def start_delivery(app: Flask) -> None:
    """Begins to deliver in this process, which is not to be forked afterwards."""
    app.extensions[_NAME] = Deliverer(app.app_context, app)
    app.extensions[_NAME].start()


def stop_delivery(app: Flask) -> None:
    """Ends it, with the calls that are on their way."""
    if deliverer := app.extensions.pop(_NAME, None):
        deliverer.stop()
