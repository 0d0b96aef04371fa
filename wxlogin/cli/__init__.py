"""The console script `wxlogin`."""

import os
import sys
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo

from wxlogin import __version__
from wxlogin.cli.accounts import conflicts_group, merges_group, users_group
from wxlogin.cli.demo import demo
from wxlogin.cli.followers import followers_group
from wxlogin.cli.keys import keys_group
from wxlogin.cli.moves import migrate_group
from wxlogin.cli.official_account import oa_group
from wxlogin.cli.printing import show_everything
from wxlogin.cli.serving import run, simulator
from wxlogin.cli.setup import doctor, settings_command
from wxlogin.cli.transfer import export_command, import_command
from wxlogin.cli.upkeep import cleanup, db_group, deliver
from wxlogin.errors import WxloginError
from wxlogin.factory import build, require_database


class _Group(AppGroup):
    """Commands of ours only; a configuration fault is a sentence, no trace.

    The application is made by the first command that needs it, so help and a
    misspelled command work whatever the settings are.
    """

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        show_everything()
        extra["obj"] = ScriptInfo(
            create_app=_application, set_debug_flag=False, load_dotenv_defaults=False
        )
        return super().make_context(*args, **extra)

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


def _application() -> Flask:
    """For the commands: no visitor waits for the database here."""
    app = build(patient=True)
    require_database(app)
    return app


main = _Group(name="wxlogin", help="Sign in with WeChat for any website.")
main = click.version_option(__version__, prog_name="wxlogin")(main)
for command in (demo, run, simulator, doctor, db_group, settings_command):
    main.add_command(command)
for command in (import_command, export_command):
    main.add_command(command)
for command in (users_group, merges_group, conflicts_group, followers_group):
    main.add_command(command)
for command in (oa_group, migrate_group, keys_group, cleanup, deliver):
    main.add_command(command)
