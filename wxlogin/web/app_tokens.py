"""An app's access token, for the operator's other systems.

One server asks WeChat for it and all others ask that server: two that ask by the older
/cgi-bin/token end each other's tokens (developers.weixin.qq.com/doc/oplatform/
developers/dev/AccessToken.html). Whoever has the token acts in the app's name, so it is
given for the operator's key alone, and only of an app whose `share_access_token` says
so (security row 106a).

The token stands in the answer and nowhere else: no log line, no address holds it. What
WeChat refuses is told with its errcode, since an operator asks.
"""

from typing import Any

from flask import Blueprint, Response, jsonify
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.config import App
from wxlogin.errors import NotFound, WxloginError
from wxlogin.flows import credentials
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.web import api, edge, limits, shapes
from wxlogin.web.openapi import Key, operation
from wxlogin.web.problems import refusal
from wxlogin.wechat.errors import errcode_of, refused_address

bp = Blueprint("app_tokens", __name__, url_prefix="/api/apps/<name>/access_token")


@bp.get("")
@edge.without_cookies
@operation({200: shapes.AccessToken}, keys=(Key.operator,))
def token(name: str) -> Response:
    """The token, and the seconds that are left of it."""
    return _answer(_app(name))


@bp.post("")
@edge.without_cookies
@operation({200: shapes.AccessToken}, body=shapes.RefusedToken, keys=(Key.operator,))
def renew(name: str) -> Response:
    """The same for whom WeChat has `refused` one: that one is not given again, unless
    WeChat has given it within the last minute."""
    app = _app(name)
    return _answer(app, refused=api.json_texts(refused=True)["refused"])


def _app(name: str) -> App:
    """The app of which this call may have the token. Raises KeyNeeded, NotFound and
    TooManyRequests."""
    api.require_operator()
    app = running().settings.app_named(name)
    if app is None or not app.share_access_token:
        raise NotFound("no app of this name has share_access_token")
    limits.count_token_call(app.name)
    return app


def _answer(app: App, *, refused: str = "") -> Response:
    deadline = running().wechat.deadline()
    found = credentials.shared_token(app, refused=refused, deadline=deadline)
    get_logger().info(
        "access token handed out",
        app=app.name,
        seconds=found.expires_in,
        after_refusal=bool(refused),
    )
    told = shapes.AccessToken(access_token=found.value, expires_in=found.expires_in)
    return jsonify(told)


@bp.errorhandler(WxloginError)
def _with_reason(error: WxloginError) -> AnyResponse:
    """An operator hears what there is to mend, with WeChat's errcode and the address
    that it sees us at."""
    told: dict[str, Any] = {
        "reason": error.operator,
        "errcode": errcode_of(error),
        "address": refused_address(error),
    }
    members = {name: value for name, value in told.items() if value is not None}
    return refusal(error, members=members)
