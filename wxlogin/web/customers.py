"""A site's own customers, in the browser: connect a WeChat, or prove an account.

`/link/<key>` is opened by a customer who is signed in at the site, and finished at
`/link/continue/<token>`; see flows/customers/links.py and acceptance.py.
`/register/bind` and `/register/continue/<token>` are the way to the site's own
password and back; see flows/customers/bindings.py. Both have a page that names a
WeChat and an account, and without its form nothing is connected.
"""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from wxlogin.errors import BadRequest
from wxlogin.flows.customers import acceptance, bindings, links
from wxlogin.flows.customers.links import Answer, Link, Opener
from wxlogin.flows.first_visit import forget
from wxlogin.flows.session import end_session
from wxlogin.service import running
from wxlogin.web import edge, first_visit, site_in_view, visitors
from wxlogin.web.onward import follow_first, onward

bp = Blueprint("customers", __name__)


@bp.get("/link/<key>")
def page(key: str) -> Response:
    """The question, for who has just signed in. Changes nothing."""
    settings, link = running().settings, links.require(key)
    who = _who(link)
    if not link.may_answer(who):
        return redirect(link.back(links.outcome(link, visitors.current())), 303)
    if who.visitor is None and (who.waiting is None or who.waiting.done):
        return _to_login(key)
    links.look(link)
    edge.allow_form_to(link.return_to)
    edge.allow_form_to_wechat()
    g.login_wish = {"next": url_for("customers.page", key=key)}
    obstacle = links.obstacle(link, who.visitor)
    site = settings.site_of(link.client_id)
    site_in_view.see(site)
    html = render_template(
        "customers/link.html",
        link=link,
        visitor=who.visitor,
        waiting=who.waiting,
        site=site.name if site else "",
        obstacle=obstacle,
        back=link.back(obstacle) if obstacle else None,
        in_wechat=visitors.where().in_wechat,
    )
    return Response(html, mimetype="text/html")


@bp.post("/link/<key>")
def answer(key: str) -> Response:
    """The person's answer."""
    link = links.require(key)
    match request.form.get("answer"):
        case "yes":
            return _accept(link)
        case "no":
            _forget_first_visit(link)
            return redirect(link.back(links.decline(link)), 303)
        case "other":
            return _another_wechat(link)
    raise BadRequest("there is no such answer")


@bp.get("/link/continue/<token>")
def finish(token: str) -> Response:
    """The site has confirmed; the person has said yes, here and in this browser."""
    visitors.require_page()
    link = acceptance.confirmed(token)
    done = acceptance.connect(link, _both(link), trace=visitors.trace(""))
    if done.secret:
        visitors.hold_session(done.secret)
    # What is connected leads back to the site, by way of what the site wants first.
    here = url_for("customers.page", key=link.key)
    first = follow_first(here) if links.require(link.key).done else here
    return redirect(done.next_url if first == here else first, 303)


@bp.post("/register/bind")
def bind() -> Response:
    """To the site, which asks for its own password.

    A page that was open in another tab may show another person than now waits.
    """
    waiting = first_visit.held()
    if (
        waiting.vouched
        or waiting.done
        or request.form.get("tag", waiting.tag) != waiting.tag
    ):
        return redirect(url_for("first_visit.page"), 303)
    handed = bindings.begin(waiting)
    edge.allow_form_to(handed.to)
    html = render_template("form_post.html", to=handed.to, values={"code": handed.code})
    return Response(html, mimetype="text/html")


@bp.get("/register/continue/<token>")
def question(token: str) -> Response:
    """Back from there: the page that names the WeChat and the account.

    Changes nothing, and is shown in a window only (security row 12).
    """
    visitors.require_page()
    binding = bindings.said(token, key=first_visit.held_key())
    waiting = first_visit.held()
    policy = waiting.policy
    edge.allow_form_to(*first_visit.targets(policy))
    html = render_template(
        "customers/bind.html",
        binding=binding,
        site=policy.name,
        profile=waiting.profile,
    )
    return Response(html, mimetype="text/html")


@bp.post("/register/continue/<token>")
def go_on(token: str) -> Response:
    """The person's answer."""
    key = first_visit.held_key()
    match request.form.get("answer"):
        case "yes":
            done = bindings.connect(token, key=key, trace=visitors.trace(""))
        case "no":
            bindings.decline(token, key=key)
            flash(_("Nothing was connected."))
            return redirect(url_for("first_visit.page"), 303)
        case _:
            raise BadRequest("there is no such answer")
    if done.secret is None:
        return redirect(done.next_url, 303)
    visitors.hold_session(done.secret)
    return redirect(onward(visitors.return_url(done.next_url)), 303)


def _both(link: Link) -> Opener:
    """The user and the first visit of this browser, each if it is of this link."""
    visitor = visitors.current()
    if visitor is not None and not link.is_proven_by(visitor):
        visitor = None
    waiting = first_visit.waiting_at(url_for("customers.page", key=link.key))
    return Opener(visitor, waiting)


def _who(link: Link) -> Opener:
    """The one of the two that came last."""
    who = _both(link)
    if who.visitor is None or who.waiting is None:
        return who
    if who.visitor.session_started_at.timestamp() < who.waiting.since:
        return Opener(waiting=who.waiting)
    return Opener(who.visitor)


def _accept(link: Link) -> Response:
    """The form says whom its page showed; another tab may have gone on since."""
    here = url_for("customers.page", key=link.key)
    waiting = first_visit.waiting_at(here)
    if waiting is not None and request.form.get("tag") == waiting.tag:
        return redirect(acceptance.accept(link, Opener(waiting=waiting)), 303)
    who = _who(link)
    if who.visitor is None and who.waiting is None:
        return _to_login(link.key)
    if who.visitor is None or request.form.get("uid") != who.visitor.uid:
        return redirect(here, 303)
    return redirect(acceptance.accept(link, who), 303)


def _another_wechat(link: Link) -> Response:
    """Signs out, so that the next login is nobody's in particular."""
    if not link.is_open:
        return redirect(link.back(Answer.link_expired), 303)
    _forget_first_visit(link)
    if visitor := visitors.current():
        end_session(visitor)
    visitors.drop_session()
    return _to_login(link.key)


def _forget_first_visit(link: Link) -> None:
    """Nothing is kept of a person who does not want to."""
    waiting = _who(link).waiting
    if waiting is not None and not waiting.done:
        forget(waiting.key)


def _to_login(key: str) -> Response:
    here = url_for("customers.page", key=key)
    return redirect(url_for("login.page", next=here), 303)
