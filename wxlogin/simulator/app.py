"""The Flask app, which stands for all of WeChat's hosts."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask

from . import (
    control_account,
    control_migration,
    control_mini_program,
    control_push,
    control_website,
    control_wechat,
    control_worlds,
    hosts,
)
from .api import calls
from .current import here, keep_world, require_own_host, world_id
from .current import worlds as worlds_of
from .faults import add_faults
from .host_paths import keep_paths_at_their_hosts
from .pages import account, connect, images, index, mini_program, phone, wechat_browser
from .pages.page import add_pages
from .world import World
from .world.parties import GREY, Person
from .world.worlds import Worlds

_CONTROLS = (
    control_website,
    control_wechat,
    control_mini_program,
    control_account,
    control_push,
    control_migration,
    control_worlds,
)


def create_simulator(
    world: World | Worlds | None = None,
    *,
    hold_seconds: float = 25.0,
    public_origin: str | None = None,
    names: Iterable[str] = (),
    https_port: int | None = None,
) -> Flask:
    """A WSGI app that behaves as WeChat does; `app.extensions["world"]` is its World.

    `app.extensions["worlds"]` are that one and those made beside it.

    Without a `world` it is the demo world; Worlds may be another app's as well.
    `hold_seconds` is how long a long poll waits; `public_origin`
    (`http://192.168.1.5:5001`) is written into QR codes and avatar addresses in the
    place of the host that a request names. `names` are the hosts it answers to beside
    loopback's and the public origin's.

    With `https_port` it is at WeChat's real names instead: it answers to them too, each
    has its own paths only, and what is written are their https addresses with this port
    (443 is not written).
    """
    app = Flask(__package__)
    app.config["HOLD_SECONDS"] = hold_seconds
    app.config["PUBLIC_ORIGIN"] = public_origin and public_origin.rstrip("/")
    app.config["HTTPS_PORT"] = https_port
    worlds = world if isinstance(world, Worlds) else Worlds(world or World.demo())
    app.extensions["world"], app.extensions["worlds"] = worlds.first, worlds
    public_host = urlsplit(public_origin or "").hostname
    named = [*names, *([public_host] if public_host else [])]
    require_own_host(app, [*named, *(hosts.NAMES if https_port is not None else [])])
    if https_port is not None:
        keep_paths_at_their_hosts(app)
    add_pages(app)
    add_faults(app)
    keep_world(app)
    app.jinja_env.globals.update(
        avatar=_avatar, here=here, host_of=_host_of, world_id=world_id, worlds=worlds_of
    )
    pages = (connect, images, index, phone, wechat_browser, mini_program, account)
    for part in (*pages, calls):
        app.register_blueprint(part.bp)
    # One blueprint, to which each of them adds its calls.
    for control in {each.bp for each in _CONTROLS}:
        app.register_blueprint(control)
        # The same calls, about a world beside the first.
        below = f"{control.url_prefix}/worlds/<world_id>"
        app.register_blueprint(control, url_prefix=below, name="control_of_world")
    return app


def _avatar(person: Person) -> str:
    """The picture our own pages show of a person."""
    return person.headimgurl(here().avatars) or here().avatars + GREY


def _host_of(url: str) -> str:
    """Host and port of a redirect_uri, for the phone to show."""
    return urlsplit(url).netloc
