"""`wxlogin followers`: the list of who follows an official account, read from WeChat.

What is printed names accounts and counts, never anybody's openid.
"""

import sys
import time
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup

from wxlogin.cli.printing import json_option, print_json
from wxlogin.cli.tally import Progress
from wxlogin.config import App, AppKind
from wxlogin.flows.follower_list import Read, Stopped, read_list
from wxlogin.observability import get_logger
from wxlogin.service import running

# So many people between two lines, where no line can be rewritten.
_EVERY = 5000

followers_group = AppGroup("followers", help="Followers of official accounts: sync.")


@followers_group.command(
    "sync",
    help="Read the whole list of followers of APP, a name in APPS, or of each official "
    "account that pushes here; it must be verified. May be stopped and run again, and "
    "goes on where it was. Ends with 1 if a list is not read to its end.",
)
@click.argument("app", required=False)
@click.option("--restart", is_flag=True, help="Begin anew; forget how far it was.")
@json_option
def sync(app: str | None, restart: bool, as_json: bool) -> None:
    reads = [_sync(one, restart, quiet=as_json) for one in _accounts(app)]
    if as_json:
        print_json([read for read in reads if read is not None])
    sys.exit(1 if None in reads else 0)


def _sync(app: App, restart: bool, *, quiet: bool) -> dict[str, Any] | None:
    """What was read; None where it stopped, of which a sentence is printed."""
    begun = time.monotonic()
    progress = Progress(what=f"followers of {app.name}", every=_EVERY)
    try:
        found = read_list(app, progress.show, anew=restart, wait=_Wait(app))
    except Stopped as stopped:
        progress.clear()
        click.echo(f"wxlogin: {stopped}", err=True)
        return None
    except BaseException:
        progress.clear()
        raise
    progress.clear()
    get_logger().info(
        "followers read", app=app.name, followers=found.listed, left=found.left
    )
    seconds = time.monotonic() - begun
    if not quiet:
        _report(app, found, seconds)
    return {"app": app.name, **asdict(found), "seconds": round(seconds)}


def _report(app: App, found: Read, seconds: float) -> None:
    counts = "" if found.listed >= found.total else f" (WeChat counts {found.total:,})"
    click.echo(
        f"{app.name}: {found.listed:,} in the list{counts}, {found.left:,} who follow "
        f"no more. It took {seconds // 60:.0f}:{seconds % 60:02.0f}."
    )


class _Wait:
    """Waits while it is not clear whether another run is alive, and says so once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._told = False

    def __call__(self, seconds: float) -> None:
        if not self._told:
            self._told = True
            name = self._app.name
            click.echo(f"{name}: looking whether another run is alive …", err=True)
        time.sleep(seconds)


def _accounts(name: str | None) -> list[App]:
    """The account of this name, or all of them. Raises UsageError."""
    settings = running().settings
    found = settings.telling_accounts
    if name is not None:
        found = [app for app in found if app.name == name]
    if found:
        return found
    known = settings.app_named(name or "")
    if known is not None and known.kind is AppKind.official_account:
        raise click.UsageError(
            f"{name} has no token in APPS: nothing would tell us who follows it later "
            "(docs/official-account.md)"
        )
    names = ", ".join(app.name for app in settings.telling_accounts) or "none"
    what = f"{name!r} is none of the" if name is not None else "there are no"
    raise click.UsageError(f"{what} official accounts that push here: {names}")
