"""`wxlogin keys`: the keys that seal (ENCRYPTION_KEYS) and those that sign."""

import sys

import click
from flask.cli import AppGroup

from wxlogin.cli import rotation
from wxlogin.cli.printing import json_option, moment, print_json, table
from wxlogin.observability import get_logger
from wxlogin.oidc import key_rotation
from wxlogin.oidc.key_rotation import KeyView
from wxlogin.service import running

keys_group = AppGroup(
    "keys",
    help="ENCRYPTION_KEYS: reseal. The keys that sign what sites are told: list, "
    "rotate.",
)


@keys_group.command("list", help="The signing keys, the youngest first.")
@json_option
def list_command(as_json: bool) -> None:
    found = key_rotation.list_keys()
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No signing key yet: the first sign-in at a site makes one.")
        return
    _print(found)


@keys_group.command(
    "rotate",
    help="Make new signing keys. They are published now and sign in an hour, when "
    "every site has fetched them; the old ones are published for a day longer.",
)
@click.option(
    "--now",
    "leaked",
    is_flag=True,
    help="For a key that leaked: the new one signs at once, and in two minutes the "
    "old ones are gone and worthless.",
)
def rotate(leaked: bool) -> None:
    published = key_rotation.rotate(leaked=leaked)
    get_logger().warning("signing keys rotated", leaked=leaked)
    _print(published)


@keys_group.command(
    "reseal",
    help="Seal everything again with the first of ENCRYPTION_KEYS. Runs while the "
    "service does, and may be repeated; afterwards the other keys can be removed.",
)
def reseal() -> None:
    if not rotation.reseal(running().sealer):
        sys.exit(1)


def _print(keys: list[KeyView]) -> None:
    table(
        ("key", "algorithm", "state", "made", "signs from", "published until"),
        (
            (
                key.kid,
                key.alg,
                key.state,
                moment(key.created_at),
                moment(key.signs_from),
                moment(key.published_until) if key.published_until else "",
            )
            for key in keys
        ),
    )
