"""The calls of a server to api.weixin.qq.com: `/sns/`, `/cgi-bin/`, `/wxa/` and more.

HTTP 200 always, an errcode where something is wrong. `/sns/` answers are `text/plain`
without a charset, the others `application/json; encoding=utf-8`. A call is carried out,
noted in the journal, then made late or spoiled if a switch says so. A path that is
neither a call nor below a page is 40066 all the same, and another method than a call
wants 43001 or 43002: a client never reads HTML there (docs/wechat.md, "Reading an
answer").
"""

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from .. import faults, protocol
from ..current import addresses, world
from ..refusals import ApiError, SimulatorError
from ..world import call_rules, open_data, rules
from ..world.journal import Call, masked, masked_answer
from ..world.rids import Refusal
from ..world.switches import Who
from . import (
    access_token,
    account,
    account_codes,
    content_check,
    maintenance,
    menu,
    migration,
    mini_program,
    spoilage,
    web_login,
    wxacode,
)
from .asked import Answer, Asked, Picture
from .dialect import encode, error_body, fresh_rid

bp = Blueprint("api", __name__)

# The method a path wants, empty for GET and POST, and what it does.
_CALLS: dict[str, tuple[str, Callable[[Asked], Answer]]] = {
    protocol.SNS_ACCESS_TOKEN: ("", web_login.access_token),
    protocol.SNS_REFRESH_TOKEN: ("", web_login.refresh_token),
    protocol.SNS_USERINFO: ("", web_login.userinfo),
    protocol.SNS_AUTH: ("", web_login.auth),
    protocol.SNS_COMPONENT_ACCESS_TOKEN: ("", web_login.component_access_token),
    protocol.SNS_COMPONENT_REFRESH_TOKEN: ("", web_login.component_refresh_token),
    protocol.SNS_CODE2SESSION: ("", mini_program.code2session),
    protocol.CGI_TOKEN: ("GET", access_token.token),
    protocol.CGI_STABLE_TOKEN: ("POST", access_token.stable_token),
    protocol.CGI_CLEAR_QUOTA: ("POST", maintenance.clear_quota),
    protocol.CGI_CLEAR_QUOTA_V2: ("POST", maintenance.clear_quota_by_secret),
    protocol.CGI_QUOTA_GET: ("POST", maintenance.quota),
    protocol.CGI_RID_GET: ("POST", maintenance.refusal),
    protocol.CGI_GETCALLBACKIP: ("GET", maintenance.callback_addresses),
    protocol.CGI_GET_API_DOMAIN_IP: ("GET", maintenance.api_addresses),
    protocol.CGI_CALLBACK_CHECK: ("POST", maintenance.check_callback),
    protocol.CGI_USER_INFO: ("GET", account.user_info),
    protocol.CGI_USER_BATCHGET: ("POST", account.batch_get),
    protocol.CGI_USER_GET: ("GET", account.user_get),
    protocol.CGI_QRCODE_CREATE: ("POST", account_codes.create),
    protocol.CGI_MENU_CREATE: ("POST", menu.create),
    protocol.CGI_MENU_GET: ("GET", menu.get),
    protocol.CGI_MENU_DELETE: ("GET", menu.delete),
    protocol.CGI_SELFMENU: ("GET", menu.current),
    protocol.CGI_AUTOREPLY: ("GET", menu.replies),
    protocol.CGI_CHANGEOPENID: ("POST", migration.change_openid),
    protocol.WXA_CHECKSESSION: ("GET", mini_program.check_session),
    protocol.WXA_RESETUSERSESSIONKEY: ("GET", mini_program.reset_session_key),
    protocol.WXA_GETUSERPHONENUMBER: ("POST", mini_program.phone_number),
    protocol.WXA_GETWXACODEUNLIMIT: ("POST", wxacode.unlimited),
    protocol.WXA_MSG_SEC_CHECK: ("POST", content_check.text),
    protocol.WXA_MEDIA_CHECK_ASYNC: ("POST", content_check.media),
}


#: What stands first in a path of a page, of a picture or of our own.
PAGES = {
    "", "_sim", "calls", "connect", "dl", "favicon.ico", "mmopen", "phone", "pushes",
    "qr", "static",
}  # fmt: skip


@bp.before_app_request
def _unrouted() -> Response | None:
    """A path or method that is nobody's, unless it is a page's."""
    first = request.path.lstrip("/").partition("/")[0]
    if request.routing_exception is None or first in PAGES:
        return None
    return call("")


_BOTH: dict[str, Any] = {
    "methods": ["GET", "POST"],
    "provide_automatic_options": False,
}


@bp.route("/sns/<path:_rest>", **_BOTH)
@bp.route("/cgi-bin/<path:_rest>", **_BOTH)
@bp.route("/wxa/<path:_rest>", **_BOTH)
def call(_rest: str) -> Response:
    """Any path of a server's call; an unknown one is 40066."""
    asked = _asked()
    who = _who(asked)
    errcode, body, content_type, chosen = _carry_out(asked, who)
    fault = world().switches.for_path("body", asked.path, **who)
    mode = fault["mode"] if fault else ""
    _note(asked, who, errcode, body, mode, chosen)
    _be_late(asked.path, who)
    replaced = _replaced(asked.path, who)
    response = _respond(body if replaced is None else replaced, mode, content_type)
    if errcode and asked.path == protocol.WXA_GETWXACODEUNLIMIT:
        # Seen beside an error that came in the place of a picture (developers.weixin.
        # qq.com/community/personal/oCJUswyGhG7_nbmoBd0vIxaz5MBU).
        response.headers["LogicRet"] = str(errcode)
    return response


