"""The control API of official accounts: what their owners set in the console."""

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, request

from .control import body, bp
from .control_wechat import app_of
from .current import world
from .refusals import Invalid, known, mapping
from .world.consoles import console_from
from .world.parties import App

_MOST = 200_000


@bp.get("/console")
def console() -> Response:
    """Menu and automatic replies of an account; `shown` is the menu that people see."""
    app = app_of({"appid": request.args.get("appid", "")}, "official_account")
    return jsonify(_shown(app))


@bp.put("/console")
def set_console() -> Response:
    """Set them, all at once; what is not named is not there any more."""
    data = mapping(body(), "body")
    app = app_of(data, "official_account")
    world().consoles.put(app, console_from(data, "body"))
    return jsonify(_shown(app))


@bp.post("/followers")
def followers() -> Response:
    """So many made-up people follow an account, and nobody is told."""
    data = mapping(body(), "body")
    known(data, ("appid", "count"), "body")
    app, count = app_of(data, "official_account"), data.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= _MOST:
        raise Invalid(f"body.count: 1 to {_MOST}, not {count!r}")
    for person in world().registry.crowd(count):
        world().relations.follow(app, person.name)
    followers = len(world().relations.followers(app))
    return jsonify(app=app.name, followers=followers)


def _shown(app: App) -> dict[str, Any]:
    consoles = world().consoles
    shown = [asdict(button) for button in consoles.menu(app)]
    return asdict(consoles.of(app)) | {"app": app.name, "shown": shown}
