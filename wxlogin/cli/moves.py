"""`wxlogin migrate openids` and `unionids`: an official account that moved to another
one, and an app that is bound to another open platform (docs/moves.md).

Openids stand in the report, which is for the operator alone; the log has counts only.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, TextIO

import click
from flask.cli import AppGroup

from wxlogin.accounts import bindings
from wxlogin.accounts.bindings import Counts, Unnamed
from wxlogin.accounts.move_verdicts import Outcome, Result
from wxlogin.cli.files import private
from wxlogin.cli.printing import facts, json_option, moment, plain, print_json
from wxlogin.cli.tally import Progress
from wxlogin.config import App, AppKind
from wxlogin.errors import WxloginError
from wxlogin.flows import moves
from wxlogin.flows.moves import Order
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat.errors import errcode_of

_APPID = re.compile(r"wx[0-9a-z]{16}")
_WORDS = {
    Outcome.moved: "moved",
    Outcome.merged: "merged with the new openid's account",
    Outcome.known: "known by both openids already",
    Outcome.follower: "followers without an account",
    Outcome.gone: "not here any more",
    Outcome.conflict: "conflicts",
    Outcome.failed: "failed",
}
# What is said of each by itself; the others are counted.
_TOLD = (Outcome.merged, Outcome.conflict, Outcome.failed)
_NOT_CALLED_SO, _BUSY = 63178, -1

migrate_group = AppGroup("migrate", help="What moved at WeChat: openids, unionids.")


@migrate_group.command(
    "openids",
    help="An official account moved to another one: ask WeChat what its people's "
    "openids became, and take them along. May be stopped and run again: it asks for "
    "those who are left. Ends with 1 if somebody is.",
)
@click.option("--app", "name", required=True, help="The new account's name in APPS.")
@click.option(
    "--from-appid",
    "source",
    required=True,
    metavar="APPID",
    help="The old account's appid, or its name in APPS.",
)
@click.option(
    "--from-id",
    "called",
    metavar="ID",
    help="What WeChat is told of the old account; its appid if not given. Say its gh_ "
    "id (原始ID) where WeChat answers 63178.",
)
@click.option("--dry-run", is_flag=True, help="Ask WeChat, and write nothing.")
@click.option(
    "--report", metavar="FILE", help="Write who failed to FILE, and not to the screen."
)
def openids(
    name: str, source: str, called: str | None, dry_run: bool, report: str | None
) -> None:
    app, appid = _account(name), _appid(source)
    if app.appid == appid:
        raise click.UsageError("the old account and the new one are the same")
    order = Order(appid, app, called or appid, dry_run)
    if not moves.left(order):
        click.echo(
            f"Nobody is left: nobody here has an openid of {appid} and no new one."
        )
        return
    with ExitStack() as stack:
        file = stack.enter_context(private(report)) if report else None
        counts, error = _take_along(order, file)
        if file is not None:
            told = {_key(one): counts[one] for one in Outcome}
            file.write(json.dumps({"counts": told}) + "\n")
    _tell(order, counts, report)
    if error is not None:
        _tell_stop(order, error)
    done = error is None and all(one.is_done for one in +counts)
    sys.exit(0 if done else 1)


def _take_along(
    order: Order, file: TextIO | None
) -> tuple[Counter[Outcome], WxloginError | None]:
    """What became of whom, and what stopped it."""
    counts: Counter[Outcome] = Counter()
    progress = Progress(what="people")
    try:
        for batch in moves.take_along(order):
            counts.update(one.outcome for one in batch)
            progress.clear()
            _tell_each((one for one in batch if one.outcome in _TOLD), file)
            progress.show(counts.total())
    except WxloginError as error:
        return counts, error
    finally:
        progress.clear()
        told = {_key(one): counts[one] for one in Outcome}
        get_logger().info("openids moved", dry_run=order.dry_run, **told)
    return counts, None


def _key(outcome: Outcome) -> str:
    return outcome.value


def _tell_each(results: Iterable[Result], file: TextIO | None) -> None:
    for one in results:
        if file is None:
            click.echo(_sentence(one))
            continue
        told: dict[str, Any] = {
            "openid": one.openid,
            "outcome": one.outcome.value,
            "why": one.why,
            "uid": one.uid,
            "other_uid": one.other_uid,
        }
        kept = {name: value for name, value in told.items() if value}
        file.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _sentence(one: Result) -> str:
    who = " and ".join(uid for uid in (one.uid, one.other_uid) if uid)
    what = ", ".join(part for part in (who, one.why) if part)
    return f"{one.outcome.value} {plain(one.openid)}: {plain(what)}"


def _tell(order: Order, counts: Counter[Outcome], report: str | None) -> None:
    if order.dry_run:
        click.echo("A dry run: nothing was written.")
    lines = [(word, str(counts[one])) for one, word in _WORDS.items()]
    facts([*lines, ("people in all", str(counts.total()))])
    if report:
        click.echo(f"Who failed, and who was merged, stands in {report}.")
    left = moves.left(order)
    if left and not order.dry_run:
        click.echo(f"{left} are left; the same command asks for them again.")


def _tell_stop(order: Order, error: WxloginError) -> None:
    get_logger().warning("openids: stopped", why=error.operator, **error.facts)
    click.echo(f"wxlogin: stopped. {error.operator}", err=True)
    match errcode_of(error):
        case code if code == _NOT_CALLED_SO:
            click.echo(_other_name(order), err=True)
        case code if code == _BUSY:
            click.echo(
                "It is also WeChat's answer when fifteen days have passed since the "
                "move: then nobody can be asked for any more.",
                err=True,
            )
    click.echo("What was taken along stays; the same command goes on.", err=True)


def _other_name(order: Order) -> str:
    asked = f"WeChat was told of the old account as {order.called}."
    if order.called == order.source:
        return f"{asked} Perhaps it wants its 原始ID: add --from-id gh_…"
    return f"{asked} Perhaps it wants its appid: leave --from-id out."


@migrate_group.command(
    "unionids",
    help="An app is bound to another open platform: how many of its people have a "
    "unionid there by now. They get it with their next sign-in.",
)
@click.option("--app", "name", required=True, help="The app's name in APPS.")
@click.option(
    "--report", metavar="FILE", help="Write to FILE who has none, as JSON lines."
)
@json_option
def unionids(name: str, report: str | None, as_json: bool) -> None:
    app = _app(name)
    if app.open_platform is None:
        raise click.UsageError(
            f"{name} has no open_platform in APPS: name the new one there first"
        )
    counts = bindings.count(app.appid, app.open_platform)
    if as_json:
        print_json(counts)
    else:
        _tell_counts(app, counts)
    if report:
        with private(report) as file:
            for one in bindings.unnamed(app.appid, app.open_platform):
                file.write(_unnamed(one))


def _tell_counts(app: App, counts: Counts) -> None:
    facts(
        [
            (f"people of {app.name}", str(counts.people)),
            (f"have a unionid of {app.open_platform}", str(counts.named)),
            ("known there by another app alone", str(counts.elsewhere)),
            ("not yet", str(counts.people - counts.named - counts.elsewhere)),
        ]
    )


def _unnamed(one: Unnamed) -> str:
    told = {
        "openid": one.openid,
        "uid": one.uid,
        "open_platform": one.open_platform,
        "last_seen": moment(one.last_seen_at),
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _account(name: str) -> App:
    app = _app(name)
    if app.kind is not AppKind.official_account:
        raise click.UsageError(
            f"{name} is a {app.kind.value}; only of an official account WeChat says "
            "what openids became"
        )
    return app


def _app(name: str) -> App:
    apps = {app.name: app for app in running().settings.apps}
    if name not in apps:
        known = ", ".join(sorted(apps)) or "none"
        raise click.UsageError(f"no app in APPS is called {name!r}; there are: {known}")
    return apps[name]


def _appid(text: str) -> str:
    """The appid of this name, or the appid itself."""
    named = {app.name: app.appid for app in running().settings.apps}
    if text in named:
        return named[text]
    if _APPID.fullmatch(text):
        return text
    also = ""
    if text.startswith("gh_"):
        also = f"; and beside it --from-id {text}"
    raise click.UsageError(
        f"--from-appid is wx and 16 small letters or digits, or a name in APPS{also}"
    )
