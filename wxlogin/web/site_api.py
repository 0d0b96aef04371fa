"""What a site's server asks about its users and what happened to them, and says about
its customers.

Whom it sees: web/api.py.
"""

from base64 import b64encode

from flask import Blueprint, Response, jsonify, request

from wxlogin.accounts import people
from wxlogin.errors import BadRequest, NotFound
from wxlogin.flows.customers import acceptance, bindings
from wxlogin.flows.customers import links as customer_links
from wxlogin.flows.customers.site_codes import Looks
from wxlogin.security.recoding import JPEG
from wxlogin.service import running
from wxlogin.sites import feed, groups, members
from wxlogin.sites.members import Member
from wxlogin.web import api, edge, shapes
from wxlogin.web.openapi import Key, operation

bp = Blueprint("site_api", __name__, url_prefix="/api/site")

_SITE = (Key.site,)
# By what a user is looked up: exactly one of these sets of parameters.
_KINDS = ({"external_id"}, {"openid", "app"}, {"unionid"})
EVENTS = 100
MOST_EVENTS = 500
# More digits than a position has, and a number every database can hold.
_DIGITS = 18


@bp.get("/users/<uid>")
@edge.without_cookies
@operation({200: shapes.Member}, keys=_SITE)
def user(uid: str) -> Response:
    """The user of any uid ever given out, as it stands today."""
    return _answer(api.member_of_uid(api.calling_site(), uid))


@bp.put("/users/<uid>")
@edge.without_cookies
@operation({200: shapes.Member}, body=shapes.NewExternalId, keys=_SITE)
def set_external_id(uid: str) -> Response:
    """The site's own id of this user; null takes it back."""
    site = api.calling_site()
    member = api.member_of_uid(site, uid)
    external_id = api.json_text_or_null("external_id")
    if external_id is None:
        members.take_external_id(member.client_id, member.user_id)
    else:
        members.set_external_id(member.client_id, member.user_id, external_id)
    return _answer(api.member_of(site, member.user_id))


@bp.put("/users/<uid>/groups")
@edge.without_cookies
@operation({200: shapes.Member}, body=shapes.NewGroups, keys=_SITE)
def set_groups(uid: str) -> Response:
    """The groups of the site's that this user is in; null takes its word back."""
    site = api.calling_site()
    member = api.member_of_uid(site, uid)
    body = api.json_object()
    if "groups" not in body:
        raise BadRequest("groups is missing")
    said = body["groups"]
    wanted = None if said is None else groups.read_groups(said, site=site.name)
    groups.set_groups(member.client_id, member.user_id, wanted)
    return _answer(api.member_of(site, member.user_id))


@bp.post("/links")
@edge.without_cookies
@operation({201: shapes.Link}, body=shapes.NewLink, keys=_SITE)
def links() -> Response:
    """An address with which a customer of the site's connects a WeChat."""
    site = api.calling_site()
    body = api.json_texts(external_id=True, label=True, return_to=False)
    key = customer_links.make(site, **body)
    url = f"{running().settings.public_url}/link/{key}"
    link = shapes.Link(url=url, expires_in=customer_links.SECONDS)
    response = jsonify(link)
    response.status_code = 201
    return response


@bp.post("/links/confirm")
@edge.without_cookies
@operation({200: shapes.Confirmed}, body=shapes.Confirmation, keys=_SITE)
def confirm() -> Response:
    """The customer whose session the browser has came back with this code."""
    site = api.calling_site()
    body = api.json_texts(code=True, external_id=True)
    done = acceptance.confirm(site, **body)
    url = f"{running().settings.public_url}/link/continue/{done.token}"
    return jsonify(shapes.Confirmed(continue_url=url, **_told(done.looks)))


