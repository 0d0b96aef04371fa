"""A code on a page that a phone scans: the browser's half, of whichever door.

A door says what its code is and which apps have one, and has the rest from here:

    bp = code_page.blueprint(CodeDoor(doors.SCAN, "scan/page.html", program, _image))

The rules are flows/pairing.py's and flows/pairing_claim.py's. Addresses with a ticket
in them are for the browser that was given its code (web/held_codes.py), and are no
secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

from wxlogin import metrics
from wxlogin.config import App
from wxlogin.errors import NotFound, ScanOver
from wxlogin.flows import pairing, pairing_claim
from wxlogin.flows.doors import Door
from wxlogin.flows.pairing import Begun
from wxlogin.flows.pairing_claim import Claimed
from wxlogin.flows.pairing_ticket import Pairing, Stage, seen_now
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.wxacode import Picture
from wxlogin.security.origins import site_origins
from wxlogin.security.recoding import JPEG
from wxlogin.service import running
from wxlogin.web import callers, edge, held_codes, limits, visitors, waiting_browser
from wxlogin.web.api import json_texts
from wxlogin.web.first_visit import ask
from wxlogin.web.held_codes import codes_of_browser, held_secrets, hold_code
from wxlogin.web.identities import news_first
from wxlogin.web.login import bp as login
from wxlogin.web.login import other_ways
from wxlogin.web.onward import onward, way_on
from wxlogin.web.purposes import (
    purpose_of,
    require_open,
    site_name,
)
from wxlogin.web.waiting_browser import Sight, Waiter
from wxlogin.wechat.user_agents import Surroundings

DESKTOP = "desktop"


@dataclass(frozen=True)
class CodeDoor:
    """A door whose page shows a code."""

    door: Door
    template: str
    #: The app of this name, or of no name the door's own. Raises NotFound.
    app_of: Callable[[str], App]
    #: The picture of the code.
    image: Callable[[App, Pairing], Picture]
    #: Who cannot scan a code on this very screen, and what the page shows them.
    places: Mapping[Surroundings, str] = field(default_factory=dict)
    #: What a phone's browser opens instead, with TICKET in the scene's place.
    link: Callable[[App], str] = lambda app: ""
    #: The new ticket, with what the door puts on it. Raises Crowded.
    ready: Callable[[App, Pairing], Pairing] = lambda app, found: found
    #: Is a ticket that waits still what the page shows?
    fits: Callable[[App, Pairing], bool] = lambda app, found: True
    #: The template of a page with a number to send in place of a code.
    of_number: str = ""


def blueprint(here: CodeDoor) -> Blueprint:
    """The views of this door: its page at /login/<door>, and what the page asks for."""
    name, views = here.door.name, _Views(here)
    bp = Blueprint(name, __name__, url_prefix=f"/login/{name}")
    bp.before_request(_say_so_to_scripts)
    login.add_url_rule(f"/login/{name}", name, views.page)
    bp.post("", endpoint="renew")(views.renew)
    for part in ("state", "events", "image", "face"):
        bp.get(f"/<ticket>/{part}", endpoint=part)(getattr(views, part))
    bp.post("/<ticket>/claim", endpoint="claim")(views.claim)
    return bp


def _say_so_to_scripts() -> None:
    if _is_script():
        edge.answer_script()


def _is_script() -> bool:
    """Does a script of a page ask, and not a form or a link?"""
    return request.is_json or not visitors.opens_page()


@dataclass(frozen=True)
class _Views:
    here: CodeDoor

    @property
    def name(self) -> str:
        return self.here.door.name

    def page(self) -> Response:
        """The page with the code; the same one again for who has a live one."""
        visitors.require_page()
        app, wish = self._wish(request.args)
        found, begun = self._shown(app, wish) or self._code(app, wish, anew=False)
        # Without scripts a form claims, and ends where `next` leads, or by way of it.
        edge.allow_form_to(wish.next, *site_origins(running().settings))
        html = render_template(
            self.here.of_number if found.chat_number else self.here.template,
            ticket=found.key,
            shown=told(found),
            base=url_for(f"{self.name}.renew") + "/",
            renew_url=url_for(f"{self.name}.renew"),
            held_url=self._page_of(app, wish, held=1),
            place=self.here.places.get(visitors.where(), DESKTOP),
            link=self.here.link(app),
            app_name=app.name,
            title=app.title,
            pictured=bool(app.plain_code),
            next_url=wish.next,
            site=site_name(wish.purpose, wish.next),
            copied=_login_url(wish),
            beside=other_ways(self.here.door),
            **way_on(wish.next, anew=wish.purpose.vouched),
        )
        return _hold(Response(html, mimetype="text/html"), begun)

    def renew(self) -> Response:
        """A code that nobody has scanned yet, for the page that shows one."""
        given = json_texts(app=False, next=False) if request.is_json else request.form
        app, wish = self._wish(given)
        found, begun = self._code(app, wish, anew=True)
        if not _is_script():
            return _hold(redirect(self._page_of(app, wish), 303), begun)
        expires_in = max(0, int(found.left))
        return _hold(
            jsonify(ticket=found.key, expires_in=expires_in, **told(found)), begun
        )

    def state(self, ticket: str) -> Response:
        """How far the ticket has come."""
        return waiting_browser.state(self._waiter(ticket))

    def events(self, ticket: str) -> Response:
        """The same, each time that it changes."""
        return waiting_browser.events(self._waiter(ticket))

    def image(self, ticket: str) -> Response:
        """The picture of the code, which WeChat draws once."""
        found = self._held(ticket)
        if found.state.is_final:
            raise ScanOver("the code is over")
        with limits.drawing():
            drawn = self.here.image(self.here.app_of(found.app), found)
        return Response(drawn.data, mimetype=drawn.mimetype)

    def face(self, ticket: str) -> Response:
        """The picture of who scanned."""
        found = pairing_claim.face(self._held(ticket))
        if found is None:
            raise NotFound("who scanned has no picture")
        return Response(found, mimetype=JPEG)

    def claim(self, ticket: str) -> Response:
        """The browser's session, once."""
        found, secret = self._held(ticket), held_secrets().get(ticket, "")
        with metrics.failing(self.name, found.app):
            trace = visitors.trace(self.name)
            claimed = pairing_claim.claim(found, secret, trace=trace)
        if claimed.secret:
            visitors.hold_session(claimed.secret)
        target = _target(claimed)
        answer = jsonify(next=target) if _is_script() else redirect(target, 303)
        return ask(answer, claimed.waiting) if claimed.waiting else answer

    def _wish(self, given: Any) -> tuple[App, Wish]:
        """The app and where the sign-in leads. Raises NotFound for another app, and
        as `require_open`."""
        app = self.here.app_of(given.get("app") or "")
        next_url = visitors.return_url(given.get("next"))
        require_open(next_url)
        return app, Wish(next_url, purpose_of(next_url))

    def _code(
        self, app: App, wish: Wish, *, anew: bool
    ) -> tuple[Pairing, Begun | None]:
        """The code of this browser's for that, or a new one with its secret."""
        held = codes_of_browser()
        mine = [one for one in held if one.door == self.name]
        for found in mine:
            shown = pairing_claim.is_on_show(found, app, wish, anew=anew)
            if shown and self._fits(app, found):
                return found, None
        before = held[0] if held else None
        limits.count_code(before.first if before else None)
        for found in mine:
            if (found.app, found.wish) == (app.name, wish):
                pairing.end(found)
        found, begun = pairing.begin(
            door=self.name,
            app=app.name,
            wish=wish,
            seen=seen_now(callers.place(), visitors.browser_name()),
            first=before.first if before else "",
        )
        return self.here.ready(app, found), begun

    def _fits(self, app: App, found: Pairing) -> bool:
        return found.stage is not Stage.waiting or self.here.fits(app, found)

    def _shown(self, app: App, wish: Wish) -> tuple[Pairing, None] | None:
        """The last code of this page, over or not, where it only looks again."""
        if "held" not in request.args:
            return None
        last = next(
            (
                one
                for one in codes_of_browser()
                if (one.door, one.app, one.wish) == (self.name, app.name, wish)
            ),
            None,
        )
        return (last, None) if last and self._fits(app, last) else None

    def _page_of(self, app: App, wish: Wish, *, held: int | None = None) -> str:
        where = f"login.{self.name}"
        return url_for(where, app=app.name, next=wish.next, held=held)

    def _waiter(self, ticket: str) -> Waiter:
        """This browser, and what it waits for. Raises as `of_browser`."""
        return Waiter(
            look=lambda: seen(self._held(ticket)),
            watch=partial(pairing.watch, ticket),
            # The eldest of its secrets: the last to change.
            browser=next(reversed(held_secrets().values()), ""),
        )

    def _held(self, ticket: str) -> Pairing:
        """Raises as `held_codes.of_browser`."""
        return held_codes.of_browser(ticket, door=self.name)


