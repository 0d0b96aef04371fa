"""WeChat's redirect comes back here."""

from dataclasses import replace

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxlogin import metrics
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App
from wxlogin.errors import SnapshotVisitor, StateInvalid
from wxlogin.flows import doors
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect import finish as redirect_login
from wxlogin.flows.redirect.attempt import Attempt, Wish
from wxlogin.flows.redirect.begin import Begun, begin, way_of
from wxlogin.flows.redirect.finish import Returned
from wxlogin.observability import get_logger
from wxlogin.security.signing import State
from wxlogin.web import edge, visitors
from wxlogin.web.attempts import held_attempt, to_wechat
from wxlogin.web.exchanges import exchanging
from wxlogin.web.first_visit import ask, held_key
from wxlogin.web.held_proof import hold_proof
from wxlogin.web.identities import news_first
from wxlogin.web.onward import onward
from wxlogin.web.purposes import purpose_of, site_name

bp = Blueprint("callback", __name__)


@bp.get("/login/callback/<name>")
def callback(name: str) -> Response:
    """Ends with a session and a clean URL, or on a page."""
    edge.hide_referrer()
    state_text, code = _one("state", required=True), _one("code")
    app, state = redirect_login.open_state(name, state_text or "")
    attempt = held_attempt(state.nonce)
    if state.flow == Flow.self_redirect:
        edge.allow_framing()
    if attempt is None and _needs_bounce(state):
        return Response(render_template("callback/bounce.html"), mimetype="text/html")
    if attempt is None and _may_restart(state):
        return _restart(app, state)
    return _finish(app, state, attempt, code)


def _finish(
    app: App, state: State, attempt: Attempt | None, code: str | None
) -> Response:
    door = Flow(state.flow).door.name
    if attempt:
        g.login_wish = {"next": attempt.wish.next, "app": app.name}
        site_name(attempt.wish.purpose, attempt.wish.next)
    try:
        with metrics.failing(door, app.name), exchanging(code):
            attempt = redirect_login.own_attempt(app, state, attempt)
            finished = redirect_login.finish(
                Returned(
                    app=app,
                    attempt=attempt,
                    code=code or "",
                    visitor=visitors.current(),
                    held=held_key(),
                    trace=visitors.trace(attempt.flow.door.name),
                )
            )
    except SnapshotVisitor:
        # Not served at this URL: a reload there would spend another code.
        return redirect(url_for("callback.snapshot"), 303)
    if finished.proof:
        target = visitors.return_url(finished.next_url)
        return hold_proof(redirect(target, 303), finished.proof)
    if finished.waiting:
        vouched = attempt.wish.purpose.vouched
        page = visitors.return_url(finished.next_url) if vouched else None
        return _ask_person(state, finished.waiting, page)
    if finished.secret:
        visitors.hold_session(finished.secret)
    reader = visitors.current() if finished.shared else None
    if finished.upgrade:
        return to_wechat(_with_news(finished.upgrade, reader))
    if finished.question:
        return redirect(url_for("identities.question"), 303)
    target = news_first(reader, onward(visitors.return_url(finished.next_url)))
    if state.flow == Flow.self_redirect:
        return _leave_frame(target)
    return redirect(target, 303)


def _ask_person(state: State, key: str, page: str | None) -> Response:
    """To the page of a first visit, or to a site's link, which asks for itself.

    Nothing is written yet.
    """
    target = page or url_for("first_visit.page")
    if state.flow == Flow.self_redirect:
        return ask(_leave_frame(target), key)
    return ask(redirect(target, 303), key)


@bp.get("/login/snapshot")
def snapshot() -> Response:
    raise SnapshotVisitor("WeChat showed a snapshot page")


def _with_news(begun: Begun, reader: Visitor | None) -> Begun:
    """Who is signed in by now may have news to read where the upgrade ends."""
    attempt, wish = begun.attempt, begun.attempt.wish
    wish = replace(wish, next=news_first(reader, wish.next))
    return replace(begun, attempt=replace(attempt, wish=wish))


def _may_restart(state: State) -> bool:
    """WeChat's own browser loses cookies; there one new start is silent and cheap.

    The digit in the state, which only we can write, keeps it at one.
    """
    inside = Flow(state.flow).door is doors.H5
    return inside and not state.restarted and visitors.where().in_wechat


def _restart(app: App, state: State) -> Response:
    visitors.require_page()
    get_logger().info("login restarted", app=app.name, why="the cookie was lost")
    next_url = visitors.return_url(way_of(state.nonce))
    wish = Wish(next_url, purpose_of(next_url))
    return to_wechat(begin(app, Flow(state.flow), wish, restarted=True))


def _needs_bounce(state: State) -> bool:
    """A frame that WeChat's page sent back comes without our Lax cookies; a
    navigation that our own page begins in it brings them."""
    if state.flow != Flow.self_redirect:
        return False
    framed = request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")
    return framed and request.headers.get("Sec-Fetch-Site") != "same-origin"


def _leave_frame(target: str) -> Response:
    """A page in the frame that tells the page around it to go on.

    That page may be of another origin, so a path of ours is told as a whole address.
    """
    listeners = visitors.page_origins()
    if target.startswith("/"):
        target = listeners[0] + target
    html = render_template(
        "callback/leave_frame.html", target=target, listeners=listeners
    )
    return Response(html, mimetype="text/html")


def _one(name: str, *, required: bool = False) -> str | None:
    """The one value of a parameter; doubled ones are refused (security row 3)."""
    values = request.args.getlist(name)
    others = [key for key in request.args if key.startswith(f"{name}[")]
    if len(values) > 1 or others or (required and not any(values)):
        raise StateInvalid(f"{name} is missing or doubled")
    return values[0] if values else None
