"""A site's own customers, in the browser: connect a WeChat, or prove an account.

`/link/<key>` is opened by a customer who is signed in at the site; see
flows/site_links.py. `/register/bind` and `/register/continue/<token>` are the way to
the site's own password and back; see flows/bindings.py.
"""

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxlogin.config import current_settings
from wxlogin.errors import BadRequest
from wxlogin.flows import bindings, site_links
from wxlogin.flows.leaving import end_session
from wxlogin.flows.site_links import Answer, Link
from wxlogin.web import registering
from wxlogin.web.arriving import return_url, trace, where
from wxlogin.web.edge import allow_form_to, allow_form_to_wechat, hide_referrer
from wxlogin.web.visitors import current_visitor, drop_session, hold_session

bp = Blueprint("site_links", __name__)


@bp.get("/link/<key>")
def page(key: str) -> Response:
    """The question, for who has just signed in. Changes nothing."""
    settings, visitor = current_settings(), current_visitor()
    link = site_links.find(key)
    if not link.is_open:
        return redirect(link.back(site_links.outcome(link, visitor)), 303)
    if visitor is None or not link.is_proven_by(visitor):
        return _to_login(key)
    allow_form_to(link.return_to)
    allow_form_to_wechat()
    g.login_wish = {"next": url_for("site_links.page", key=key)}
    obstacle = site_links.obstacle(link, visitor)
    site = settings.site_of(link.client_id)
    html = render_template(
        "login/link.html",
        link=link,
        visitor=visitor,
        site=site.name if site else "",
        obstacle=obstacle,
        back=link.back(obstacle) if obstacle else None,
        in_wechat=where().in_wechat,
    )
    return Response(html, mimetype="text/html")


@bp.post("/link/<key>")
def answer(key: str) -> Response:
    """The person's answer."""
    link = site_links.find(key)
    match request.form.get("answer"):
        case "yes":
            return _connect(link)
        case "no":
            return redirect(link.back(site_links.decline(link)), 303)
        case "other":
            return _another_wechat(link)
    raise BadRequest("there is no such answer")


@bp.post("/register/bind")
def bind() -> Response:
    """To the site, which asks for its own password.

    A page that was open in another tab may show another person than now waits.
    """
    waiting = registering.held()
    if waiting.done or request.form.get("tag", waiting.tag) != waiting.tag:
        return redirect(url_for("registering.page"), 303)
    return redirect(bindings.begin(current_settings(), waiting), 303)


@bp.get("/register/continue/<token>")
def go_on(token: str) -> Response:
    """Back from there; shows nothing."""
    hide_referrer()
    settings, key = current_settings(), registering.held_key()
    done = bindings.go_on(settings, token, key=key, trace=trace(""))
    if done.secret is None:
        return redirect(done.next_url, 303)
    hold_session(done.secret)
    return redirect(return_url(done.next_url), 303)


def _connect(link: Link) -> Response:
    visitor = current_visitor()
    if visitor is None or not link.is_proven_by(visitor):
        return _to_login(link.key)
    if request.form.get("uid") != visitor.uid:
        # Another tab has signed somebody else in since this page was shown.
        return redirect(url_for("site_links.page", key=link.key), 303)
    done = site_links.connect(current_settings(), link, visitor)
    return redirect(link.back(done), 303)


def _another_wechat(link: Link) -> Response:
    """Signs out, so that the next login is nobody's in particular."""
    if not link.is_open:
        return redirect(link.back(Answer.link_expired), 303)
    if visitor := current_visitor():
        end_session(visitor)
    drop_session()
    return _to_login(link.key)


def _to_login(key: str) -> Response:
    here = url_for("site_links.page", key=key)
    return redirect(url_for("login.page", next=here), 303)
