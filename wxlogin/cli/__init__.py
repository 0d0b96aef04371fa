"""The console script `wxlogin`."""

import sys
from typing import Any

import click
from flask.cli import FlaskGroup

from wxlogin import __version__, create_app
from wxlogin.cli.database import db_group
from wxlogin.cli.serving import demo, run, simulator
from wxlogin.cli.settings import settings_command
from wxlogin.errors import WxloginError


class _Group(FlaskGroup):
    """Commands of ours only; a configuration fault is a sentence, no trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WxloginError as error:
            click.echo(f"wxlogin: {error.operator}", err=True)
            sys.exit(1)


main = _Group(
    name="wxlogin",
    help="Sign in with WeChat for any website.",
    create_app=lambda: create_app(),
    add_default_commands=False,
    add_version_option=False,
    load_dotenv=False,
    set_debug_flag=False,
)
main = click.version_option(__version__, prog_name="wxlogin")(main)
for command in (demo, run, simulator, db_group, settings_command):
    main.add_command(command)
