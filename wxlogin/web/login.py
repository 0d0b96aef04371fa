"""The login journey: its page, the way to WeChat, the way back, and out."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxlogin.config import App, AppKind, current_settings
from wxlogin.errors import NotFound, SnapshotVisitor, StateInvalid
from wxlogin.flows import redirect as redirect_login
from wxlogin.flows.beginning import Begun, Flow, begin
from wxlogin.flows.leaving import end_session
from wxlogin.flows.signing_in import Trace
from wxlogin.observability import request_id
from wxlogin.security.returning import safe_next
from wxlogin.web.attempts import held_attempt, hold_attempt
from wxlogin.web.browsers import browser_name, client_address
from wxlogin.web.edge import allow_frame_of_wechat, hide_referrer
from wxlogin.web.language import language
from wxlogin.web.visitors import (
    current_visitor,
    drop_session,
    former_secret,
    hold_session,
)

bp = Blueprint("login", __name__)


@bp.get("/")
def home() -> Response:
    return redirect(url_for("account.me"))


@bp.get("/login")
def page() -> Response:
    """WeChat's QR code in our card, and the other doors."""
    settings = current_settings()
    app = _website_app()
    begun = _begin(app, Flow.frame)
    allow_frame_of_wechat()
    wish: dict[str, Any] = {name: request.args.get(name) for name in ("next", "app")}
    html = render_template(
        "login/page.html",
        frame_url=begun.url,
        again_url=url_for("login.page", **wish),
        qr_url=url_for("login.qr", **wish),
        next_url=begun.attempt.next,
        visitor=current_visitor(),
    )
    response = Response(html, mimetype="text/html")
    hold_attempt(response, settings, begun.attempt)
    return response


@bp.get("/login/qr")
def qr() -> Response:
    """Straight to WeChat's own page with the QR code."""
    begun = _begin(_website_app(), Flow.qr)
    response = redirect(begun.url, 302)
    hold_attempt(response, current_settings(), begun.attempt)
    return response


@bp.get("/login/callback/<name>")
def callback(name: str) -> Response:
    """WeChat's redirect. Ends with a session and a clean URL, or on a page."""
    hide_referrer()
    settings = current_settings()
    state_text, code = _one("state"), _one("code", required=False)
    app, state = redirect_login.open_state(settings, name, state_text or "")
    if attempt := held_attempt(settings, state.nonce):
        g.login_wish = {"next": attempt.next, "app": app.name}
    try:
        finished = redirect_login.finish(
            settings,
            app,
            state=state,
            attempt=attempt,
            code=code,
            visitor=current_visitor(),
            trace=trace("qr"),
        )
    except SnapshotVisitor:
        # Not served at this URL: a reload there would spend another code.
        return redirect(url_for("login.snapshot"), 303)
    if finished.secret:
        hold_session(finished.secret)
    return redirect(return_url(finished.next_url), 303)


@bp.get("/login/snapshot")
def snapshot() -> Response:
    raise SnapshotVisitor("WeChat showed a snapshot page")


@bp.post("/logout")
def logout() -> Response:
    """Ends the session at the server and forgets it in the browser."""
    if visitor := current_visitor():
        end_session(visitor)
    drop_session()
    return redirect(return_url(request.form.get("next"), url_for("login.page")), 303)


def trace(door: str) -> Trace:
    """Where this request comes from."""
    return Trace(
        door=door,
        address=client_address(),
        browser=browser_name(),
        request_id=request_id(),
        former_secret=former_secret(),
    )


def return_url(wish: str | None, default: str | None = None) -> str:
    """Where to go: the wish if it is one of ours, checked at each use."""
    return safe_next(wish, current_settings()) or default or url_for("account.me")


def _begin(app: App, flow: Flow) -> Begun:
    lang = "en" if language() == "en" else "cn"
    next_url = return_url(request.args.get("next"))
    return begin(current_settings(), app, flow, next_url=next_url, lang=lang)


def _website_app() -> App:
    """The app named by `app`, or the first website app."""
    settings = current_settings()
    if name := request.args.get("app"):
        app = settings.app_named(name)
    else:
        app = settings.app_of_kind(AppKind.website)
    if app is None or app.kind is not AppKind.website:
        raise NotFound("no website app of this name is configured")
    return app


def _one(name: str, *, required: bool = True) -> str | None:
    """The one value of a parameter; doubled ones are refused (security row 3)."""
    values = request.args.getlist(name)
    others = [key for key in request.args if key.startswith(f"{name}[")]
    if len(values) > 1 or others or (required and not any(values)):
        raise StateInvalid(f"{name} is missing or doubled")
    return values[0] if values else None
