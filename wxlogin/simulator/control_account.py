"""The control API of official accounts: what their owners set in the console."""

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify, request

from .control import body, bp
from .control_wechat import app_of
from .current import world
from .refusals import mapping
from .world.consoles import console_from
from .world.parties import App


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


def _shown(app: App) -> dict[str, Any]:
    consoles = world().consoles
    shown = [asdict(button) for button in consoles.menu(app)]
    return asdict(consoles.of(app)) | {"app": app.name, "shown": shown}
