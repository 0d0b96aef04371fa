"""`wxlogin merges`: accounts that became one, and telling them apart again."""

import click
from flask.cli import AppGroup

from wxlogin.accounts.merges import list_merges, undo
from wxlogin.cli.printing import moment, table
from wxlogin.observability import get_logger

merges_group = AppGroup("merges", help="Merged accounts: list, undo.")


@merges_group.command("list", help="All merges, the latest first.")
def list_command() -> None:
    found = list_merges()
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
def undo_command(merge_id: int) -> None:
    undone = undo(merge_id)
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
