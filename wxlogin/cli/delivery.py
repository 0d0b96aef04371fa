"""`wxlogin deliver`, and the delivery that runs beside a service.

A service that `wxlogin run` or `wxlogin demo` started delivers by itself, and forgets
what has run out. The command is for one that is served in another way: run it every
minute.
"""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from wxlogin.flows.retention import forget_if_due
from wxlogin.telling.delivery import Deliverer, deliver_once

_NAME = "wxlogin.deliverer"


@click.command(
    "deliver",
    help="Tell sites, once, what is due: webhooks and logout notices. Once a day it "
    "also forgets what has run out.",
)
@with_appcontext
def deliver() -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    count = deliver_once(app.app_context)
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
