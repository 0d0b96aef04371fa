"""wxLogin.js, the script with which sites embed the QR code.

The global constructor `WxLogin`, the frame's attributes, the order of its URL's
parameters and the lack of any encoding are those of Tencent's script (captures in
public code; developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.md).
"""

from flask import Blueprint, Response, render_template

from .origin import origin

bp = Blueprint("widget", __name__)


@bp.get("/connect/zh_CN/htmledition/js/wxLogin.js")
def script() -> Response:
    """The script; its frames point back to this origin."""
    text = render_template("wxLogin.js", origin=origin())
    return Response(text, content_type="text/javascript; charset=utf-8")
