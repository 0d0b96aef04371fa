"""The Flask app: one origin that stands for all of WeChat's hosts."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask

from . import (
    control_account,
    control_migration,
    control_mini_program,
    control_push,
    control_wechat,
)
from .api import calls
from .current import require_own_host
from .pages import account, connect, images, index, mini_program, phone, wechat_browser
from .pages.page import add_pages
from .world import World
from .world.parties import GREY, Person

_CONTROLS = (
    control_wechat,
    control_mini_program,
    control_account,
    control_push,
    control_migration,
)


def create_simulator(
    world: World | None = None,
    *,
    hold_seconds: float = 25.0,
    public_origin: str | None = None,
    names: Iterable[str] = (),
) -> Flask:
    """A WSGI app that behaves as WeChat does; `app.extensions["world"]` is its World.

    Without a `world` it is the demo world. `hold_seconds` is how long a long poll
    waits; `public_origin` (`http://192.168.1.5:5001`) is written into QR codes and
    avatar addresses in the place of the host that a request names. `names` are the
    hosts it answers to beside loopback's and the public origin's.
    """
    app = Flask(__package__)
    app.config["HOLD_SECONDS"] = hold_seconds
    app.config["PUBLIC_ORIGIN"] = public_origin and public_origin.rstrip("/")
    app.extensions["world"] = world or World.demo()
    public_host = urlsplit(public_origin or "").hostname
    require_own_host(app, [*names, *([public_host] if public_host else [])])
    add_pages(app)
    app.jinja_env.globals.update(avatar=_avatar, host_of=_host_of)
    pages = (connect, images, index, phone, wechat_browser, mini_program, account)
    for part in (*pages, calls):
        app.register_blueprint(part.bp)
    # One blueprint, to which each of them adds its calls.
    for control in {each.bp for each in _CONTROLS}:
        app.register_blueprint(control)
    return app


def _avatar(person: Person) -> str:
    """The picture our own pages show of a person."""
    return person.headimgurl("") or GREY


def _host_of(url: str) -> str:
    """Host and port of a redirect_uri, for the phone to show."""
    return urlsplit(url).netloc
