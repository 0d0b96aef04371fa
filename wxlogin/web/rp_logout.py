"""/oauth2/logout: a site sends somebody here to be signed out.

Where the site has shown whom it means, that happens at once; otherwise a page asks.
A form of the site's brings no cookie of ours along, so what it sends is kept, and
who visits shows on the next page.
"""

from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from wxlogin.flows.session import end_session
from wxlogin.oidc import rp_logout
from wxlogin.oidc.messages import Call
from wxlogin.oidc.rp_logout import NOT_LISTED, Farewell
from wxlogin.service import running
from wxlogin.web import edge, limits, site_in_view, visitors
from wxlogin.web.language import language, wished
from wxlogin.web.problems import for_developers

bp = Blueprint("rp_logout", __name__, url_prefix="/oauth2/logout")


@bp.get("")
def arrive() -> Response:
    edge.hide_referrer()
    farewell = _consider(request.args)
    if _needs_an_answer(farewell):
        return _keep(farewell)
    return _go(farewell)


@bp.post("")
@edge.without_cookies
def arrive_by_form() -> Response:
    return _keep(_consider(request.form))


@bp.get("/<key>")
def go_on(key: str) -> Response:
    """The question, or the way on where there is nothing to ask."""
    farewell = rp_logout.held(key)
    visitor = visitors.current()
    if visitor is None or not _needs_an_answer(farewell):
        return _go(farewell)
    edge.allow_form_to(farewell.return_to)
    return _page(farewell, "ask", visitor=visitor, key=key)


@bp.post("/<key>")
def answer(key: str) -> Response:
    if request.form.get("answer") == "yes":
        return _go(rp_logout.held(key))
    flash(_("You are still signed in."))
    return redirect(url_for("account.me"), 303)


def _consider(values: MultiDict[str, str]) -> Farewell:
    parameters = {name: values.getlist(name) for name in values}
    return rp_logout.consider(Call(request.method, parameters))


def _needs_an_answer(farewell: Farewell) -> bool:
    visitor = visitors.current()
    return visitor is not None and not farewell.means(visitor)


def _keep(farewell: Farewell) -> Response:
    with limits.waiting(rp_logout.KIND, seconds=rp_logout.WAIT_SECONDS):
        key = rp_logout.hold(farewell)
    return redirect(url_for("rp_logout.go_on", key=key), 303)


def _go(farewell: Farewell) -> Response:
    """Ends the session, and goes back to the site or shows that it is over. An
    address that is not listed is a fault of the site's, and never gone to."""
    if visitor := visitors.current():
        end_session(visitor)
    visitors.drop_session()
    if farewell.return_to:
        return redirect(farewell.return_to, 303)
    unlisted = farewell.unlisted
    page = _page(
        farewell,
        "over",
        unlisted=unlisted,
        developer=_developer(farewell),
    )
    page.status_code = 400 if unlisted else 200
    return page


def _developer(farewell: Farewell) -> dict[str, str] | None:
    if farewell.unlisted is None:
        return None
    facts = {"client": farewell.client_id, **asdict(farewell.unlisted)}
    return for_developers(NOT_LISTED, facts)


def _page(farewell: Farewell, about: str, **values: object) -> Response:
    site = running().settings.site_of(farewell.client_id or "")
    site_in_view.see(site)
    with force_locale(wished(farewell.languages) or language()):
        page = render_template(
            "openid/logout.html",
            about=about,
            site=site and site.name,
            in_wechat=visitors.where().in_wechat,
            **values,
        )
    return Response(page, mimetype="text/html")
