"""/connect/oauth2/authorize, as WeChat's server answers it.

1. The first answer sends the browser to the same URL with `&connect_redirect=1`
   (github.com/chanxuehong/wechat/issues/226).
2. Outside WeChat the second is always the same small shell with HTTP 200, whose
   script reads the User-Agent and says 请在微信客户端打开链接; right or wrong
   parameters make no difference there. WeCom gets it too.
3. Inside WeChat a refusal is an error page. A good link is taken over by the app,
   which shows its own consent sheet: here the script goes on to the simulated
   phone. It does so in the top window only: in a frame nothing takes the link over,
   and the frame stays blank (github.com/AceDataCloud/Nexior/pull/1527).
"""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.wechat.endpoints import OAUTH2_AUTHORIZE

from .entering import counts_as_wechat
from .h5_link import Blank, Refused, check_query
from .headers import allow_framing, page_nonce
from .state import world

bp = Blueprint("h5_page", __name__)

_SECOND = "connect_redirect=1"


@bp.get(OAUTH2_AUTHORIZE)
def authorize() -> AnyResponse:
    """302, then the shell or an error page, both with HTTP 200."""
    query = request.query_string.decode("ascii", "replace")
    if _SECOND not in query.split("&"):
        return redirect(f"{OAUTH2_AUTHORIZE}?{query}&{_SECOND}")
    if counts_as_wechat():
        try:
            check_query(world(), query)
        except Blank:
            pass
        except Refused as refusal:
            return _page("weui_error.html", problem=refusal.page)
    goes_on = counts_as_wechat() and url_for("wechat_browser.authorize")
    return _page("h5_shell.html", goes_on=goes_on or "")


def _page(template: str, **values: object) -> Response:
    allow_framing()
    html = render_template(template, nonce=page_nonce(), **values)
    return Response(html, content_type="text/html; charset=utf-8")
