"""The fixed world that checks and documents can name, and the only one whose secrets
are shown: another app's may be real."""

from dataclasses import replace

from .apps import App
from .fields import MASK
from .people import Person

# 43 characters, base64 of 32 bytes: what the console calls EncodingAESKey.
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFM"

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
    Person("xiaoming", "小明😀"),
    Person("lihua", "李华"),
    Person("jose", "José", language="en"),
    Person("bell", "贝儿\x07Bell"),
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
    pushes = kind in ("official_account", "mini_program")
    return App(
        name=name,
        kind=kind,
        appid=f"wx0000000000000a{number:02x}",
        secret=f"secret-of-{name}",
        title=title,
        open_platform=platform,
        callback_domains=("127.0.0.1", "localhost"),
        token=f"token-of-{name}" if pushes else "",
        aes_key=AES_KEY if pushes else "",
    )


_PUBLIC = {text for app in apps() for text in (app.secret, app.token, app.aes_key)}
