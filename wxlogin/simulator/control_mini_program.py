"""The control API of mini programs: what a phone gives to the program it runs."""

from flask import Response, jsonify

from .control import body, bp
from .control_wechat import app_of, person_of
from .current import world
from .refusals import known, mapping


@bp.post("/mp/login")
def login() -> Response:
    """wx.login: a code for the program's server, good for five minutes and once."""
    data = mapping(body(), "body")
    known(data, ("appid", "person"), "body")
    app, person = app_of(data, "mini_program"), person_of(data)
    return jsonify(errMsg="login:ok", code=world().mini_login(app, person))
