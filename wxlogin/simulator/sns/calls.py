"""The four server calls under `/sns/`, by GET, POST form and POST query.

HTTP 200 always, `text/plain` without a charset, an errcode where something is
wrong. A call is carried out, noted in the journal, then made late or spoiled if a
switch says so.
"""

import base64
import time
from typing import Any

from flask import Blueprint, Response, request

from ..current import origin, world
from ..refusals import SimulatorError, SnsError
from ..world.journal import Call, masked
from . import checks, spoilage
from .dialect import encode, error_body

bp = Blueprint("sns", __name__)

# Who a call is about, as far as its parameters tell: {"app": name, "person": name}.
Who = dict[str, str]


@bp.route("/sns/<path:_rest>", methods=["GET", "POST"])
def call(_rest: str) -> Response:
    """Any `/sns/` path; an unknown one is 40066."""
    path, params = request.path, request.values.to_dict()
    who = _who(params)
    errcode, body = _carry_out(path, params, who)
    fault = world().switches.for_path("body", path, **who)
    mode = fault["mode"] if fault else ""
    _note(path, params, who, errcode, mode)
    _be_late(who)
    replaced = _replaced(path, who)
    return _respond(body if replaced is None else replaced, mode, who)


def _who(params: dict[str, str]) -> Who:
    grants = world().grants
    thing = (
        grants.peek(params.get("code", ""))
        or grants.by_access(params.get("access_token", ""))
        or grants.by_refresh(params.get("refresh_token", ""))
    )
    appid = params.get("appid") or (thing.appid if thing else "")
    app = world().registry.find_app(appid)
    return {"app": app.name if app else "", "person": thing.person if thing else ""}


def _carry_out(path: str, params: dict[str, str], who: Who) -> tuple[int, bytes]:
    rule = world().switches.take_errcode(path, **who)
    try:
        if rule and not rule.get("spend"):
            raise SnsError(rule["errcode"], rule.get("errmsg"))
        answer = _answer(path, params)
        if rule:
            raise SnsError(rule["errcode"], rule.get("errmsg"))
    except SnsError as error:
        return error.errcode, error_body(error, world().now())
    return 0, encode(answer)


def _answer(path: str, params: dict[str, str]) -> dict[str, Any]:
    check = checks.CALLS.get(path)
    if check is None:
        raise SnsError(40066)
    try:
        return check(world(), params, origin())
    except SimulatorError:
        # The app was replaced under another appid since the token was made.
        raise SnsError(40013) from None


def _note(
    path: str, params: dict[str, str], who: Who, errcode: int, fault: str
) -> None:
    appid = params.get("appid", "")[:64]
    if not appid and who["app"]:
        appid = world().registry.app(who["app"]).appid
    world().journal.add(
        Call(
            time=round(world().now(), 3),
            method=request.method,
            path=path[:100],
            appid=appid,
            errcode=errcode,
            fault=fault,
            params=masked(params),
        )
    )


def _be_late(who: Who) -> None:
    delay = world().switches.get("latency_ms", **who) or 0
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
    if "base64" in rule:
        return base64.b64decode(rule["base64"])
    text: str = rule["text"]
    return text.encode("utf-8", "surrogatepass")


def _respond(body: bytes, mode: str, who: Who) -> Response:
    content_type = world().switches.get("content_type", **who) or "text/plain"
    if mode:
        return spoilage.spoil(mode, body, content_type)
    return Response(body, headers={"Content-Type": content_type})
