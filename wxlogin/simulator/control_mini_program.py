"""The control API of mini programs: what a phone gives to the program it runs."""

from typing import Any

from flask import Response, jsonify

from .control import body, bp
from .control_wechat import app_of, person_of
from .current import addresses, world
from .refusals import Clash, Invalid, flag, known, mapping, text
from .world import wx
from .world.launches import Launch
from .world.switch_values import MOST_AGE


@bp.post("/mp/login")
def login() -> Response:
    """wx.login: {errMsg, code}."""
    return jsonify(wx.login(_phone(_data())))


@bp.post("/mp/launch")
def launch() -> Response:
    """App.onLaunch's options, where a code was scanned: {appid, path, query, scene}.

    After a move they are the other program's.
    """
    data = mapping(body(), "body")
    known(data, ("appid", "page", "scene"), "body")
    app = app_of(data, "mini_program")
    home = app.pages[0] if app.pages else ""
    page, scene = text(data, "page", "body", home), text(data, "scene", "body", "")
    opened = world().opened(Launch(app, page, scene))
    pairs = [pair.partition("=") for pair in opened.query.split("&") if pair]
    # WeChat decodes no value; that is the program's to do.
    query = {name: value for name, _, value in pairs}
    return jsonify(
        appid=opened.app.appid, path=opened.page, query=query, scene=opened.number
    )


@bp.post("/mp/userdata")
def userdata() -> Response:
    """wx.getUserInfo: {errMsg, userInfo, rawData, signature, encryptedData, iv}."""
    data = _data("form", "escaped", "age")
    form = text(data, "form", "body", wx.ANONYMOUS)
    escaped = flag(data, "escaped", "body", False)
    return jsonify(wx.user_info(_phone(data), form, escaped=escaped, age=_age(data)))


@bp.post("/mp/phone")
def phone() -> Response:
    """The phone number button: {errMsg, code, encryptedData, iv}."""
    data = _data("allow", "age")
    allow = flag(data, "allow", "body", True)
    return jsonify(wx.phone_number(_phone(data), allow=allow, age=_age(data)))


def _data(*more: str) -> Any:
    data = mapping(body(), "body")
    known(data, ("appid", "person", *more), "body")
    return data


def _phone(data: Any) -> wx.Phone:
    app = app_of(data, "mini_program")
    successor = world().migrations.successor(app.appid)
    if successor:
        raise Clash(f"{app.name!r} moved to {world().registry.app(successor).name!r}")
    person = world().registry.person(person_of(data))
    return wx.Phone(world(), app, person, addresses().avatars)


def _age(data: Any) -> int:
    age = data.get("age", 0)
    if isinstance(age, bool) or not isinstance(age, int) or not 0 <= age <= MOST_AGE:
        raise Invalid(f"body.age: 0 to {MOST_AGE} seconds, not {age!r}")
    return age
