"""Faults of WeChat's pages and pictures, as `api` has them for the calls of a server.

The QR page, its picture and its poll, the page inside WeChat, avatars: each may be
late, spoiled or replaced where a switch names its path, or one above it. A switch that
names no path is about the calls of a server alone, so that a test of these still has
its pages.
"""

import base64
import time

from flask import Flask, Response, request

from .api import spoilage
from .current import world
from .world.switches import Who

_PAGES = ("connect", "images")


def add_faults(app: Flask) -> None:
    """Spoil what the switches say, after it was answered."""
    app.after_request(_spoil)


def who() -> Who:
    """Whom this page is about, as far as it tells."""
    values = {**(request.view_args or {}), **request.args}
    app = world().registry.find_app(values.get("appid", ""))
    qr = world().qrcodes.peek(values.get("uuid", ""))
    if qr is not None:
        return {"app": qr.app.name, "person": qr.person}
    avatar = values.get("avatar_id")
    owner = world().registry.find_avatar(avatar) if avatar else None
    return {"app": app.name if app else "", "person": owner.name if owner else ""}


def _spoil(response: Response) -> Response:
    if request.blueprint not in _PAGES:
        return response
    switches, about, path = world().switches, who(), request.path
    delay = switches.latency(path, named=True, **about)
    if delay:
        time.sleep(delay / 1000)
    replaced = switches.for_path("raw_body", path, named=True, **about)
    if replaced is not None:
        response.set_data(raw(replaced))
    fault = switches.for_path("body", path, named=True, **about)
    if fault is None:
        return response
    response.direct_passthrough = False
    kind = response.headers.get("Content-Type", "")
    return spoilage.spoil(fault["mode"], response.get_data(), kind)


def raw(rule: dict[str, str]) -> bytes:
    """The body that a value of the switch `raw_body` holds."""
    if "base64" in rule:
        return base64.b64decode(rule["base64"])
    return rule["text"].encode("utf-8", "surrogatepass")
