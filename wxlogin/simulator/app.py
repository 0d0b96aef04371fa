"""The Flask app: one origin that stands for all of WeChat's hosts."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from wxlogin.config.paths import asset_dir

from . import (
    avatars,
    control_wechat,
    h5_page,
    index,
    open_platform,
    phone,
    sns,
    wechat_browser,
    widget,
)
from .headers import add_headers
from .hosts import require_own_host
from .ids import DEFAULT_AVATAR
from .language import add_language
from .people import Person
from .sns_rules import headimgurl
from .world import World


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
    app = Flask(
        "wxlogin.simulator",
        template_folder=str(_assets("templates")),
        static_folder=str(_assets("static")),
        static_url_path="/static",
    )
    app.config["HOLD_SECONDS"] = hold_seconds
    app.config["PUBLIC_ORIGIN"] = public_origin and public_origin.rstrip("/")
    app.extensions["world"] = world or World.demo()
    public_host = urlsplit(public_origin or "").hostname
    require_own_host(app, [*names, *([public_host] if public_host else [])])
    add_headers(app)
    add_language(app)
    app.jinja_env.globals.update(avatar=_avatar, host_of=_host_of)
    parts = (open_platform, h5_page, sns, avatars, widget, phone, wechat_browser)
    for part in (*parts, control_wechat, index):
        app.register_blueprint(part.bp)
    return app


def _assets(name: str) -> Path:
    return asset_dir(name) / "simulator"


def _avatar(person: Person) -> str:
    """The picture our own pages show of a person."""
    grey = Person("", "", avatar=f"/mmopen/vi_32/{DEFAULT_AVATAR}/132")
    return headimgurl(person, "") or headimgurl(grey, "")


def _host_of(url: str) -> str:
    """Host and port of a redirect_uri, for the phone to show."""
    return urlsplit(url).netloc
