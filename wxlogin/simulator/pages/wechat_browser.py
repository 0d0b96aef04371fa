"""WeChat's own browser on the phone: an address bar and the consent sheet.

A link is opened in this very window. What a site sees of it is the User-Agent of the
real browser; the page says how to change that. The consent sheet is native in
WeChat; here it is a page, to which the script of `connect` leads.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from ..current import is_foreign, leads_here, world
from ..refusals import Invalid, SimulatorError
from ..world import consent, happenings, rules
from ..world.consent_link import Blank, Link, Refused, is_consent_link, read_link
from ..world.parties import App, Person
from . import phone_owner
from .page import page, refused

bp = Blueprint("wechat_browser", __name__)

#: One real client (an Android phone), for people who set their browser's User-Agent.
USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; ONEPLUS A5000 Build/QKQ1.191014.012; wv) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/111.0.5563.116 Mobile "
    "Safari/537.36 XWEB/1110005 MMWEBSDK/20230805 MicroMessenger/8.0.42.2460"
    "(0x28002A58) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)


@bp.get("/phone/browser")
def home() -> Response:
    """The address bar, the accounts to follow, and previews to leave."""
    person = phone_owner.owner()
    if person is None:
        return _choose(url_for("wechat_browser.home"))
    return _home(person)


def _home(person: Person, *, problem: str = "") -> Response:
    accounts = [a for a in world().registry.apps() if a.kind == "official_account"]
    relations = world().relations
    return _page(
        "browser",
        person,
        problem=problem,
        url=request.values.get("url", ""),
        accounts=[(app, relations.follows(app, person.name)) for app in accounts],
        previews=[app for app in accounts if relations.preview(app, person.name)],
        in_wechat=phone_owner.is_wechat_client(),
        user_agent=USER_AGENT,
    )


@bp.post("/phone/browser")
def act() -> Response:
    """One form of that page: open a link, follow, unfollow, leave a preview."""
    person, form = phone_owner.named_person() or abort(404), request.form
    if is_foreign():
        abort(400)
    if "follow" in form:
        happenings.follow(world(), _account(form["follow"]), person.name)
    elif "unfollow" in form:
        happenings.unfollow(world(), _account(form["unfollow"]), person.name)
    elif "full_service" in form:
        link = world().relations.preview(_account(form["full_service"]), person.name)
        return open_url(person, link, phone_owner.FROM_LINK, full="1")
    else:
        entry = form.get("entry") or phone_owner.FROM_LINK
        return open_url(person, form.get("url", "").strip(), entry)
    return redirect(url_for("wechat_browser.home", person=person.name), 303)


def _account(name: str) -> App:
    try:
        return world().registry.app(name)
    except SimulatorError:
        abort(404)


def open_url(
    person: Person, url: str, entry: str, *, full: str | None = None
) -> Response:
    """Go there in this window, as WeChat; `entry` is where the link stood."""
    if not _is_web_page(url):
        return _home(person, problem="url")
    if is_consent_link(url) and leads_here(url):
        url = url_for(
            "wechat_browser.authorize", link=url, person=person.name, full=full
        )
    response = redirect(url, 303)
    phone_owner.remember(response, person, entry)
    return response


def _is_web_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@bp.get("/phone/authorize")
def authorize() -> Response:
    """What WeChat does with a consent link: a sheet, an error, or nothing to see."""
    link, person = _link(), phone_owner.owner()
    if not isinstance(link, Link):
        return link
    if person is None:
        full = request.args.get("full")
        return _choose(url_for("wechat_browser.authorize", link=link.text, full=full))
    visit = _visit(link, person)
    if consent.is_silent(world(), visit) or consent.is_preview(world(), visit):
        return _leave(person, consent.agree(world(), visit))
    return _page("consent", person, link=link, full=visit.full_service)


@bp.post("/phone/authorize")
def answer() -> Response:
    """The person taps "allow" or "refuse"."""
    person = phone_owner.named_person() or abort(404)
    action = request.form.get("action")
    if is_foreign() or action not in ("allow", "deny"):
        abort(400)
    link = _link()
    if not isinstance(link, Link):
        return link
    visit = _visit(link, person)
    if action == "allow":
        return _leave(person, consent.agree(world(), visit))
    back = consent.refuse(world(), visit)
    if back:
        return _leave(person, [back])
    return redirect(url_for("wechat_browser.denied", person=person.name), 303)


@bp.get("/phone/denied")
def denied() -> Response:
    """After a refusal WeChat closes the page."""
    return _page("denied", phone_owner.owner() or abort(404))


def _link() -> Link | Response:
    """The good link of this request, or the page that a wrong one gets."""
    try:
        link = request.values.get("link", "")
        return read_link(world(), link) if leads_here(link) else abort(400)
    except Blank as blank:
        broken = rules.told(blank.rule, blank.at)
        rules.report(request.path, blank.rule, blank.at)
        return _page("blank", phone_owner.owner(), why=blank.why, broken=broken)
    except Refused as refusal:
        return refused(refusal.page, refusal.rule)
    except Invalid:
        abort(400)


def _visit(link: Link, person: Person) -> consent.Visit:
    return consent.Visit(
        link,
        person.name,
        from_menu=phone_owner.entered_from() == link.app.name,
        full_service=request.values.get("full") == "1",
    )


def _leave(person: Person, urls: list[str]) -> Response:
    """Back to the site; with two URLs the browser comes back twice."""
    response = (
        redirect(urls[0], 303)
        if len(urls) == 1
        else _page("leaving", person, urls=urls)
    )
    phone_owner.remember(response, person)
    return response


def _choose(onward: str) -> Response:
    """Whose phone is this? `onward` is where the answer leads."""
    people = world().registry.people()
    return _page("choose", None, people=people, onward=onward)


def _page(state: str, person: Person | None, **values: Any) -> Response:
    response = page(
        "wechat_browser.html", leads_away=True, state=state, person=person, **values
    )
    if person:
        phone_owner.remember(response, person)
    return response