def _asked() -> Asked:
    # Before the form is read, which would leave nothing of the body.
    body, here = request.get_data(), addresses()
    return Asked(
        world=world(),
        path=request.path,
        method=request.method,
        params=request.values.to_dict(),
        query=request.args.to_dict(),
        body=body,
        address=request.remote_addr or "127.0.0.1",
        origin=here.open,
        avatars=here.avatars,
    )


def _who(asked: Asked) -> Who:
    """Whom the call is about, as far as its parameters tell."""
    programs, grants, params = world().mini_programs, world().grants, asked.params
    thing = (
        programs.peek(params.get("js_code", ""))
        or programs.peek_phone(str(asked.fields.get("code", "")))
        or grants.peek(params.get("code", ""))
        or grants.by_access(params.get("access_token", ""))
        or grants.by_refresh(params.get("refresh_token", ""))
    )
    token = world().app_tokens.peek(params.get("access_token", ""))
    found = thing or token
    named = params.get("appid") or asked.fields.get("appid")
    app = world().registry.find_app(str(named or (found.appid if found else "")))
    if app is None:
        return {"app": "", "person": thing.person if thing else ""}
    openid = params.get("openid") or asked.fields.get("openid")
    owner = world().registry.find_openid(app, str(openid))
    person = thing.person if thing else owner.name if owner else ""
    return {"app": app.name, "person": person}


def _carry_out(asked: Asked, who: Who) -> tuple[int, bytes, str, str]:
    """The errcode, the body, its type, and the switch that brought the error about."""
    chosen = ""
    rule = world().switches.take_errcode(asked.path, **who)
    json_type = world().switches.get("content_type", **who) or _json_type(asked.path)
    try:
        if rule and not rule.get("spend"):
            chosen = "errcode"
            raise ApiError(rule["errcode"], rule.get("errmsg"))
        answer = _answer(asked)
        if rule:
            chosen = "errcode"
            raise ApiError(rule["errcode"], rule.get("errmsg"))
    except ApiError as error:
        tail, rid = (
            world().switches.get("errmsg_tail", **who) or "",
            fresh_rid(world().now()),
        )
        body = error_body(error, asked.path, rid, tail)
        _keep(asked, who, rid, body)
        return error.errcode, body, json_type, chosen
    if isinstance(answer, Picture):
        return answer.errcode, answer.body, answer.mimetype, "wxacode"
    return 0, encode(answer), json_type, ""


def _keep(asked: Asked, who: Who, rid: str, body: bytes) -> None:
    """Remember a refusal for whoever asks about its rid."""
    world().rids.keep(
        rid,
        Refusal(
            appid=world().registry.app(who["app"]).appid if who["app"] else "",
            path=asked.path,
            time=world().now(),
            query="&".join(f"{n}={v}" for n, v in masked(asked.query).items()),
            body=open_data.compact(masked(asked.fields)) if asked.fields else "",
            answer=body.decode(),
            address=asked.address,
        ),
    )


def _json_type(path: str) -> str:
    if path.startswith("/sns/"):
        return "text/plain"
    return "application/json; encoding=utf-8"


def _answer(asked: Asked) -> Answer:
    if asked.path not in _CALLS:
        raise ApiError(40066)
    method, check = _CALLS[asked.path]
    given = "GET" if asked.method == "HEAD" else asked.method
    if given not in ((method,) if method else ("GET", "POST")):
        raise ApiError(43002 if method == "POST" else 43001)
    try:
        return check(asked)
    except SimulatorError:
        # The app was replaced under another appid since the token was made.
        raise ApiError(40013) from None


def _note(
    asked: Asked, who: Who, errcode: int, body: bytes, fault: str, chosen: str
) -> None:
    broken: dict[str, str] = {}
    if errcode:
        rule = call_rules.broken(errcode, asked.path, chosen)
        broken = {"rule": rule.says, "source": rule.source, "switch": rule.switch}
        rules.warn(f"{asked.method} {asked.path[:100]}, {errcode}", rule)
    appid = asked.params.get("appid", "")[:64]
    if not appid and who["app"]:
        appid = world().registry.app(who["app"]).appid
    world().journal.add(
        Call(
            time=round(world().now(), 3),
            method=asked.method,
            path=asked.path[:100],
            appid=appid,
            errcode=errcode,
            fault=fault,
            params=masked({**asked.params, **asked.fields}),
            answer=masked_answer(body),
            **broken,
        )
    )


def _be_late(path: str, who: Who) -> None:
    delay = world().switches.latency(path, **who)
    if world().switches.get("double_callback", **who):
        # The browser has to come back a second time before the first answer is
        # there, otherwise it would have left the page that sends it twice.
        delay = max(delay, 400)
    if delay:
        time.sleep(delay / 1000)


def _replaced(path: str, who: Who) -> bytes | None:
    rule = world().switches.for_path("raw_body", path, **who)
    if rule is None:
        return None
    return faults.raw(rule)


def _respond(body: bytes, mode: str, content_type: str) -> Response:
    if mode:
        return spoilage.spoil(mode, body, content_type)
    return Response(body, headers={"Content-Type": content_type})
