"""`wxlogin merges` and `conflicts`: accounts that became one, and telling them apart
again; what WeChat said that cannot be true."""

import click
from flask.cli import AppGroup

from wxlogin.accounts import conflicts, merges
from wxlogin.accounts.conflicts import ConflictView, Reason
from wxlogin.cli.printing import json_option, moment, print_json, table
from wxlogin.observability import get_logger

merges_group = AppGroup("merges", help="Merged accounts: list, undo.")


@merges_group.command("list", help="All merges, the latest first.")
@json_option
def list_all_merges(as_json: bool) -> None:
    found = merges.list_merges()
    if as_json:
        print_json(found)
        return
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
@json_option
def list_all_conflicts(everything: bool, as_json: bool) -> None:
    found = conflicts.list_conflicts(closed=everything)
    if as_json:
        print_json(found)
        return
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