@bp.get("/bindings/<code>")
@edge.without_cookies
@operation({200: shapes.Binding}, keys=_SITE)
def binding(code: str) -> Response:
    """Whose WeChat it is that came with this code."""
    found = bindings.look(api.calling_site(), code)
    picture = None
    if found.avatar is not None:
        picture = f"data:{JPEG};base64,{b64encode(found.avatar).decode()}"
    told = shapes.Binding(
        nickname=found.nickname,
        avatar=picture,
        expires_in=found.expires_in,
        **_told(found.looks),
    )
    return jsonify(told)


@bp.post("/bindings")
@edge.without_cookies
@operation({200: shapes.GoOn}, body=shapes.BindingAnswer, keys=_SITE)
def bind() -> Response:
    """The site has asked for its password: this is its customer."""
    site = api.calling_site()
    body = api.json_texts(code=True, external_id=True, label=True)
    token = bindings.answer(site, **body)
    base = running().settings.public_url
    return jsonify(shapes.GoOn(continue_url=f"{base}/register/continue/{token}"))


@bp.get("/users")
@edge.without_cookies
@operation(
    {200: shapes.Member},
    keys=_SITE,
    query={
        "external_id": "The site's own id.",
        "openid": "With the app's name.",
        "app": "A name in APPS.",
        "unionid": "WeChat's, on the site's open platform.",
    },
)
def look_up() -> Response:
    """The user behind the site's own id, an openid or a unionid."""
    site = api.calling_site()
    wish = _one_kind()
    if external_id := wish.get("external_id"):
        members.require_external_id(external_id)
        found = members.by_external_id(site.client_id or "", external_id)
        return _answer(found or api.refuse_stranger())
    return _answer(api.member_of(site, _by_wechat(wish)))


def _told(looks: Looks) -> shapes.Looks:
    first = looks.first.isoformat(timespec="seconds") if looks.first else None
    return {"looks": looks.times, "first_look_at": first}


def _by_wechat(wish: dict[str, str]) -> int | None:
    if unionid := wish.get("unionid"):
        return people.by_unionid(unionid)
    app = running().settings.app_named(wish["app"])
    if app is None:
        raise NotFound("no app of this name is configured")
    return people.by_openid(app.appid, wish["openid"])


def _one_kind() -> dict[str, str]:
    """What is asked for. Raises BadRequest unless it is one kind, said once."""
    given = dict(request.args.items(multi=True))
    doubled = len(given) < sum(1 for _ in request.args.items(multi=True))
    if doubled or set(given) not in _KINDS or not all(given.values()):
        raise BadRequest("name one of: external_id; openid and app; unionid")
    return given


def _answer(member: Member) -> Response:
    account = people.account(member.user_id)
    user = api.describe(account)
    told: shapes.Member = {
        # These first; what `user` says of them again keeps its place.
        "uid": user["uid"],
        "former_uids": user["former_uids"],
        "external_id": member.external_id,
        "groups": None if member.groups is None else list(member.groups),
        **user,
        "created_at": account.created_at.isoformat(timespec="seconds"),
        "last_seen_at": account.last_seen_at.isoformat(timespec="seconds"),
        "disabled": account.disabled_at is not None,
    }
    return jsonify(told)


@bp.get("/events")
@operation(
    {200: shapes.Events},
    keys=_SITE,
    query={
        "after": "`next` of the answer before; nothing at first.",
        "limit": f"At most so many events, 1 to {MOST_EVENTS}; {EVENTS} if not said.",
    },
)
def events() -> Response:
    """The events behind `after`, at most `limit`, in the order of the feed."""
    client_id = api.calling_site().client_id or ""
    after = _number("after", default=0)
    limit = _number("limit", default=EVENTS)
    if not 1 <= limit <= MOST_EVENTS:
        raise BadRequest(f"limit is 1 to {MOST_EVENTS}")
    page = feed.read(client_id, after=after, limit=limit)
    told = [shapes.Event(id=one.id, **one.public_form()) for one in page.events]
    return jsonify(shapes.Events(events=told, next=str(page.next), more=page.more))


def _number(name: str, *, default: int) -> int:
    """A whole number of the query; the feed's cursor is one, to us."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise BadRequest(f"{name} is not what an earlier answer gave, or no number")
    return int(text)
