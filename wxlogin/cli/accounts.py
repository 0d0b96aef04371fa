"""`wxlogin users`, `merges` and `conflicts`: look at a user, close, open or delete the
account; accounts that became one, and telling them apart again; what WeChat said that
cannot be true."""

import click
from flask.cli import AppGroup

from wxlogin.accounts import conflicts, merges, people, sessions, sign_in
from wxlogin.accounts.conflicts import ConflictView, Reason
from wxlogin.accounts.people import Account
from wxlogin.accounts.person import WRITTEN
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
        *(
            (said, getattr(account.profile, name) or "")
            for name, said in WRITTEN.items()
        ),
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
                moment(one.last_seen_at),
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
                (moment(s.created_at), moment(s.seen_at), s.address, s.browser[:60])
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


merges_group = AppGroup("merges", help="Merged accounts: list, undo.")


@merges_group.command("list", help="All merges, the latest first.")
def list_all_merges() -> None:
    found = merges.list_merges()
    if not found:
        click.echo("No accounts were merged.")
        return
    table(
        ("id", "at", "cause", "uid", "merged uid", "identities", "undone"),
        (
            (
                str(one.id),
                moment(one.at),
                one.cause.value,
                one.survivor_uid,
                one.merged_uid,
                str(one.identities),
                moment(one.undone_at) if one.undone_at else "",
            )
            for one in found
        ),
    )


@merges_group.command(
    "undo",
    help="Give the merged account back what the survivor still holds of it, and keep "
    "the two apart from now on. ID is the number in `merges list`.",
)
@click.argument("merge_id", type=int, metavar="ID")
def undo_merge(merge_id: int) -> None:
    undone = merges.undo(merge_id)
    get_logger().info(
        "merge undone",
        merge=merge_id,
        uid=undone.survivor_uid,
        restored_uid=undone.restored_uid,
    )
    click.echo(
        f"{undone.restored_uid} has {undone.identities} identities back and is kept "
        f"apart from {undone.survivor_uid}."
    )


conflicts_group = AppGroup("conflicts", help="Conflicts of unionids: list, close.")

_MEANING = {
    Reason.changed_unionid: "the openid came with another unionid than before",
    Reason.shared_unionid: "the unionid has another openid in this app",
}


@conflicts_group.command("list", help="Open conflicts, the latest first.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
def list_all_conflicts(everything: bool) -> None:
    found = conflicts.list_conflicts(closed=everything)
    if not found:
        click.echo("No conflicts." if everything else "No open conflicts.")
        return
    headings = ("id", "last seen", "times", "appid", "openid", "its uid", "unionid")
    table((*headings, "its owner", "closed"), (_conflict_row(one) for one in found))
    click.echo()
    for reason in sorted({one.reason for one in found}):
        ids = ", ".join(str(one.id) for one in found if one.reason is reason)
        click.echo(f"{ids}: {_MEANING[reason]}")


@conflicts_group.command("close", help="Take a conflict off the list.")
@click.argument("conflict_id", type=int, metavar="ID")
def close_conflict(conflict_id: int) -> None:
    conflicts.close(conflict_id)
    click.echo(f"Conflict {conflict_id} is closed.")


def _conflict_row(one: ConflictView) -> tuple[str, ...]:
    return (
        str(one.id),
        moment(one.last_seen_at),
        str(one.count),
        one.appid,
        one.openid,
        one.uid or "",
        f"{one.unionid} ({one.open_platform})",
        one.owner_uid or "",
        moment(one.closed_at) if one.closed_at else "",
    )
