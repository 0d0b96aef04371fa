"""OpenID Connect for sites: people come to be signed in, servers for tokens, and with
a token for claims; any client for what we tell of ourselves.
"""

from collections.abc import Callable
from functools import partial

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, g, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from wxlogin.accounts.sessions import Visitor
from wxlogin.db import now
from wxlogin.errors import AccountGone, NotFound, RegistrationClosed, WxloginError
from wxlogin.observability import get_logger
from wxlogin.oidc import authorization_request, authorization_server, signing_keys
from wxlogin.oidc import authorize as authorizing
from wxlogin.oidc.authorization_request import AuthorizationRequest
from wxlogin.oidc.authorize import Detour, decide
from wxlogin.oidc.claims import claims_for
from wxlogin.oidc.clients import is_program
from wxlogin.oidc.discovery import metadata
from wxlogin.oidc.messages import Call, Reply, invalid_request
from wxlogin.service import running
from wxlogin.web import edge, limits, shapes, site_in_view, visitors
from wxlogin.web.onward import enters
from wxlogin.web.openapi import FORM, Key, operation
from wxlogin.web.problems import refusal
from wxlogin.web.purposes import pending_site, waiting_request

bp = Blueprint("openid", __name__, url_prefix="/oauth2")
# Apart from what a person opens (see `hosts.PAGES`).
userinfo_bp = Blueprint("userinfo", __name__)
userinfo_bp.after_request(edge.let_sites_read)
metadata_bp = Blueprint("openid_metadata", __name__)
metadata_bp.after_request(edge.let_all_read)
blueprints = (bp, userinfo_bp, metadata_bp)

# Where pages of scripts fetch tokens themselves.
_FOR_PAGES = {"openid.token", "openid.revoke"}
_FOR_SERVERS = {*_FOR_PAGES, "openid.introspect"}
_for_servers = partial(
    operation, keys=(Key.site,), media=FORM, refusal=shapes.OAuthRefusal
)
_TOKEN = "access_token"  # noqa: S105  a name
_REALM = 'Bearer realm="wxlogin"'


@bp.after_request
def _cors(response: Response) -> Response:
    return edge.let_sites_read(response) if request.endpoint in _FOR_PAGES else response


@bp.errorhandler(WxloginError)
def _failed(error: WxloginError) -> Response:
    """What a page says to a visitor, in OAuth's words for a program."""
    page = refusal(error)
    if request.endpoint not in _FOR_SERVERS:
        return page
    if isinstance(error, AccountGone):
        return _json(400, {"error": "invalid_grant"})
    name = "temporarily_unavailable" if error.status == 503 else "server_error"
    waits = {"Retry-After": page.headers["Retry-After"]} if error.retry_after else {}
    return _json(error.status, {"error": name}, waits)


@bp.get("/authorize")
def authorize() -> Response:
    """A site sends somebody to be signed in."""
    edge.hide_referrer()
    found = authorizing.consider(_call(request.args), at=now())
    return _render(found) if isinstance(found, Reply) else _meet(found)


@bp.post("/authorize")
@edge.without_cookies
def authorize_by_form() -> Response:
    """The same by a form of the site's (OpenID Connect Core 3.1.2.1).

    A browser sends no cookie of ours with it, so who visits shows on the next page.
    """
    edge.hide_referrer()
    found = authorizing.consider(_call(request.form), at=now())
    if isinstance(found, Reply):
        return _render(found)
    return redirect(url_for("openid.resume", key=_hold(found)), 303)


@bp.get("/authorize/<key>")
def resume(key: str) -> Response:
    """A request that has waited goes on, after a login or an answer."""
    edge.hide_referrer()
    return _meet(waiting_request(key), key=key)


@bp.post("/authorize/<key>")
def agree(key: str) -> Response:
    """The person's word that it may go on, for the account that the page named."""
    edge.hide_referrer()
    visitor = visitors.current()
    if visitor is None or request.form.get("uid") != visitor.uid:
        # Another tab has signed somebody else in since this page was shown.
        return redirect(url_for("openid.resume", key=key), 303)
    return _meet(waiting_request(key), key=key, agreed=True)


@bp.get("/authorize/<key>/decline")
def decline(key: str) -> Response:
    """The person said no, and the site hears of it."""
    edge.hide_referrer()
    said = "The visitor said no."
    reply = authorizing.refuse(waiting_request(key), "access_denied", said)
    _answered(key)
    return _render(reply)


@bp.post("/token")
@edge.without_cookies
@_for_servers({200: shapes.Tokens}, body=shapes.TokenRequest)
def token() -> Response:
    """A code, or a refresh token, becomes tokens (RFC 6749 sections 4.1.3 and 6)."""
    return _answer(authorization_server.token)


@bp.post("/introspect")
@edge.without_cookies
@_for_servers({200: shapes.TokenState}, body=shapes.TokenAsked)
def introspect() -> Response:
    """Whether a token of the site's lives (RFC 7662)."""
    return _answer(authorization_server.introspect)


@bp.post("/revoke")
@edge.without_cookies
@_for_servers({200: shapes.Nothing}, body=shapes.TokenAsked)
def revoke() -> Response:
    """A token of the site's ends (RFC 7009)."""
    return _answer(authorization_server.revoke)