def seen(found: Pairing) -> Sight:
    """What a page is told of its ticket: never who it is by any id (security row
    75)."""
    state, scanner = found.state, found.scanner
    more: dict[str, Any] = {}
    if scanner is not None and state is not Stage.expired:
        more["nickname"] = scanner.nickname
        if scanner.picture:
            more["avatar"] = url_for(f"{found.door}.face", ticket=found.key)
    if state is Stage.scanned and found.is_distant:
        more["number"] = found.number
    if found.chat_number:
        more["chat_number"] = found.chat_number
    return Sight(state.value, found.version, found.left, state.is_final, more)


def told(found: Pairing) -> dict[str, Any]:
    """The same for a page that is written now."""
    now = seen(found)
    return {"state": now.state, "version": now.version, **now.more}


def our_name() -> str:
    """What a phone calls us where no site of ours waits."""
    settings = running().settings
    return settings.site_name or settings.public.netloc


def _login_url(wish: Wish) -> str:
    """The link to take along into WeChat."""
    settings = running().settings
    path = url_for("login.page", next=wish.next).removeprefix(settings.prefix)
    return settings.public_url + path


def _target(claimed: Claimed) -> str:
    """Where the browser goes now; see web/callback.py."""
    next_url = visitors.return_url(claimed.wish.next)
    if claimed.waiting:
        vouched = claimed.wish.purpose.vouched
        return next_url if vouched else url_for("first_visit.page")
    reader = visitors.current() if claimed.shared else None
    return news_first(reader, onward(next_url))


def _hold(response: Response, begun: Begun | None) -> Response:
    if begun is not None:
        hold_code(response, begun)
    return response
