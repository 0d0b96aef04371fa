"""`wxlogin cleanup`: what an operator runs now and then."""

from datetime import timedelta

import click
from flask.cli import with_appcontext

from wxlogin.accounts.forgetting import forget_events, forget_tokens
from wxlogin.accounts.history import forget_old_logins
from wxlogin.accounts.sessions import forget_ended
from wxlogin.config import current_settings
from wxlogin.db import now


@click.command("cleanup", help="Remove what ran out: sessions, tokens, events …")
@with_appcontext
def cleanup() -> None:
    settings, at = current_settings(), now()
    idle = timedelta(days=settings.session_idle_days)
    ended = forget_ended(at, idle=idle)
    old = forget_old_logins(at - timedelta(days=settings.login_history_days))
    click.echo(f"Removed {ended} sessions and {old} lines of history.")
    tokens, told = forget_tokens(at), forget_events(at)
    click.echo(f"Removed {tokens} tokens and {told} events of sites.")