@userinfo_bp.route("/oauth2/userinfo", methods=["GET", "POST"])
@edge.without_cookies
@operation({200: shapes.Claims}, keys=(Key.access_token,), refusal=shapes.OAuthRefusal)
def userinfo() -> Response:
    """Claims for an access token."""
    token = _access_token()
    if token is None:
        # RFC 6750 section 3.1: who sends no token is told no error.
        return _json(401, {"error": "invalid_token"}, {"WWW-Authenticate": _REALM})
    return jsonify(claims_for(token, at=now()))


@userinfo_bp.errorhandler(OAuth2Error)
def _refused(error: OAuth2Error) -> Response:
    get_logger().warning("userinfo refused", error=error.error, why=error.description)
    body = {"error": error.error, "error_description": error.description}
    challenge = ", ".join(
        [_REALM, *(f'{name}="{text}"' for name, text in body.items())]
    )
    if error.error == "insufficient_scope":
        challenge += ', scope="openid"'
    return _json(error.status_code, body, {"WWW-Authenticate": challenge})


@metadata_bp.get("/.well-known/openid-configuration")
@metadata_bp.get("/.well-known/oauth-authorization-server")
def configuration() -> Response:
    return _public(metadata(running().settings))


@metadata_bp.get("/.well-known/oauth-authorization-server/<path:below>")
def configuration_at_root(below: str) -> Response:
    """RFC 8414 section 3.1: the issuer's path stands behind the well-known one, so
    this arrives only where the host's proxy sends it to us."""
    if f"/{below}" != running().settings.prefix:
        raise NotFound("no issuer of ours")
    return configuration()


@metadata_bp.get("/oauth2/jwks")
@operation({200: shapes.KeySet})
def jwks() -> Response:
    """The keys that our signatures are checked with (RFC 7517)."""
    return _public(signing_keys.jwks())


def _meet(
    asked: AuthorizationRequest, *, key: str | None = None, agreed: bool = False
) -> Response:
    """The site's answer, or the page that the visitor sees first."""
    visitor = visitors.current()
    site_in_view.see(running().settings.site_of(asked.client_id))
    try:
        found = decide(asked, visitor, at=now(), enters=enters, agreed=agreed)
    except RegistrationClosed:
        key = key or _hold(asked)
        g.login_wish = {"next": url_for("openid.resume", key=key)}
        raise
    if isinstance(found, Reply):
        _answered(key)
        return _render(found)
    if found is Detour.consent and key and visitor:
        return _ask_whether(asked, key, visitor)
    key = key or _hold(asked)
    if found is Detour.consent:
        return redirect(url_for("openid.resume", key=key), 303)
    if found is Detour.terms:
        return redirect(url_for("terms.page", key=key), 303)
    if found is Detour.follow:
        return redirect(url_for("must_follow.page", key=key), 303)
    back = url_for("openid.resume", key=key)
    wish = request.args.get("ui_locales")
    return redirect(url_for("login.page", next=back, ui_locales=wish), 302)


def _ask_whether(asked: AuthorizationRequest, key: str, visitor: Visitor) -> Response:
    """A page that names the client and the account; its form is `agree`."""
    site = pending_site(key)
    edge.allow_form_to(asked.redirect_uri)
    html = render_template(
        "openid/consent.html",
        key=key,
        visitor=visitor,
        site=site.name,
        is_program=is_program(site, asked.redirect_uri),
        scope=asked.scope,
    )
    return Response(html, mimetype="text/html")


def _hold(asked: AuthorizationRequest) -> str:
    """Keeps the request of somebody who is not signed in; its key."""
    with limits.waiting(
        authorization_request.KIND, seconds=authorization_request.WAIT_SECONDS
    ):
        return authorization_request.hold(asked)


def _answered(key: str | None) -> None:
    """The request is kept for a reload only, and no more among those that wait."""
    if key and authorization_request.answered(key):
        limits.answered(
            authorization_request.KIND, seconds=authorization_request.WAIT_SECONDS
        )


def _answer(endpoint: Callable[[Call], Reply]) -> Response:
    edge.hide_referrer()
    if request.mimetype != FORM:
        text = f"Send the parameters as {FORM}."
        return _json(415, {"error": "invalid_request", "error_description": text})
    return _render(endpoint(_call(request.form)))


def _call(values: MultiDict[str, str]) -> Call:
    return Call(
        request.method,
        {name: values.getlist(name) for name in values},
        request.headers.get("Authorization"),
    )


def _render(reply: Reply) -> Response:
    if reply.to is None:
        return _json(reply.status, reply.body, dict(reply.headers))
    if reply.mode == "form_post":
        edge.allow_form_to(reply.to)
        page = render_template("form_post.html", to=reply.to, values=reply.body)
        return Response(page, mimetype="text/html")
    # After a form another method would be a repetition of it (security row 18).
    return redirect(reply.location, 302 if request.method == "GET" else 303)


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers.update(headers or {})
    return response


def _access_token() -> str | None:
    """The token of the header, or of a form; one of them (RFC 6750 section 2).

    Raises OAuth2Error for one in the address, where logs and histories keep it.
    """
    header = edge.bearer_token()
    form = request.form.get(_TOKEN) if request.method == "POST" else None
    if _TOKEN in request.args:
        raise invalid_request("The access token belongs into the Authorization header.")
    if header and form:
        raise invalid_request("Two access tokens at once.")
    return header or form or None


def _public(document: object) -> Response:
    """The document as JSON, to be kept for as long as keys allow it."""
    response = jsonify(document)
    response.cache_control.public = True
    response.cache_control.max_age = signing_keys.JWKS_SECONDS
    edge.allow_keeping()
    return response
