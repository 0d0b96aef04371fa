"""The page behind the link that an official account's chat gives to who scanned.

It is open inside WeChat. WeChat is asked who opened it, silently; then it shows
what the browser was when it asked for the code, and asks. Opening it confirms nothing:
only the button does, of who scanned (security row 79).
"""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxlogin.accounts.person import Person
from wxlogin.errors import NotTheScanner, NumberWrong, OtherBrowser
from wxlogin.flows import follow
from wxlogin.flows.doors import Flow
from wxlogin.flows.pairing_ticket import Pairing, Stage
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.redirect.begin import begin
from wxlogin.web import callers, limits, visitors
from wxlogin.web.attempts import to_wechat
from wxlogin.web.follow_chat import about
from wxlogin.web.held_proof import held_proof

bp = Blueprint("follow_phone", __name__, url_prefix="/login/follow/<ticket>/phone")


@bp.get("")
def page(ticket: str) -> Response:
    """The question, for who scanned; before that, WeChat's word for who this is."""
    visitors.require_page()
    found = _found(ticket)
    person = _person(found)
    if person is None:
        return _prove(found)
    return _asked(follow.approach(found, person, address=callers.place()))


@bp.post("/confirm")
def confirm(ticket: str) -> Response:
    """The person says yes."""
    found = _found(ticket)
    person, number = _proven(found), _typed()
    try:
        follow.confirm(found, person, address=callers.place(), number=number)
    except NumberWrong:
        now = follow.approach(_found(ticket), person, address=callers.place())
        return _asked(now, is_wrong=bool(number), status=NumberWrong.status)
    return redirect(_page_of(found), 303)


@bp.post("/refuse")
def refuse(ticket: str) -> Response:
    """The person says no."""
    found = _found(ticket)
    follow.refuse(found, _proven(found))
    return redirect(_page_of(found), 303)


def _typed() -> str:
    """The number, with the blanks and the full-width digits of people's keyboards."""
    text = request.form.get("number", "").strip()[:8]
    return str(int(text)) if text.isdecimal() else text


def _found(ticket: str) -> Pairing:
    with limits.guessing():
        return follow.of_phone(ticket)


def _person(found: Pairing) -> Person | None:
    """Who scanned, where this browser has shown it; None where WeChat is yet to say.

    Raises NotTheScanner for somebody else, and OtherBrowser where the browser has lost
    what WeChat said.
    """
    person, came_back = held_proof(), "proven" in request.args
    if person is not None and follow.is_by(found, person):
        return person
    if not came_back:
        return None
    if person is None:
        raise OtherBrowser("the browser has lost what WeChat said of it")
    if found.scanner is None:
        # `approach` says what is missing.
        return person
    raise NotTheScanner("another person has scanned this code")


def _proven(found: Pairing) -> Person:
    """Raises NotTheScanner for who has not shown to be the one who scanned."""
    person = held_proof()
    if person is None or not follow.is_by(found, person):
        raise NotTheScanner("who asks has not shown to be who scanned")
    return person


def _prove(found: Pairing) -> Response:
    """To WeChat, which sends the person back here."""
    wish = Wish(_page_of(found))
    return to_wechat(begin(follow.account(found.app), Flow.proof, wish))


def _page_of(found: Pairing) -> str:
    return url_for("follow_phone.page", ticket=found.key, proven=1)


def _asked(found: Pairing, *, is_wrong: bool = False, status: int = 200) -> Response:
    html = render_template(
        "follow/phone.html",
        **about(found),
        ticket=found.key,
        state=found.state.value,
        wanted=found.is_distant,
        is_wrong=is_wrong and found.stage is Stage.scanned,
    )
    response = Response(html, status, mimetype="text/html")
    response.cache_control.no_store = True
    return response
