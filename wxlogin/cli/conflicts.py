"""`wxlogin conflicts`: what WeChat said that cannot be true."""

import click
from flask.cli import AppGroup

from wxlogin.accounts.conflicts import ConflictView, Reason, close, list_conflicts
from wxlogin.cli.printing import moment, table

conflicts_group = AppGroup("conflicts", help="Conflicts of unionids: list, close.")

MEANING = {
    Reason.changed_unionid: "the openid came with another unionid than before",
    Reason.shared_unionid: "the unionid has another openid in this app",
}


@conflicts_group.command("list", help="Open conflicts, the latest first.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
def list_command(everything: bool) -> None:
    found = list_conflicts(closed=everything)
    if not found:
        click.echo("No conflicts." if everything else "No open conflicts.")
        return
    headings = ("id", "last seen", "times", "appid", "openid", "its uid", "unionid")
    table((*headings, "its owner", "closed"), (_row(one) for one in found))
    click.echo()
    for reason in sorted({one.reason for one in found}):
        ids = ", ".join(str(one.id) for one in found if one.reason is reason)
        click.echo(f"{ids}: {MEANING[reason]}")


@conflicts_group.command("close", help="Take a conflict off the list.")
@click.argument("conflict_id", type=int, metavar="ID")
def close_command(conflict_id: int) -> None:
    close(conflict_id)
    click.echo(f"Conflict {conflict_id} is closed.")


def _row(one: ConflictView) -> tuple[str, ...]:
    return (
        str(one.id),
        moment(one.last_seen),
        str(one.count),
        one.appid,
        one.openid,
        one.uid or "",
        f"{one.unionid} ({one.open_platform})",
        one.owner_uid or "",
        moment(one.closed_at) if one.closed_at else "",
    )
