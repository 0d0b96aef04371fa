"""`wxlogin cleanup`: forgetting, for a service that does not do it by itself."""

import click
from flask.cli import with_appcontext

from wxlogin.flows.retention import forget
from wxlogin.service import running


@click.command(
    "cleanup",
    help="Remove what ran out: sessions, tokens, events, old sign-ins. `wxlogin run` "
    "does it daily by itself, and so does `wxlogin deliver`.",
)
@with_appcontext
def cleanup() -> None:
    gone = forget(running().settings)
    click.echo(f"Removed {gone.sessions} sessions and {gone.logins} lines of history.")
    click.echo(f"Removed {gone.tokens} tokens and {gone.events} events of sites.")
