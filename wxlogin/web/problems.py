"""Every refusal, as a page or as an RFC 9457 problem document.

A visitor gets words of ours in their language, an operator a log line with
errcode, rid and what to do. Nothing of WeChat's text, no path, no version and
no stack reaches the answer (security rows 33 and 34).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask import Flask, g, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, UnsupportedMediaType
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from wxlogin import metrics
from wxlogin.config.languages import languages, tag_of
from wxlogin.errors import BadSiteRequest, WxloginError
from wxlogin.observability import get_logger, request_id
from wxlogin.service import running
from wxlogin.web.purposes import refused_by_person
from wxlogin.web.site_in_view import way_back
from wxlogin.web.words import words_for
from wxlogin.wechat.advice import advice
from wxlogin.wechat.errors import never_left, row_of, visitor_sentence

# What a program's developer can mend: the reason is told, and not only logged.
_REASONED = {"bad_request", "too_many_requests"}
# Of a site's wrong request: what it sent, and what it might have meant.
_TOLD = ("client", "sent", "nearest", "differs_in", "audience")
# Nothing went wrong: the visitor did it, or has a step before them.
_CALM = {
    "refused",
    "snapshot",
    "login_pending",
    "login_too_old",
    "sign_in_needed",
    "grant_dead",
    "registration_needed",
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Mark(StrEnum):
    """What kind of page it is, as one sees before one reads: its sign has a colour of
    its own for each, and none has that of success."""

    #: Nothing is at this address.
    lost = "lost"
    #: As it should be: cancelled, or one more step.
    calm = "calm"
    #: The visitor can do something about it.
    caution = "caution"
    #: It does not work at the moment, here or at WeChat.
    fault = "fault"


class WrongType(UnsupportedMediaType):
    """A body that says it is something else."""


class NotJson(WrongType):
    description = "the body is not application/json"


class NotForm(WrongType):
    description = "the body is not multipart/form-data, as wx.uploadFile sends it"


def init_problems(app: Flask) -> None:
    app.register_error_handler(WxloginError, refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def refusal(
    error: WxloginError, *, members: Mapping[str, Any] | None = None
) -> Response:
    """The answer to an error of ours, and the operator's log line. `members` are more
    members of a problem document."""
    log = get_logger()
    report = log.error if error.status in (500, 502) else log.warning
    row, said = row_of(error), visitor_sentence(error)
    meant: dict[str, Any] = {}
    if row:
        meant = {"meaning": row.meaning, "advice": advised(error)}
    if error.security:
        meant["security"] = True
    report("refused", problem=error.code, why=error.operator, **error.facts, **meant)
    response = answer(
        error.code,
        error.status,
        said=gettext(said) if said else None,
        action="reload" if never_left(error) else None,
        # The words are for visitors; a program's developer wants to know more.
        members={**_reason(error), **(members or {})},
        developer=_developer(error),
    )
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        # A 401 names what would be accepted (RFC 9110 11.6.1).
        response.headers["WWW-Authenticate"] = error.challenge
    if error.code == "login_pending":
        # The same URL again: it is idempotent, and the answer is near.
        response.headers["Refresh"] = str(error.retry_after)
    return response


def advised(error: WxloginError) -> str:
    """What the operator is to do where WeChat answered with an errcode; else empty."""
    row, facts = row_of(error), error.facts
    app = running().settings.app_named(facts.get("app") or "")
    kind = app.kind if app else None
    return advice(row, facts.get("call") or "", kind) if row else ""


def _reason(error: WxloginError) -> dict[str, Any]:
    return {"reason": error.operator} if error.code in _REASONED else {}


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:
        return error.get_response()
    default = "bad_request" if status < 500 else "internal"
    members = {"reason": error.description} if isinstance(error, WrongType) else None
    response = answer(_HTTP_CODES.get(status, default), status, members=members)
    for name in ("Allow", "Retry-After"):
        if value := error.get_response().headers.get(name):
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    # The exception's own text may quote a value; its type and place do not.
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
    get_logger().error("unforeseen", fault=type(error).__name__, place=place)
    return answer("internal", 500)


def answer(
    code: str,
    status: int,
    *,
    said: str | None = None,
    action: str | None = None,
    members: dict[str, Any] | None = None,
    developer: dict[str, str] | None = None,
) -> Response:
    """The page or problem document of this code. `said` is WeChat's matter in
    our words; it takes the place of the general text, as `action` does of the
    general button. `members` are more members of a problem document."""
    metrics.PROBLEMS.at(code).inc()
    words = words_for(code, server=request.path.startswith("/api/site/"))
    text = said or str(words.text)
    if request.path.startswith("/api/") or "answers_script" in g:
        return _problem(code, status, str(words.title), text, members or {})
    page = render_template(
        # Under a name that is not ours every link and file of a page would fail.
        "foreign_host.html" if code == "foreign_host" else "error.html",
        words=words,
        text=text,
        action=action or words.action,
        mark=mark_of(code, status),
        request_id=request_id(),
        again=url_for("login.page", **g.get("login_wish", {})),
        # An empty link is this very URL; it may hold a code and is not written.
        reload="" if request.method == "GET" else url_for("account.me"),
        leave=_way_back(code),
        developer=developer,
    )
    return make_response(page, status)


def rehearse(app: Flask) -> None:
    """Draws the page of a refusal once in each language, so that it needs no file when
    no more can be opened (fault F19)."""
    for language in languages():
        wish = {"Accept-Language": tag_of(language)}
        with app.test_request_context(headers=wish):
            answer("unready", 503)


def mark_of(code: str, status: int) -> Mark:
    """The sign over the words of this code, for a page with this status."""
    if code in _CALM:
        return Mark.calm
    if status in (404, 405):
        return Mark.lost
    return Mark.fault if status >= 500 else Mark.caution


def for_developers(why: str, facts: Mapping[str, object]) -> dict[str, str] | None:
    """What the log says of a request that a site made wrongly, for a page; None
    outside development, where the page is read by visitors only."""
    if running().settings.env != "development":
        return None
    told = {name: str(facts[name]) for name in _TOLD if facts.get(name) is not None}
    return {"why": why, **told}


def _developer(error: WxloginError) -> dict[str, str] | None:
    if not isinstance(error, BadSiteRequest):
        return None
    return for_developers(error.operator, error.facts)


def _way_back(code: str) -> str | None:
    """To the site that waits, where nothing more can be done here."""
    if code == "site_request_over":
        found = way_back()
        return found.url if found else None
    if code == "link_expired":
        known: str | None = g.get("leave")
        return known
    wish = g.get("login_wish", {}).get("next", "")
    return refused_by_person(wish) if code == "registration_closed" else None


def _problem(
    code: str, status: int, title: str, detail: str, members: dict[str, Any]
) -> Response:
    response = jsonify(
        type=f"urn:wxlogin:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id(),
        **members,
    )
    response.status_code = status if status in HTTP_STATUS_CODES else 500
    response.mimetype = "application/problem+json"
    return response
