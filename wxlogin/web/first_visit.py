"""The page of a first visit: who WeChat says it is, the terms, and the person's word.

What waits is named by a random key in a cookie of this browser. A form carries only
a tag of it, so that a page which was open in another tab cannot say yes for another
person than it shows.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from wxlogin.errors import RegistrationClosed, RegistrationOver
from wxlogin.flows import first_visit
from wxlogin.flows.first_visit import Waiting
from wxlogin.security.cookies import clear_cookie, read_cookie, set_cookie
from wxlogin.security.recoding import JPEG
from wxlogin.service import running
from wxlogin.sites.terms import Policy
from wxlogin.web import edge, visitors
from wxlogin.web.onward import onward
from wxlogin.web.purposes import refused_by_person

bp = Blueprint("first_visit", __name__, url_prefix="/register")

_COOKIE = "registration"


@bp.get("")
def page() -> Response | str:
    """Name and picture as WeChat gave them, and what the person may choose."""
    waiting = held()
    if waiting.vouched:
        return _to_link(waiting)
    if waiting.done:
        return _after(waiting)
    return _page(waiting)


@bp.post("")
def agree() -> Response | str:
    """The account is made, if the box is ticked."""
    waiting = held()
    if waiting.vouched:
        return _to_link(waiting)
    policy = waiting.policy
    if not waiting.done and request.form.get("tag") != waiting.tag:
        flash(_("This page was out of date. Please look once more."))
        return redirect(url_for("first_visit.page"), 303)
    if request.form.get("agree") != "yes":
        flash(_("Please tick the box first: without it we make no account."))
        return _page(waiting, status=400)
    if request.form.get("version", "") != policy.version:
        flash(_("The terms have changed meanwhile. Please look once more."))
        return _page(waiting, status=409)
    secret = first_visit.agree(waiting, trace=visitors.trace(waiting.door))
    visitors.hold_session(secret)
    return redirect(onward(visitors.return_url(waiting.next)), 303)


@bp.post("/cancel")
def cancel() -> Response:
    """Nothing is kept of the answer."""
    waiting = first_visit.held(held_key())
    if waiting is not None and not waiting.done:
        first_visit.forget(waiting.key)
    target = refused_by_person(waiting.next) if waiting else None
    response = redirect(target or url_for("login.page"), 303)
    clear_cookie(response, running().settings, _COOKIE)
    return response


@bp.get("/picture")
def picture() -> Response:
    """The picture that WeChat named; by way of us, as all pictures."""
    found = held().picture()
    return Response(found, mimetype=JPEG) if found else Response(status=404)


def held() -> Waiting:
    """What waits for this browser. Raises RegistrationOver."""
    return first_visit.require(held_key())


def waiting_at(path: str) -> Waiting | None:
    """What waits for this browser's word at a site's link with this path, or has
    had it."""
    waiting = first_visit.held(held_key())
    if waiting is None or not waiting.vouched:
        return None
    return waiting if visitors.return_url(waiting.next) == path else None


def ask(response: Response, key: str) -> Response:
    """The same answer, with what waits under this key given to the browser."""
    settings = running().settings
    age = first_visit.WAIT_SECONDS
    set_cookie(response, settings, _COOKIE, key, max_age=age)
    return response


def held_key() -> str:
    """The key of what waits for this browser; empty where nothing does."""
    return read_cookie(request, running().settings, _COOKIE) or ""


def _to_link(waiting: Waiting) -> Response:
    """A site's link has a question of its own, and that alone makes the account."""
    return redirect(visitors.return_url(waiting.next), 303)


def _after(waiting: Waiting) -> Response:
    """The page again, after the person said yes."""
    if visitors.current() is None:
        raise RegistrationOver("the person said yes and signed out since")
    return redirect(onward(visitors.return_url(waiting.next)), 303)


def _page(waiting: Waiting, *, status: int = 200) -> Response:
    policy = waiting.policy
    if policy.mode == "closed" and not policy.bind_url:
        raise RegistrationClosed("the site takes no new accounts")
    edge.allow_form_to(*targets(policy))
    html = render_template(
        "first_visit/page.html",
        policy=policy,
        profile=waiting.profile,
        tag=waiting.tag,
        closed=policy.mode == "closed",
    )
    return Response(html, status, mimetype="text/html")


def targets(policy: Policy) -> list[str | None]:
    """Where a form of a first visit may end: the site's own addresses."""
    site = running().settings.site_of(policy.client_id)
    return [*site.redirect_uris, site.bind_url] if site else []
