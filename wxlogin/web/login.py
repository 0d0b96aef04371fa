"""Where a login begins: one link for everybody, each door, a site's own widget."""

from typing import Any
from urllib.parse import urljoin

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask import Response as JsonResponse
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from wxlogin.config import App, AppKind
from wxlogin.errors import NoServiceAccount, NotFound
from wxlogin.flows import doors
from wxlogin.flows.doors import Door, Flow, Route, Way, route
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.redirect.begin import Begun, begin
from wxlogin.flows.session import end_session
from wxlogin.security.returning import safe_next
from wxlogin.security.signing import STATE_SECONDS
from wxlogin.service import running
from wxlogin.web import edge, shapes, visitors
from wxlogin.web.api import json_texts
from wxlogin.web.attempts import hold_attempt, to_wechat
from wxlogin.web.language import for_wechat, language, wished
from wxlogin.web.onward import way_on
from wxlogin.web.openapi import operation
from wxlogin.web.purposes import purpose_of, require_open, site_name
from wxlogin.web.site_in_view import start_link
from wxlogin.wechat.endpoints import SCOPE_BASE, SCOPE_LOGIN, SCOPE_USERINFO, Look

bp = Blueprint("login", __name__)

# What a page may say about the frame's look, and the values WeChat knows.
_LOOKS = {"style": ("black", "white"), "color_scheme": ("auto", "dark", "light")}
# What a link to a page with the code may wish for, and keeps wishing for.
_WISHES = ("app", "next", "lang", "ui_locales", "href", "self_redirect", *_LOOKS)


@bp.get("/")
def home() -> Response:
    return redirect(url_for("account.me"))


@bp.get("/login")
def page() -> Response:
    """The right way in, from wherever the visitor is."""
    found = route(visitors.where(), app=_named_app())
    if found.way is None:
        return _advice(found)
    if found.way.door is doors.QR:
        return _frame_page(found.way.app, Flow.frame, beside=found.beside)
    if found.way.door is doors.H5:
        visitors.require_page()
        wants_name = request.args.get("scope") == SCOPE_USERINFO
        return to_wechat(
            _begin_by_link(found.way.app, Flow.named if wants_name else Flow.base)
        )
    # A page that was kept for days says so here already.
    require_open(visitors.return_url(request.args.get("next")))
    return redirect(_address(found.way), 302)


@bp.get("/login/qr")
def qr() -> Response:
    """Straight to WeChat's own page with the QR code."""
    return to_wechat(_begin_by_link(_app_of(doors.QR.kind), Flow.qr))


@bp.get("/login/h5")
def h5() -> Response:
    """Straight to WeChat's consent, for a page that is open inside WeChat."""
    visitors.require_page()
    scope = request.args.get("scope", SCOPE_BASE)
    flows = {SCOPE_BASE: Flow.base, SCOPE_USERINFO: Flow.userinfo}
    if scope not in flows:
        raise NotFound("there is no such scope")
    return to_wechat(_begin_by_link(_account(), flows[scope]))


@bp.get("/login/embed")
def embed() -> Response:
    """A bare page with the QR code, for a frame on a listed site."""
    edge.allow_framing()
    stays = request.args.get("self_redirect") == "true"
    flow = Flow.self_redirect if stays else Flow.frame
    return _frame_page(_app_of(doors.QR.kind), flow, template="login/embed.html")


@bp.post("/api/attempts")
@edge.for_sites
@operation({200: shapes.Widget}, body=shapes.WidgetWish)
def attempts() -> JsonResponse:
    """A fresh state, and everything a page needs to draw its own widget."""
    settings = running().settings
    body = json_texts(app=False, next=False, self_redirect=False, lang=False)
    app = app_of(doors.QR.kind, body["app"])
    stays = body["self_redirect"] == "true"
    flow = Flow.self_redirect if stays else Flow.frame
    lang = wished([body["lang"]]) or language()
    begun = _begin(app, flow, body["next"], Look(for_wechat(lang)))
    with force_locale(lang):
        instead = _instead_of_code(app, begun.attempt.wish.next)
    told = shapes.Widget(
        appid=app.appid,
        scope=SCOPE_LOGIN,
        redirect_uri=f"{settings.public_url}/login/callback/{app.name}",
        state=begun.state,
        frame_url=begun.url,
        expires_in=STATE_SECONDS,
        instead=instead,
    )
    response = jsonify(told)
    hold_attempt(response, begun.attempt)
    return response


@bp.post("/logout")
def logout() -> Response:
    """Ends the session at the server and forgets it in the browser."""
    if visitor := visitors.current():
        end_session(visitor)
    visitors.drop_session()
    target = visitors.return_url(request.form.get("next"), after_sign_out())
    return redirect(target, 303)


@bp.get("/login/signed-out")
def signed_out() -> Response | str:
    """That it is over, and how to go on as somebody else. Who is signed in is not."""
    if visitors.current():
        return redirect(url_for("account.me"))
    return render_template(
        "login/signed_out.html", in_wechat=visitors.where().in_wechat
    )


def after_sign_out() -> str:
    """Where a sign-out of ours ends. Inside WeChat /login would sign the person in
    again without a word."""
    inside = visitors.where().in_wechat
    return url_for("login.signed_out" if inside else "login.page")


