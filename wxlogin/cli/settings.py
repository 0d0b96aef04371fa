"""`wxlogin settings`: what can be set, and a check of what is."""

import click

from wxlogin.config import load_settings
from wxlogin.config.loading import unknown_names
from wxlogin.config.table import settings_table


@click.command("settings", help="List every setting, or check those of this machine.")
@click.option("--check", is_flag=True, help="Say whether start-up would accept them.")
def settings_command(check: bool) -> None:
    if not check:
        click.echo(settings_table(), nl=False)
        return
    for name in unknown_names():
        click.echo(f"warning: {name} is set, and no setting has this name", err=True)
    settings = load_settings()
    names = ", ".join(f"{app.name} ({app.kind.value})" for app in settings.apps)
    click.echo(f"{settings.env} at {settings.public_url}, apps: {names}")
