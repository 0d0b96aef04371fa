"""`wxlogin users`: list and find users, see all that is stored of one, close, open or
delete the account."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup

from wxlogin.accounts import people, roster, sessions
from wxlogin.accounts.people import Account
from wxlogin.accounts.person import WRITTEN
from wxlogin.accounts.roster import Page, Wanted
from wxlogin.cli.printing import facts, json_option, moment, print_json, table
from wxlogin.cli.sites import site_named
from wxlogin.config.written import require_utf_8
from wxlogin.errors import NotFound
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites import memberships
from wxlogin.transfer.own_data import own_data

# A browser's own words are long.
_LONGEST = 60

users_group = AppGroup(
    "users",
    help="Users: list, find, show, disable, enable, delete, end-sessions. UID is a "
    "user's uid, also one that was merged away.",
)
_site_option = click.option(
    "--site", help="Only those this site knows: its client_id or name."
)
_limit_option = click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True
)
_after_option = click.option(
    "--after", metavar="UID", help="Go on behind this user, the last of a page."
)


@users_group.command("list", help="Users, in the order in which they came.")
@_site_option
@_limit_option
@_after_option
@json_option
def list_users(site: str | None, as_json: bool, **page: Any) -> None:
    _list(Wanted(client_id=_client_id(site)), as_json=as_json, **page)


@users_group.command(
    "find",
    help="Users by a part of the name, or by the whole of a uid (a former one, too), "
    "openid, unionid, a site's own id (external_id) or a phone number that is kept. "
    "Ends with 1 if there is none.",
)
@click.argument("text")
@_site_option
@_limit_option
@_after_option
@json_option
def find(text: str, site: str | None, as_json: bool, **page: Any) -> None:
    wanted = Wanted(_text(text), _client_id(site))
    if not _list(wanted, as_json=as_json, **page):
        sys.exit(1)


def _list(wanted: Wanted, *, as_json: bool, limit: int, after: str | None) -> bool:
    found = roster.page(wanted, running().sealer, limit=limit, after=after)
    (print_json if as_json else _print)(found)
    return bool(found.users)


def _print(page: Page) -> None:
    if not page.users:
        click.echo("Nobody.")
        return
    table(
        ("uid", "nickname", "apps", "created", "last sign-in", "state"),
        (
            (
                one.uid,
                one.nickname,
                ", ".join(map(_app_name, one.appids)),
                moment(one.created_at),
                moment(one.last_seen_at),
                "disabled" if one.disabled_at else "active",
            )
            for one in page.users
        ),
    )
    if page.after:
        click.echo(f"\nMore: the same with --after {page.after}")


def _text(text: str) -> str:
    text = text.strip()
    try:
        require_utf_8(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="TEXT") from None
    if not text:
        raise click.BadParameter("it is empty", param_hint="TEXT")
    return text


def _client_id(site: str | None) -> str | None:
    return site_named(running().settings, site).client_id if site else None


@users_group.command(
    "show",
    help="Everything that is stored about a user: identities, sites, consents, tokens "
    "(never a value), sessions, history, events, pictures. With --json it is the copy "
    "that the person gets at /me.",
)
@click.argument("uid")
@json_option
def show(uid: str, as_json: bool) -> None:
    account = _account(uid)
    stored = own_data(account.user_id)
    if as_json:
        print_json(stored)
        return
    facts(_about(account))
    parts = {name: rows for name, rows in stored.items() if isinstance(rows, list)}
    for name, rows in parts.items():
        # The account itself stands above, unless others became one with it.
        if rows and (name != "accounts" or len(rows) > 1):
            _part(name, rows)
    if nothing := [_words(name) for name, rows in parts.items() if not rows]:
        click.echo(f"\nNothing of: {', '.join(nothing)}")


@users_group.command("disable", help="Refuse sign-ins and end all sessions.")
@click.argument("uid")
def disable(uid: str) -> None:
    account = _account(uid)
    people.disable(account.uid)
    get_logger().info("user disabled", uid=account.uid, by="command line")
    click.echo(f"{account.uid} is disabled and signed out everywhere.")


@users_group.command("enable", help="Let a disabled user sign in again.")
@click.argument("uid")
def enable(uid: str) -> None:
    account = _account(uid)
    people.enable(account.uid)
    get_logger().info("user enabled", uid=account.uid, by="command line")
    click.echo(f"{account.uid} may sign in again.")


@users_group.command("delete", help="Delete a user and everything stored about it.")
@click.argument("uid")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(uid: str, yes: bool) -> None:
    account = _account(uid)
    if not yes:
        count = len(account.identities)
        click.confirm(
            f"Delete {account.uid} with {count} identities, sessions and history, "
            "for good?",
            abort=True,
        )
    people.delete(account.user_id)
    get_logger().info("account deleted", uid=account.uid, by="command line")
    click.echo(f"{account.uid} is deleted. Its next sign-in makes a new user.")


@users_group.command("end-sessions", help="Sign a user out everywhere.")
@click.argument("uid")
def end_sessions(uid: str) -> None:
    account = _account(uid)
    count = sessions.end_all(account.user_id)
    get_logger().info("signed out everywhere", uid=account.uid, sessions=count)
    click.echo(f"{account.uid}: {count} sessions ended.")


def _account(uid: str) -> Account:
    found = people.find_user(uid)
    if found is None:
        raise NotFound(f"no user has or had the uid {uid}")
    return found


def _about(account: Account) -> list[tuple[str, str]]:
    disabled = account.disabled_at
    return [
        ("uid", account.uid),
        ("former uids", ", ".join(account.former_uids)),
        *(
            (said, getattr(account.profile, name) or "")
            for name, said in WRITTEN.items()
        ),
        ("created", moment(account.created_at)),
        ("last sign-in", moment(account.last_seen_at)),
        ("profile from", moment(account.profile_at)),
        ("state", f"disabled since {moment(disabled)}" if disabled else "active"),
        ("access tokens", str(memberships.live_tokens(account.user_id))),
    ]


def _part(name: str, rows: list[dict[str, Any]]) -> None:
    words = _words(name)
    click.echo(f"\n{words[0].upper()}{words[1:]}: {len(rows)}")
    headings = ["app" if key == "appid" else _words(key) for key in rows[0]]
    table(headings, (list(_cells(row)) for row in rows))


def _words(name: str) -> str:
    return name.replace("_", " ").replace("wechat", "WeChat")


def _cells(row: dict[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if value is None or value == "":
            yield ""
        elif name == "appid":
            yield _app_name(value)
        elif name == "at" or name.endswith(("_at", "_time")):
            yield moment(datetime.fromisoformat(value))
        elif name == "base64":
            yield f"{len(value) * 3 // 4:,} bytes"
        elif isinstance(value, dict | list):
            yield json.dumps(value, ensure_ascii=False)
        else:
            yield str(value)[:_LONGEST] if name == "browser" else str(value)


def _app_name(appid: str) -> str:
    """The app's name in the settings; the appid of one that is not there any more."""
    return running().settings.app_names.get(appid, appid)
