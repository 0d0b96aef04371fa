"""An official account on the phone: follow it, read what it says, write to it.

One page for an account and a person. Who does not follow sees its name and a button;
who does sees the chat, the account's menu, and a line to write. Scanning a code of the
account is opening its address here, as with the other codes of the phone. A link that
the account sends opens in WeChat's own browser, as one that stands in its menu.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from ..current import is_foreign, world
from ..refusals import Clash, SimulatorError, Unknown
from ..world import happenings
from ..world.account_codes import AccountCode
from ..world.consoles import Button
from ..world.parties import App, Person
from .page import page
from .phone_owner import named_person, owner, remember
from .wechat_browser import open_url

bp = Blueprint("account", __name__)

# Seconds the chat waits for news before it is sent again, and letters of a message.
_CHAT_HOLD, _MOST_LETTERS = 5.0, 600

# `<a href="…">words</a>`, and an address that stands alone, as WeChat makes links of
# them; behind an address any letter but those of an address ends it.
_LINK = re.compile(
    r"""<a\s[^>]*?href\s*=\s*(?P<quote>["'])(?P<href>https?://[^"'<>\s]+)(?P=quote)"""
    r"""[^>]*>(?P<words>.*?)</a>"""
    r"""|(?P<bare>https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]*[\w/#&=%-])""",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


class Piece(NamedTuple):
    """A part of a message; `url` is empty for mere words."""

    words: str
    url: str = ""


def pieces(message: str) -> Iterator[Piece]:
    """The message in words and links."""
    at = 0
    for found in _LINK.finditer(message):
        if found.start() > at:
            yield Piece(message[at : found.start()])
        url = found["href"] or found["bare"]
        yield Piece(found["words"] or url, url)
        at = found.end()
    if message[at:]:
        yield Piece(message[at:])


@bp.get("/phone/account")
def screen() -> Response:
    """The accounts, or with `app` one of them."""
    person = owner()
    if person is None:
        return _choose(url_for("account.screen", app=request.args.get("app")))
    if "app" not in request.args:
        return _page("accounts", person, accounts=_accounts(person))
    return _account(_named_app(), person)


@bp.get("/phone/account/chat")
def chat() -> str:
    """The chat alone, held back until it differs from `version`."""
    app, person = _named_app(), named_person() or abort(404)
    seen = request.args.get("version", "")
    hold = min(_CHAT_HOLD, current_app.config["HOLD_SECONDS"])
    world().wait(lambda: _version() != seen, hold)
    return render_template("_chat.html", app=app, person=person, **_chat(app, person))


@bp.get("/phone/account/scan")
def scan() -> Response:
    """The text of a code: opening it is the scan, for pages of our own."""
    if is_foreign():
        abort(400)
    link = request.args.get("link", "")
    person = owner()
    if person is None:
        return _choose(url_for("account.scan", link=link))
    try:
        code = world().read_account_code(link)
        outcome = happenings.scan_account(world(), code, person.name)
    except SimulatorError:
        return _page("problem", person, problem="unknown")
    if outcome == happenings.EXPIRED:
        return _page("problem", person, problem="expired")
    if outcome == happenings.ASKS:
        return _account(world().registry.app(code.appid), person, code)
    return _back(world().registry.app(code.appid), person)


@bp.post("/phone/account")
def act() -> Response:
    """The person follows, unfollows, writes, taps a button or a link."""
    person, form, app = named_person() or abort(404), request.form, _named_app()
    if is_foreign():
        abort(400)
    if "url" in form:
        return open_url(person, form["url"], app.name)
    if "button" in form:
        return _tapped(app, person, form["button"])
    action = form.get("action")
    if action == "follow":
        happenings.follow(world(), app, person.name, _scanned(form.get("code", "")))
    elif action == "unfollow":
        happenings.unfollow(world(), app, person.name)
    elif action == "say":
        _say(app, person, form.get("content", "").strip()[:_MOST_LETTERS])
    else:
        abort(400)
    return _back(app, person)


def _say(app: App, person: Person, content: str) -> None:
    if content and world().relations.follows(app, person.name):
        happenings.say(world(), app, person.name, content)


def _tapped(app: App, person: Person, place: str) -> Response:
    button = _button(world().consoles.menu(app), place)
    if button is None:
        # The menu is another by now.
        return _back(app, person)
    happenings.tap(world(), app, person.name, button)
    if button.type == "view":
        return open_url(person, button.value, app.name)
    return _back(app, person)


def _button(menu: tuple[Button, ...], place: str) -> Button | None:
    """The button that `0` or `0.1` stands for."""
    found: Button | None = None
    for digit in place.split("."):
        if not (digit.isascii() and digit.isdigit() and int(digit) < len(menu)):
            return None
        found = menu[int(digit)]
        menu = found.below
    return found


def _scanned(link: str) -> AccountCode | None:
    try:
        return world().read_account_code(link) if link else None
    except Unknown:
        return None


def _accounts(person: Person) -> list[tuple[App, bool]]:
    apps = [a for a in world().registry.apps() if a.kind == "official_account"]
    return [(app, world().relations.follows(app, person.name)) for app in apps]


def _named_app() -> App:
    try:
        app = world().registry.app(request.values.get("app", ""))
        if app.kind != "official_account":
            raise Clash(app.kind)
    except SimulatorError:
        abort(404)
    return app


def _account(app: App, person: Person, code: AccountCode | None = None) -> Response:
    if not world().relations.follows(app, person.name):
        return _page("profile", person, app=app, code=code)
    menu = world().consoles.menu(app)
    return _page("chat", person, app=app, menu=menu, **_chat(app, person))


def _chat(app: App, person: Person) -> dict[str, Any]:
    lines = world().pushes.chat(app, person.name)
    told = [(line["from"], list(pieces(line["text"]))) for line in lines]
    return {"lines": told, "version": _version()}


def _version() -> str:
    return str(world().pushes.version)


def _back(app: App, person: Person) -> Response:
    url = url_for("account.screen", app=app.name, person=person.name)
    return redirect(url, 303)


def _choose(onward: str) -> Response:
    """Whose phone is this? `onward` is where the answer leads."""
    people = world().registry.people()
    return _page("choose", None, people=people, onward=onward)


def _page(state: str, person: Person | None, **values: Any) -> Response:
    response = page(
        "account.html", leads_away=True, state=state, person=person, **values
    )
    if person:
        remember(response, person)
    return response
