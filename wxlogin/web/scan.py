"""A mini program's code on a page: the browser's half of flows/scan.py.

Addresses with a ticket in them are for the browser that was given its code
(web/held_codes.py), and are no secret.
"""

from functools import partial
from typing import Any

from flask import (
    Blueprint,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from wxlogin.config import App
from wxlogin.errors import NotFound, ScanOver
from wxlogin.flows import doors, pairing, scan, wxacode
from wxlogin.flows.pairing import Begun
from wxlogin.flows.pairing_ticket import Pairing, Seen, Stage, seen_now
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.scan import Claimed
from wxlogin.security.origins import site_origins
from wxlogin.security.recoding import JPEG
from wxlogin.service import hosts_of, running
from wxlogin.web import callers, edge, limits, visitors, waiting_browser
from wxlogin.web.api import json_texts
from wxlogin.web.first_visit import ask
from wxlogin.web.held_codes import codes_of_browser, held_secrets, hold_code, of_browser
from wxlogin.web.identities import news_first
from wxlogin.web.login import bp as login
from wxlogin.web.login import other_ways
from wxlogin.web.purposes import (
    purpose_of,
    require_open,
    site_name,
    terms_first,
    visitor_for,
)
from wxlogin.web.waiting_browser import Sight, Waiter
from wxlogin.wechat.endpoints import program_url
from wxlogin.wechat.user_agents import Surroundings

bp = Blueprint("scan", __name__, url_prefix="/login/scan")

# Who cannot scan a code on this very screen: a button instead, or a code to press.
_PLACES = {
    Surroundings.phone: "phone",
    Surroundings.wecom_phone: "phone",
    Surroundings.wechat_phone: "wechat",
    Surroundings.mini_program: "wechat",
}


@bp.before_request
def _say_so_to_scripts() -> None:
    if _is_script():
        edge.answer_script()


def _is_script() -> bool:
    """Does a script of a page ask, and not a form or a link?"""
    return request.is_json or not visitors.opens_page()


@login.get("/login/scan", endpoint=doors.SCAN.name)
def scan_page() -> Response:
    """The page with the code; the same one again for a browser that has a live one."""
    visitors.require_page()
    app, wish = _wish(request.args)
    found, begun = _shown(app, wish) or _code(app, wish, anew=False)
    # Without scripts a form claims, and ends where `next` leads, or by way of it.
    edge.allow_form_to(wish.next, *site_origins(running().settings))
    html = render_template(
        "scan/page.html",
        ticket=found.key,
        shown=told(found),
        base=url_for("scan.renew") + "/",
        renew_url=url_for("scan.renew"),
        held_url=_page_of(app, wish, held=1),
        place=_PLACES.get(visitors.where(), "desktop"),
        link=_link(app),
        app_name=app.name,
        next_url=wish.next,
        site=site_name(wish.purpose),
        copied=_login_url(wish),
        beside=other_ways(doors.SCAN),
        visitor=None if wish.purpose.vouched else visitor_for(wish.next),
    )
    return _hold(Response(html, mimetype="text/html"), begun)


@bp.post("")
def renew() -> Response:
    """A code that nobody has scanned yet, for the page that shows one."""
    given = json_texts(app=False, next=False) if request.is_json else request.form
    app, wish = _wish(given)
    found, begun = _code(app, wish, anew=True)
    if not _is_script():
        return _hold(redirect(_page_of(app, wish), 303), begun)
    expires_in = max(0, int(found.left))
    return _hold(jsonify(ticket=found.key, expires_in=expires_in, **told(found)), begun)


@bp.get("/<ticket>/state")
def state(ticket: str) -> Response:
    """How far the ticket has come."""
    return _unkept(waiting_browser.state(_waiter(ticket)))


@bp.get("/<ticket>/events")
def events(ticket: str) -> Response:
    """The same, each time that it changes."""
    return waiting_browser.events(_waiter(ticket))


@bp.get("/<ticket>/image")
def image(ticket: str) -> Response:
    """The picture of the code, which WeChat draws once."""
    found = of_browser(ticket)
    if found.state.is_final:
        raise ScanOver("the code is over")
    with limits.drawing():
        drawn = wxacode.picture(scan.program(found.app), ticket, seconds=found.left)
    return _unkept(Response(drawn.data, mimetype=drawn.mimetype))


@bp.get("/<ticket>/face")
def face(ticket: str) -> Response:
    """The picture of who scanned."""
    found = scan.face(of_browser(ticket))
    if found is None:
        raise NotFound("who scanned has no picture")
    return _unkept(Response(found, mimetype=JPEG))


@bp.post("/<ticket>/claim")
def claim(ticket: str) -> Response:
    """The browser's session, once."""
    found, secret = of_browser(ticket), held_secrets().get(ticket, "")
    claimed = scan.claim(found, secret, trace=visitors.trace(scan.DOOR))
    if claimed.secret:
        visitors.hold_session(claimed.secret)
    target = _target(claimed)
    answer = jsonify(next=target) if _is_script() else redirect(target, 303)
    return ask(answer, claimed.waiting) if claimed.waiting else _unkept(answer)


def _link(app: App) -> str:
    """What a phone's browser opens the program by, with TICKET in the scene's place."""
    return program_url(
        hosts_of(running().settings),
        appid=app.appid,
        path=app.scan_page,
        query="scene=TICKET",
        env_version=app.env_version.value,
    )


def _login_url(wish: Wish) -> str:
    """The link to take along into WeChat."""
    settings = running().settings
    path = url_for("login.page", next=wish.next).removeprefix(settings.prefix)
    return settings.public_url + path


def _waiter(ticket: str) -> Waiter:
    """This browser, and what it waits for. Raises as `of_browser`."""
    return Waiter(
        look=lambda: seen(of_browser(ticket)),
        watch=partial(pairing.watch, ticket),
        # The eldest of its secrets: the last to change.
        browser=next(reversed(held_secrets().values()), ""),
    )


def seen(found: Pairing) -> Sight:
    """What a page is told of its ticket: never who it is by any id (security row
    75)."""
    state, scanner = found.state, found.scanner
    more: dict[str, Any] = {}
    if scanner is not None and state is not Stage.expired:
        more["nickname"] = scanner.nickname
        if scanner.picture:
            more["avatar"] = url_for("scan.face", ticket=found.key)
    if state is Stage.scanned and found.is_distant:
        more["number"] = found.number
    return Sight(state.value, found.version, found.left, state.is_final, more)


def told(found: Pairing) -> dict[str, Any]:
    """The same for a page that is written now."""
    now = seen(found)
    return {"state": now.state, "version": now.version, **now.more}


def our_name() -> str:
    """What a phone calls us where no site of ours waits."""
    settings = running().settings
    return settings.site_name or settings.public.netloc


def _wish(given: Any) -> tuple[App, Wish]:
    """The program and where the sign-in leads. Raises NotFound for another app, and
    as `require_open`."""
    app = scan.program(given.get("app") or "")
    next_url = visitors.return_url(given.get("next"))
    require_open(next_url)
    return app, Wish(next_url, purpose_of(next_url))


def _code(app: App, wish: Wish, *, anew: bool) -> tuple[Pairing, Begun | None]:
    """The code of this browser's for that, or a new one with its secret."""
    mine = codes_of_browser()
    for found in mine:
        if scan.is_on_show(found, app, wish, anew=anew):
            return found, None
    before = mine[0] if mine else None
    limits.count_code(before.first if before else None)
    for found in mine:
        if (found.app, found.wish) == (app.name, wish):
            pairing.end(found)
    return scan.begin(app, wish, _seen(), before=before)


def _seen() -> Seen:
    return seen_now(callers.place(), visitors.browser_name())


def _shown(app: App, wish: Wish) -> tuple[Pairing, None] | None:
    """The last code of this page, over or not, where it only looks again: `held`."""
    if "held" not in request.args:
        return None
    found = (
        one for one in codes_of_browser() if (one.app, one.wish) == (app.name, wish)
    )
    last = next(found, None)
    return (last, None) if last else None


def _page_of(app: App, wish: Wish, *, held: int | None = None) -> str:
    where = f"login.{doors.SCAN.name}"
    return url_for(where, app=app.name, next=wish.next, held=held)


def _target(claimed: Claimed) -> str:
    """Where the browser goes now; see web/callback.py."""
    next_url = visitors.return_url(claimed.wish.next)
    if claimed.waiting:
        vouched = claimed.wish.purpose.vouched
        return next_url if vouched else url_for("first_visit.page")
    reader = visitors.current() if claimed.shared else None
    return news_first(reader, terms_first(next_url))


def _hold(response: Response, begun: Begun | None) -> Response:
    if begun is not None:
        hold_code(response, begun)
    return _unkept(response)


def _unkept(response: Response) -> Response:
    response.cache_control.no_store = True
    return response
