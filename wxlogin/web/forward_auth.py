"""A proxy asks who the visitor is, before it lets a request through.

For pages without a login of their own: nginx (`auth_request`), Traefik
(ForwardAuth) and Caddy (`forward_auth`) send the headers of each request here first.
200 lets it through, 401 and 403 do not. A proxy of the second kind hands our answer
to the visitor, so there a visitor without a session is led to the login instead.

Every answer has the four headers `X-Wxlogin-…`, empty where there is nothing to
say: a proxy that copies them puts ours in the place of what a visitor may have
forged. Names and external ids are text of any script and a header is ASCII (RFC
9110 §5.5), so both are UTF-8, percent-encoded (RFC 3986 §2.1). The fourth says the
same once more, signed, for applications that would rather not trust the way.

The proxy's word on where the visitor was going is believed as far as anybody's: the
address becomes `next`, which must be ours or a listed site's (security row 14). It is
written as browsers send it, so whatever RFC 3986 wants encoded is encoded first.

A visitor may have asked for any address of the host: with an encoded slash, an empty
segment, or longer than a cookie. The grammar of `next` is narrow, and stays so; what is
no `next` waits here instead, and `next` is the short path that leads there. It is one
of our origin or a listed site's (`security.returning.whole_address`), looked at again
when it is used (security row 17).
"""

from urllib.parse import quote

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Site
from wxlogin.db import now
from wxlogin.errors import BadRequest, SignInNeeded, Unready
from wxlogin.oidc.signed_tokens import visitor_token
from wxlogin.security.returning import safe_next, whole_address, written
from wxlogin.service import running, shelf
from wxlogin.sites import members
from wxlogin.sites.members import Member
from wxlogin.web import edge, visitors
from wxlogin.web.onward import is_let_in

bp = Blueprint("forward_auth", __name__)

# Sent by proxies that hand our answer to the visitor; nginx sends none of them.
_TOLD_BY_PROXY = ("X-Forwarded-Uri", "X-Forwarded-Method")
# Seconds that an address waits; a person may leave the login open for a while.
_WAIT_SECONDS = 1800
# Of WAITING_REQUESTS. Anybody may leave one by asking for an address, eight kilobytes
# at most, and all by way of one proxy; who finds no place is only led to /me.
_SHARE = 20

_addresses = shelf("way_back", str, seconds=_WAIT_SECONDS)


@bp.get("/auth")
def auth() -> Response:
    """200 for a visitor with a session, otherwise 401 or the way to the login.

    Who is still to follow an official account (web/must_follow.py) is refused as well:
    401, or the way to its page.

    `site` names the site whose external id is told; with `known=1` only people whom
    that site knows are let through, others get 403. Raises BadRequest for a site
    that is not listed, and for another word than that 1, which would admit everybody.
    """
    site = _named_site()
    if _is_misspelt():
        return _told(_refusal(403))
    visitor = visitors.current()
    if visitor is None:
        return _told(_to_login() if _is_led() else _refusal(401))
    if not is_let_in(site, visitor):
        return _told(_to_follow(site) if _is_led() else _refusal(401))
    member = _member(site, visitor)
    if request.args.get("known") == "1" and member is None:
        return _told(_refusal(403))
    return _told(Response(), visitor, member)


@bp.get("/auth/back/<key>")
def go_back(key: str) -> Response:
    """On to the address that waits under this key."""
    edge.hide_referrer()
    waiting = _addresses.get(key)
    address = whole_address(waiting, running().settings) if waiting else None
    return redirect(address or url_for("account.me"), 303)


def _is_misspelt() -> bool:
    """Does the visitor send one of our names with another character for a hyphen, as
    PHP and others read it? (Of underscores a server tells us nothing.) A proxy that
    takes them off does so before it asks."""
    names = (name for name in request.environ if name.startswith("HTTP_"))
    return any(
        "WXLOGIN" in name and not name.isidentifier() for name in map(str.upper, names)
    )


def _named_site() -> Site | None:
    client_id = request.args.get("site", "")
    site = running().settings.site_of(client_id)
    if site is None and (client_id or "known" in request.args):
        raise BadRequest("SITES has no site with this client_id", parameter="site")
    if request.args.getlist("known") not in ([], ["1"]):
        raise BadRequest("write known=1 or leave it out", parameter="known")
    return site


def _member(site: Site | None, visitor: Visitor) -> Member | None:
    if site is None or site.client_id is None:
        return None
    return members.member(site.client_id, visitor.user_id)


def _is_led() -> bool:
    """May this visitor be led elsewhere? A script would follow to a page it cannot
    read, and a form that is posted would be lost: they get the bare refusal."""
    headers = request.headers
    if not (request.args.get("redirect") or any(map(headers.get, _TOLD_BY_PROXY))):
        return False
    reads = headers.get("X-Forwarded-Method", "GET") in ("GET", "HEAD")
    return reads and visitors.opens_page()


def _to_login() -> Response:
    return _away(url_for("login.page", next=_original_url()))


def _to_follow(site: Site | None) -> Response:
    client_id = site.client_id if site else None
    address = url_for("must_follow.ours", next=_original_url(), site=client_id)
    return _away(address)


def _away(target: str) -> Response:
    public = running().settings.public
    # The whole address: the proxy's visitor may be at another host.
    return _bare(redirect(f"{public.scheme}://{public.netloc}{target}"))


def _original_url() -> str | None:
    """The `next` that leads where the visitor was going, if people may go there."""
    settings, headers = running().settings, request.headers
    target = headers.get("X-Forwarded-Uri", "")
    # Two slashes in front are a path for us, and a host for many a server behind.
    if not target.startswith("/") or target[1:2] in ("/", "\\"):
        return None
    scheme = headers.get("X-Forwarded-Proto", settings.public.scheme)
    host = headers.get("X-Forwarded-Host", settings.public.netloc).lower()
    if "/" in host:
        return None
    address = f"{scheme}://{host}{written(target)}"
    if safe_next(address, settings):
        return address
    return _kept(address) or safe_next(address.partition("?")[0], settings)


def _kept(address: str) -> str | None:
    """The path of ours that leads to an address which is no `next` itself; None where
    as many wait as may, or nothing can be kept now."""
    settings = running().settings
    if whole_address(address, settings) is None:
        return None
    most = max(1, settings.waiting_requests // _SHARE)
    try:
        key = _addresses.put(address, most=most)
    except Unready:
        return None
    return url_for("forward_auth.go_back", key=key)


def _refusal(status: int) -> Response:
    response = Response(status=status)
    if status == 401:
        # A 401 names what would be accepted (RFC 9110 §11.6.1).
        response.headers["WWW-Authenticate"] = SignInNeeded.challenge
    return response


def _bare(response: Response) -> Response:
    response.set_data(b"")
    return response


def _told(
    response: Response, visitor: Visitor | None = None, member: Member | None = None
) -> Response:
    external_id = member.external_id if member else None
    headers = response.headers
    headers["X-Wxlogin-Uid"] = visitor.uid if visitor else ""
    name = visitor.profile.nickname if visitor else ""
    headers["X-Wxlogin-Name"] = quote(name, safe="")
    headers["X-Wxlogin-External-Id"] = quote(external_id or "", safe="")
    headers["X-Wxlogin-Token"] = (
        visitor_token(visitor, external_id=external_id, at=now()) if visitor else ""
    )
    return response
