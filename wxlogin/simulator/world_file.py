"""A world of one's own, from a TOML file."""

import tomllib
from pathlib import Path
from typing import Any

from . import demo
from .apps import App, app_from
from .errors import Invalid
from .fields import known, mapping
from .people import Person, person_from
from .world import World


def load_world(path: str | Path) -> World:
    """A World from a TOML file with `[[apps]]` and `[[people]]`.

    A part the file does not have is that of the demo world. Raises Invalid, with
    the line of a syntax error or the field of a wrong value, and OSError.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: {error}") from None
    try:
        known(data, ("apps", "people"), "file")
        return World(_load_apps(data), _load_people(data))
    except Invalid as error:
        raise Invalid(f"{path}: {error}") from None


def _load_apps(data: dict[str, Any]) -> list[App]:
    if "apps" not in data:
        return list(demo.apps())
    items = _list(data, "apps")
    apps = [
        app_from(mapping(item, f"apps[{i}]"), where=f"apps[{i}]")
        for i, item in enumerate(items)
    ]
    _unique([app.name for app in apps], "apps", "name")
    _unique([app.appid for app in apps], "apps", "appid")
    return apps


def _load_people(data: dict[str, Any]) -> list[Person]:
    if "people" not in data:
        return list(demo.PEOPLE)
    items = _list(data, "people")
    people = [
        person_from(mapping(item, f"people[{i}]"), where=f"people[{i}]")
        for i, item in enumerate(items)
    ]
    _unique([person.name for person in people], "people", "name")
    return people


def _list(data: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(data[name], list):
        raise Invalid(f"{name}: write [[{name}]], with two brackets")
    return list(data[name])


def _unique(values: list[str], where: str, field: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise Invalid(f"{where}[{index}].{field}: {value!r} is there twice")
