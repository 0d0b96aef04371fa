"""`wxlogin keys` and `wxlogin cleanup`: what an operator runs now and then."""

import sys
from datetime import timedelta

import click
from flask.cli import AppGroup, with_appcontext

from wxlogin.accounts.history import forget_old_logins
from wxlogin.accounts.resealing import reseal_all
from wxlogin.accounts.sessions import forget_ended
from wxlogin.config import current_settings
from wxlogin.db import now
from wxlogin.security.sealing import current_sealer

keys_group = AppGroup("keys", help="ENCRYPTION_KEYS: reseal.")


@keys_group.command(
    "reseal",
    help="Seal everything again with the first of ENCRYPTION_KEYS. Runs while the "
    "service does, and may be repeated; afterwards the other keys can be removed.",
)
def reseal() -> None:
    done = reseal_all(current_sealer())
    click.echo(f"{done.resealed} grants were sealed with the first key.")
    if done.broken:
        click.echo(
            f"{done.broken} grants open with none of the keys. Put the missing key "
            "back, or leave them: those people sign in again when it matters.",
            err=True,
        )
        sys.exit(1)


@click.command("cleanup", help="Remove sessions that ran out and old sign-ins.")
@with_appcontext
def cleanup() -> None:
    settings, at = current_settings(), now()
    idle = timedelta(days=settings.session_idle_days)
    ended = forget_ended(at, idle=idle)
    old = forget_old_logins(at - timedelta(days=settings.login_history_days))
    click.echo(f"Removed {ended} sessions and {old} lines of history.")
