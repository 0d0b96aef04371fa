"""`wxlogin settings`: what is in force and where it was said, and a check of it."""

from collections.abc import Iterator
from typing import Any

import click
from pydantic import BaseModel, SecretStr

from wxlogin.cli.printing import json_option, plain, print_json, table
from wxlogin.config import (
    App,
    Settings,
    Site,
    instance_dir,
    instance_line,
    load_settings,
)
from wxlogin.config.loading import read_settings
from wxlogin.config.rules import faults
from wxlogin.config.sources import advice_for, collect, unknown_names
from wxlogin.config.table import settings_table
from wxlogin.config.written import is_secret

_MASK = "•••"
_LONGEST = 60
_HEADINGS = ("setting", "value", "from")


@click.command(
    "settings",
    help="Show every setting: its value, secrets masked, and where it was said "
    "(a variable, wxlogin.toml, default).",
)
@click.option("--check", is_flag=True, help="Only say whether start-up accepts them.")
@click.option("--markdown", is_flag=True, help="The table of docs/settings.md instead.")
@json_option
def settings_command(check: bool, markdown: bool, as_json: bool) -> None:
    if markdown:
        click.echo(settings_table(), nl=False)
        return
    for name in unknown_names():
        advice = advice_for(name) or "docs/settings.md lists them all"
        text = f"warning: {name} is set, and no setting has this name; {advice}"
        click.echo(text, err=True)
    if check:
        _check()
    else:
        _show(as_json=as_json)


def _check() -> None:
    settings = load_settings()
    names = ", ".join(f"{app.name} ({app.kind.value})" for app in settings.apps)
    click.echo(f"{settings.env} at {settings.public_url}, apps: {names}")


def _show(*, as_json: bool) -> None:
    folder = instance_dir()
    given, settings = collect(folder, {}), read_settings(folder)
    places = {name: one.place for name, one in given.items()}
    rows, broken = list(_rows(settings, places)), list(faults(settings, folder))
    if as_json:
        shown = [dict(zip(_HEADINGS, row, strict=True)) for row in rows]
        told = {"settings": shown, "refused": broken, "instance": str(folder)}
        print_json(told)
        return
    table(_HEADINGS, rows)
    click.echo(f"\n{plain(instance_line())}")
    if broken:
        click.echo(f"\nStart-up refuses this ({len(broken)}):", err=True)
        for sentence in broken:
            click.echo(f"  {sentence}", err=True)


def _rows(settings: Settings, places: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        worked_out = "default" if value == field.default else "worked out"
        text = _hidden(value) if is_secret(field) and value else _shown(value)
        yield name.upper(), text, places.get(name, worked_out)


def _hidden(value: Any) -> str:
    """Of a URL with a password what tells one server from another."""
    if not isinstance(value, str) or "://" not in value:
        return _MASK
    front, _, rest = value.partition("://")
    # The last @: a password may hold one, and a ? as well.
    user, at, place = rest.rpartition("@")
    place = place.partition("?")[0]
    return _cut(f"{front}://{_MASK + at if user else ''}{place}")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, BaseModel):
        return _cut(", ".join(_changed(value)) or "default")
    if isinstance(value, tuple | dict):
        return _cut(", ".join(map(_item, value)))
    return _cut(str(value))


def _changed(table: BaseModel) -> Iterator[str]:
    """The fields of a table that are not as they are by default."""
    for name, field in type(table).model_fields.items():
        if (value := getattr(table, name)) != field.default:
            yield f"{name} = {_shown(value)}"


def _item(one: Any) -> str:
    if isinstance(one, App):
        return f"{one.name} ({one.kind.value})"
    return one.name if isinstance(one, Site) else str(one)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
