"""`wxlogin users`: look at a user, close, open or delete the account."""

import click
from flask.cli import AppGroup

from wxlogin.accounts import people, sessions, sign_in
from wxlogin.accounts.people import Account
from wxlogin.cli.printing import facts, moment, table
from wxlogin.errors import NotFound
from wxlogin.observability import get_logger
from wxlogin.service import running

users_group = AppGroup(
    "users",
    help="Users: show, disable, enable, delete, end-sessions. UID is a user's uid, "
    "also one that was merged away.",
)


@users_group.command("show", help="Everything that is stored about a user.")
@click.argument("uid")
def show(uid: str) -> None:
    account = _account(uid)
    facts(_about(account))
    _identities(account)
    _sessions(account)
    _logins(account)


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
        ("name", account.nickname),
        ("avatar", account.avatar or ""),
        ("language", account.language or ""),
        ("created", moment(account.created_at)),
        ("last sign-in", moment(account.last_seen_at)),
        ("profile from", moment(account.profile_at)),
        ("state", f"disabled since {moment(disabled)}" if disabled else "active"),
    ]


def _identities(account: Account) -> None:
    click.echo("\nIdentities")
    table(
        ("app", "kind", "openid", "open platform", "unionid", "last seen"),
        (
            (
                _app_name(one.appid),
                one.kind,
                one.openid,
                one.open_platform or "",
                one.unionid or "",
                moment(one.last_seen),
            )
            for one in account.identities
        ),
    )


def _sessions(account: Account) -> None:
    running = sessions.list_for(account.user_id)
    click.echo(f"\nSessions: {len(running)}")
    if running:
        table(
            ("since", "last seen", "address", "browser"),
            (
                (moment(s.started_at), moment(s.seen_at), s.address, s.browser[:60])
                for s in running
            ),
        )


def _logins(account: Account) -> None:
    click.echo("\nLast sign-ins")
    table(
        ("at", "app", "door", "outcome", "address"),
        (
            (moment(one.at), _app_name(one.appid), one.door, one.outcome, one.address)
            for one in sign_in.recent_logins(account.user_id)
        ),
    )


def _app_name(appid: str) -> str:
    """The app's name in the settings; the appid of one that is not there any more."""
    return running().settings.app_names.get(appid, appid)
