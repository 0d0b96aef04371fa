"""The console script `wxlogin`.

A command is imported when it is called: help, the version, a misspelled command and
what a shell completes cost a tenth of what the service costs to import.
"""

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click
from click.shell_completion import CompletionItem

from wxlogin import __version__
from wxlogin.cli.printing import show_everything
from wxlogin.errors import WxloginError

if TYPE_CHECKING:
    from flask import Flask


@dataclass(frozen=True)
class _Place:
    """Where a command is, below `wxlogin.cli`, and its line in the list of them."""

    module: str
    name: str
    summary: str

    def load(self) -> click.Command:
        found = getattr(import_module(f"wxlogin.cli.{self.module}"), self.name)
        return cast(click.Command, found)


_COMMANDS = {
    "init": _Place("init", "init", "Set wxlogin up, from a few answers."),
    "demo": _Place("demo", "demo", "A shop, the service and a simulated WeChat, here."),
    "run": _Place("serving", "run", "The service, for production."),
    "doctor": _Place("doctor", "doctor", "Is this set-up right? What is to be done?"),
    "settings": _Place(
        "settings", "settings_command", "What is in force, and where it was said."
    ),
    "db": _Place("upkeep", "db_group", "The schema: upgrade, downgrade, current."),
    "users": _Place(
        "users", "users_group", "Users: list, find, show, disable, enable, delete …"
    ),
    "merges": _Place("merges", "merges_group", "Merged accounts: list, undo."),
    "conflicts": _Place(
        "merges", "conflicts_group", "Conflicts of unionids: list, close."
    ),
    "followers": _Place(
        "followers", "followers_group", "Followers of official accounts: sync."
    ),
    "oa": _Place("official_account", "oa_group", "Official accounts: keep."),
    "migrate": _Place("moves", "migrate_group", "What moved: openids, unionids."),
    "import": _Place("transfer", "import_command", "People from a file."),
    "export": _Place("transfer", "export_command", "People into a file."),
    "keys": _Place("keys", "keys_group", "Keys: list, rotate, reseal."),
    "rotate-keys": _Place(
        "rotation", "rotate_keys", "Another key seals, while the service runs."
    ),
    "cleanup": _Place("upkeep", "cleanup", "Remove what ran out."),
    "deliver": _Place("upkeep", "deliver", "Tell sites, once, what is due."),
    "simulator": _Place("simulator", "simulator", "WeChat in a box, alone."),
}


class _Group(click.Group):
    """Commands of ours only; a configuration fault is a sentence, no trace.

    The application is made by the first command that needs it, so help and a
    misspelled command work whatever the settings are.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        return place.load() if place else None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.summary) for name, one in _COMMANDS.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*_completed(incomplete), *options]

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        show_everything()
        # At its end Python searches all that was imported for garbage, before it
        # throws it away: a quarter of a second for each command, and each worker.
        atexit.register(gc.freeze)
        return super().make_context(*args, **extra)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = super().resolve_command(ctx, args)
        from flask.cli import ScriptInfo

        ctx.obj = ScriptInfo(
            create_app=_application, set_debug_flag=False, load_dotenv_defaults=False
        )
        return found

    def invoke(self, ctx: click.Context) -> Any:
        # Whatever a command makes, people stand in it (finding L4).
        before = os.umask(0o077)
        try:
            return super().invoke(ctx)
        except WxloginError as error:
            click.echo(f"wxlogin: {error.operator}", err=True)
            sys.exit(1)
        finally:
            os.umask(before)


def _completed(incomplete: str) -> Iterator[CompletionItem]:
    for name, place in _COMMANDS.items():
        if name.startswith(incomplete):
            yield CompletionItem(name, help=place.summary)


def _application() -> "Flask":
    """For the commands: no visitor waits for the database here."""
    from wxlogin.db import db
    from wxlogin.factory import build, require_database

    app = build(patient=True)
    require_database(app)
    with app.app_context():
        # A server would log a connection that ends with the process as a broken one.
        click.get_current_context().find_root().call_on_close(db.engine.dispose)
    return app


main = _Group(name="wxlogin", help="Sign in with WeChat for any website.")
main = click.version_option(__version__, prog_name="wxlogin")(main)
