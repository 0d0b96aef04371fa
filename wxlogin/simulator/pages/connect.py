"""WeChat's own pages: the QR page with its picture, poll and script; the page inside.

Errors are small HTML pages with HTTP 200; WeChat never redirects an error back to
the site. What the QR page's link may be stands in `world/website_link.py`. The
constructor `WxLogin` of wxLogin.js, the frame's attributes, the order of its URL's
parameters and the lack of any encoding are those of Tencent's (captures in public code;
developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.md).

`/connect/oauth2/authorize` is for pages inside WeChat:

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

import json
import re

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from .. import faults, protocol
from ..current import addresses, world
from ..refusals import Unknown
from ..world import rules, website_link
from ..world.consent_link import Blank, Refused, check_query
from ..world.qrcodes import CANCELLED, DENIED, DONE, QrCode
from .images import qr_jpeg
from .page import page, refused
from .phone_owner import counts_as_wechat

bp = Blueprint("connect", __name__)


@bp.get(protocol.QRCONNECT)
def qrconnect() -> Response:
    """The page with the QR code, or an error page, both with HTTP 200."""
    query = request.query_string.decode("ascii", "replace")
    try:
        link = website_link.check_query(world(), request.args, query)
    except Refused as refusal:
        return refused(refusal.page, refusal.rule)
    if request.method == "HEAD":
        # Who only asks whether we answer shows nobody a code.
        return Response(mimetype="text/html")
    qr = world().show_qr(
        link.app, redirect_uri=link.redirect_uri, state=link.state, fast=link.fast
    )
    return page(
        "qrconnect.html",
        framing=True,
        scripts_from=addresses().poll,
        qr=qr,
        poll=addresses().poll + protocol.POLL,
        options=_options(),
    )


def _options() -> dict[str, str]:
    args = request.args
    lite = args.get("stylelite") == "1"
    return {
        "lang": "en" if args.get("lang") == "en" else "cn",
        "self_redirect": args.get("self_redirect", ""),
        "style": args.get("style", "black"),
        "stylelite": "1" if lite else "",
        # The compact design takes no style sheet of the site.
        "href": "" if lite else _style_sheet(args.get("href", "")),
        "color_scheme": args.get("color_scheme", ""),
    }


def _style_sheet(href: str) -> str:
    return re.sub(r"^\s*javascript:", "", href, flags=re.IGNORECASE)


@bp.get(f"{protocol.QRCODE}/<uuid>")
def qrcode(uuid: str) -> Response:
    """The QR code as a JPEG; it holds the link that the phone opens."""
    try:
        world().qrcodes.get(uuid)
    except Unknown:
        abort(404)
    body = qr_jpeg(f"{addresses().open}{protocol.CONFIRM}?uuid={uuid}")
    return Response(body, mimetype="image/jpeg")


@bp.get(protocol.POLL)
def poll() -> Response:
    """The long poll: a line of JavaScript, or JSON with `f=json`."""
    args = request.args
    hold = current_app.config["HOLD_SECONDS"]
    number, qr = world().qrcodes.poll(
        args.get("uuid", ""), last=args.get("last", ""), hold=hold
    )
    forced = world().switches.take_errcode(protocol.POLL, named=True, **faults.who())
    if forced:
        # 500 makes the page load itself anew; 666 was seen as another end.
        number = forced["errcode"]
    code = qr.codes[0] if qr and number == DONE else ""
    if args.get("f") == "json":
        body = json.dumps({"wx_errcode": number, "wx_code": code})
        response = Response(body, content_type="application/json; charset=utf-8")
    else:
        script = f"window.wx_errcode={number};window.wx_code='{code}';"
        script += _extras(number, qr, as_url=args.get("f") == "url")
        response = Response(script, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _extras(number: int, qr: QrCode | None, *, as_url: bool) -> str:
    if qr is None:
        return ""
    urls = qr.callback_urls
    script = ""
    if as_url:
        name = world().registry.person(qr.person).nickname if qr.person else ""
        script += f"window.wx_redirecturl={_js(urls[0] if urls else '')};"
        script += f"window.wx_nickname={_js(name)};"
    # Ours, not WeChat's: where a switch sends the page instead of the usual place.
    if number == DONE and (len(urls) > 1 or qr.fast == "both"):
        script += f"window.sim_visit={_js(urls)};"
    back = world().refusal_url(qr)
    if number == DENIED and qr.status == CANCELLED and back:
        script += f"window.sim_visit={_js([back])};"
    return script


def _js(value: object) -> str:
    # ASCII JSON is JavaScript; `<` is kept out of it for readers of raw pages.
    return json.dumps(value).replace("<", "\\u003c")


@bp.get("/connect/zh_CN/htmledition/js/wxLogin.js")
def script() -> Response:
    """The script with which sites embed the QR code; its frames point back to us."""
    text = render_template("wxLogin.js", origin=addresses().open)
    return Response(text, content_type="text/javascript; charset=utf-8")


_SECOND = "connect_redirect=1"


@bp.get(protocol.OAUTH2_AUTHORIZE)
def authorize() -> AnyResponse:
    """302, then the shell or an error page, both with HTTP 200."""
    query = request.query_string.decode("ascii", "replace")
    if _SECOND not in query.split("&"):
        return redirect(f"{protocol.OAUTH2_AUTHORIZE}?{query}&{_SECOND}")
    if counts_as_wechat():
        try:
            check_query(world(), query)
        except Blank as blank:
            # In a frame there is nothing to read but this line on the console.
            rules.report(request.path, blank.rule, blank.at)
        except Refused as refusal:
            return refused(refusal.page, refusal.rule)
    goes_on = counts_as_wechat() and url_for("wechat_browser.authorize")
    return page("h5_shell.html", framing=True, goes_on=goes_on or "")
