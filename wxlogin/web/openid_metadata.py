"""What any client may know of us: where everything is, and our public keys."""

from flask import Blueprint, Response, jsonify

from wxlogin.errors import NotFound
from wxlogin.oidc import signing_keys
from wxlogin.oidc.discovery import metadata
from wxlogin.service import running
from wxlogin.web.access import let_all_read
from wxlogin.web.edge import allow_keeping

bp = Blueprint("openid_metadata", __name__)
bp.after_request(let_all_read)


@bp.get("/.well-known/openid-configuration")
@bp.get("/.well-known/oauth-authorization-server")
def configuration() -> Response:
    return _public(metadata(running().settings))


@bp.get("/.well-known/oauth-authorization-server/<path:below>")
def configuration_at_root(below: str) -> Response:
    """RFC 8414 section 3.1: the issuer's path stands behind the well-known one, so
    this arrives only where the host's proxy sends it to us."""
    if f"/{below}" != running().settings.prefix:
        raise NotFound("no issuer of ours")
    return configuration()


@bp.get("/oauth2/jwks")
def jwks() -> Response:
    return _public(signing_keys.jwks())


def _public(document: object) -> Response:
    """The document as JSON, to be kept for as long as keys allow it."""
    response = jsonify(document)
    response.cache_control.public = True
    response.cache_control.max_age = signing_keys.JWKS_SECONDS
    allow_keeping()
    return response
