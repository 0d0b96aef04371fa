"""The world it starts with: the fixed one, or one of your own from a TOML file.

Checks and documents can name the fixed one, and only its secrets are shown: another
app's may be real.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..refusals import MASK, Invalid, known, mapping
from .parties import App, Person, app_from, person_from

# 43 characters, base64 of 32 bytes: what the console calls EncodingAESKey.
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFM"

#: The component_appid of the third-party platform that `oa` authorized.
COMPONENT = "wx0000000000000b01"

_APPS = (
    ("web", "website", "main", "示例商城 Demo Shop"),
    ("oa", "official_account", "main", "示例服务号 Demo Account"),
    ("mp", "mini_program", "main", "示例小程序 Demo Mini"),
    ("mp2", "mini_program", "main", "示例小程序二 Demo Mini 2"),
    ("app", "mobile", "main", "示例应用 Demo App"),
    ("lone", "official_account", "", "独立服务号 Lone Account"),
)

#: 贝儿 has a control character in the name, as old clients let people have.
PEOPLE = (
    Person("xiaoming", "小明😀", phone="13800138001"),
    Person("lihua", "李华", phone="13800138002"),
    Person("jose", "José", language="en", phone="91234567", country_code="852"),
    Person("bell", "贝儿\x07Bell", phone="13800138004"),
    Person("nobody", "", avatar="", language=""),
)


def apps() -> tuple[App, ...]:
    """web, oa, mp, mp2, app, lone with appids wx0000000000000a01 to …a06."""
    return tuple(
        _app(number, name, kind, platform, title)
        for number, (name, kind, platform, title) in enumerate(_APPS, start=1)
    )


def shown(app: App) -> App:
    """The app as pages and the control API show it: without foreign secrets."""
    return replace(
        app,
        secret=_masked(app.secret),
        token=_masked(app.token),
        aes_key=_masked(app.aes_key),
    )


def _masked(secret: str) -> str:
    return MASK if secret and secret not in _PUBLIC else secret


def _app(number: int, name: str, kind: str, platform: str, title: str) -> App:
    account = kind == "official_account"
    return App(
        name=name,
        kind=kind,
        appid=f"wx0000000000000a{number:02x}",
        secret=f"secret-of-{name}",
        title=title,
        open_platform=platform,
        callback_domains=("127.0.0.1", "localhost"),
        token=f"token-of-{name}",
        aes_key=AES_KEY,
        components=(COMPONENT,) if account and platform else (),
    )


_PUBLIC = {text for app in apps() for text in (app.secret, app.token, app.aes_key)}


def read(path: str | Path) -> tuple[list[App], list[Person]]:
    """Apps and people of a file; a part that it does not have is the fixed world's.

    Raises Invalid, with the line of a syntax error or the field of a wrong value, and
    OSError.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: {error}") from None
    try:
        known(data, ("apps", "people"), "file")
        return _apps_in(data), _people_in(data)
    except Invalid as error:
        raise Invalid(f"{path}: {error}") from None


def _apps_in(data: dict[str, Any]) -> list[App]:
    if "apps" not in data:
        return list(apps())
    found = [app_from(item, where=where) for where, item in _items(data, "apps")]
    _unique([app.name for app in found], "apps", "name")
    _unique([app.appid for app in found], "apps", "appid")
    return found


def _people_in(data: dict[str, Any]) -> list[Person]:
    if "people" not in data:
        return list(PEOPLE)
    found = [person_from(item, where=where) for where, item in _items(data, "people")]
    _unique([person.name for person in found], "people", "name")
    return found


def _items(data: dict[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(data[name], list):
        raise Invalid(f"{name}: write [[{name}]], with two brackets")
    where = [(f"{name}[{i}]", item) for i, item in enumerate(data[name])]
    return [(place, mapping(item, place)) for place, item in where]


def _unique(values: list[str], where: str, field: str) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise Invalid(f"{where}[{index}].{field}: {value!r} is there twice")