def _frame_page(
    app: App,
    flow: Flow,
    *,
    beside: tuple[Way, ...] = (),
    template: str = "login/page.html",
) -> Response:
    edge.allow_frame_of_wechat()
    begun = _begin_by_link(app, flow)
    wish = begun.attempt.wish
    kept: dict[str, Any] = {name: request.args.get(name) for name in _WISHES}
    html = render_template(
        template,
        frame_url=begun.url,
        again_url=url_for(request.endpoint or "login.page", **kept),
        qr_url=_address(Way(doors.QR, app)),
        beside=_offers(beside),
        next_url=wish.next,
        site=site_name(wish.purpose, wish.next),
        # Whoever is here for a site's customer signs in anew, and not once more.
        **way_on(wish.next, anew=wish.purpose.vouched),
    )
    response = Response(html, mimetype="text/html")
    hold_attempt(response, begun.attempt)
    return response


def _instead_of_code(app: App, to: str) -> list[shapes.LinkInstead]:
    """What a page of a site shows instead of this app's code: links to /login and to
    what that offers beside; nothing where /login shows the code as well.

    The page named an app with codes, so for /login elsewhere it named none.
    """
    if (way := route(visitors.where(), app=app).way) and way.door is doors.QR:
        return []
    links = [(url_for("login.page", next=to), gettext("Continue with WeChat"))]
    for other in route(visitors.where()).beside:
        known = Way(other.door, app) if other.door is doors.QR else other
        links.append((_address(known, to), gettext(other.door.offer)))
    here = running().settings.public_url
    return [{"url": urljoin(here, path), "text": text} for path, text in links]


def _advice(found: Route) -> Response:
    """A page that says what to do here, with the link to take along."""
    settings = running().settings
    wish: dict[str, Any] = {name: request.args.get(name) for name in ("next", "app")}
    prefix_free = url_for("login.page", **wish).removeprefix(settings.prefix)
    next_url = visitors.return_url(request.args.get("next"))
    require_open(next_url)
    site = site_name(purpose_of(next_url), next_url)
    html = render_template(
        "login/advice.html",
        advice=found.advice.value,
        # A site's request is of this browser; in another one the site begins anew.
        link=start_link() or settings.public_url + prefix_free,
        beside=_offers(found.beside),
        **way_on(next_url),
        next_url=next_url,
        site=site,
    )
    return Response(html, mimetype="text/html")


def _address(way: Way, to: str | None = None) -> str:
    """The page at which this way begins, and leads there or where this page does."""
    wish = to or request.args.get("next")
    return url_for(f"login.{way.door.name}", app=way.app.name, next=wish)


def _offers(ways: tuple[Way, ...]) -> list[tuple[str, str]]:
    """The links of a page to other doors: the address and the words of each."""
    return [(_address(way), gettext(way.door.offer)) for way in ways]


def other_ways(door: Door) -> list[tuple[str, str]]:
    """What a page of this door offers besides itself: what /login opens here, and what
    it offers."""
    found = route(visitors.where())
    links = _offers(tuple(one for one in found.beside if one.door is not door))
    if found.way is None or found.way.door is door:
        return links
    address = url_for("login.page", next=request.args.get("next"))
    return [(address, gettext("Sign in another way")), *links]


def _begin_by_link(app: App, flow: Flow) -> Begun:
    args = request.args
    wishes = {
        name: args[name] for name, known in _LOOKS.items() if args.get(name) in known
    }
    lang = for_wechat(args.get("lang", language()))
    look = Look(lang, href=_style_sheet(args.get("href", "")) or "", **wishes)
    return _begin(app, flow, args.get("next"), look)


def _begin(app: App, flow: Flow, to: str | None, look: Look) -> Begun:
    """A login that leads there, where that is an address of ours and still waits."""
    next_url = visitors.return_url(to)
    require_open(next_url)
    return begin(app, flow, Wish(next_url, purpose_of(next_url)), look=look)


def _style_sheet(wish: str) -> str | None:
    """The address of the code's style sheet, if it is ours or a listed site's: a
    foreign sheet could paint another QR code over WeChat's."""
    return safe_next(wish, running().settings) if wish.startswith("https://") else None


def _named_app() -> App | None:
    """The app that the link names. Raises NotFound for one that is not configured."""
    name = request.args.get("app")
    app = running().settings.app_named(name) if name else None
    if name and app is None:
        raise NotFound("no app of this name is configured")
    return app


def _app_of(kind: AppKind) -> App:
    """The app that the link names, or the first of this kind. Raises NotFound."""
    app = _named_app()
    return app_of(kind, app.name if app else "")


def _account() -> App:
    """The account that the link names, or the first that has pages inside WeChat.
    Raises NotFound, and NoServiceAccount for one without."""
    app = doors.app_of(doors.H5, running().settings, _named_app())
    if app is None:
        without = _app_of(doors.H5.kind)
        raise NoServiceAccount("it has no pages inside WeChat", app=without.name)
    return app


def app_of(kind: AppKind, name: str) -> App:
    """The named app, or for no name the first of this kind. Raises NotFound."""
    settings = running().settings
    app = settings.app_named(name) if name else settings.app_of_kind(kind)
    if app is None or app.kind is not kind:
        raise NotFound(f"no app of the kind {kind.value} is configured under this name")
    return app
