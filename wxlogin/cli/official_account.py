"""`wxlogin oa`: what an official account's owner made in WeChat's console, kept."""

import sys

import click
from flask.cli import AppGroup

from wxlogin.cli.printing import plain, table
from wxlogin.config import App, AppKind
from wxlogin.errors import NotFound, WxloginError
from wxlogin.flows import account_console, kept_replies
from wxlogin.flows.account_console import Part, Plan
from wxlogin.observability import get_logger
from wxlogin.service import running

oa_group = AppGroup("oa", help="Official accounts: keep what the console answers.")


@oa_group.command(
    "keep",
    help="Keep the menu and the automatic replies that APP has in WeChat's console: a "
    "push address stops them. Run it before the address is set, and again whenever "
    "you like. APP is a name in APPS.",
)
@click.argument("name", metavar="APP")
@click.option("--dry-run", is_flag=True, help="Say what would be kept; change nothing.")
@click.option(
    "--switched-off",
    is_flag=True,
    help="Keep also the replies that WeChat tells as switched off: for an account "
    "whose address is set already.",
)
@click.option("--forget", is_flag=True, help="Say none of the kept replies any more.")
def keep(name: str, dry_run: bool, switched_off: bool, forget: bool) -> None:
    app = _account(name)
    if forget:
        _forget(app)
        return
    plan = account_console.plan(app, switched_off=switched_off)
    _print(plan)
    if dry_run:
        click.echo("\nA dry run: nothing was changed.")
        return
    _carry_out(app, plan)


def _carry_out(app: App, plan: Plan) -> None:
    try:
        account_console.carry_out(app, plan)
    except WxloginError as error:
        get_logger().warning("menu not made", app=app.name, why=error.operator)
        click.echo(
            "\nThe replies are kept. The menu was not made: "
            f"{account_console.why(error)}",
            err=True,
        )
        sys.exit(1)
    get_logger().info("console kept", app=app.name, lost=len(plan.lost))
    click.echo(f"\nKept.{' The menu is made by a call now.' if plan.menu else ''}")
    if plan.replies.buttons:
        click.echo("Until the push address is set, buttons whose text wxlogin says are")
        click.echo("silent: set it now.")


def _forget(app: App) -> None:
    was_there = kept_replies.forget(app.appid)
    click.echo("Forgotten." if was_there else "Nothing was kept.")


def _print(plan: Plan) -> None:
    _parts("kept", plan.kept)
    if plan.lost:
        click.echo()
    _parts("lost", plan.lost)
    if not plan.kept and not plan.lost:
        click.echo("There is neither a menu nor an automatic reply.")
    for note in plan.notes:
        click.echo(f"\n{plain(note)}")


def _parts(heading: str, parts: tuple[Part, ...]) -> None:
    if parts:
        table((heading, ""), ((part.place, part.about) for part in parts))


def _account(name: str) -> App:
    app = running().settings.app_named(name)
    if app is None or app.kind is not AppKind.official_account:
        raise NotFound(f"APPS has no official_account named {name}")
    return app
