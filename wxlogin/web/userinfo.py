"""/oauth2/userinfo: claims for an access token."""

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, jsonify, request

from wxlogin.db import now
from wxlogin.observability import get_logger
from wxlogin.oidc.claims import claims_for
from wxlogin.oidc.messages import invalid_request
from wxlogin.web.access import bearer_token, let_sites_read, without_cookies

bp = Blueprint("userinfo", __name__)
bp.after_request(let_sites_read)

_PARAMETER = "access_token"
_REALM = 'Bearer realm="wxlogin"'


@bp.route("/oauth2/userinfo", methods=["GET", "POST"])
@without_cookies
def userinfo() -> Response:
    token = _token()
    if token is None:
        # RFC 6750 section 3.1: who sends no token is told no error.
        return _unauthorized(jsonify(error="invalid_token"), _REALM)
    return jsonify(claims_for(token, at=now()))


@bp.errorhandler(OAuth2Error)
def _refused(error: OAuth2Error) -> Response:
    get_logger().warning("userinfo refused", error=error.error, why=error.description)
    response = jsonify(error=error.error, error_description=error.description)
    challenge = (
        f'{_REALM}, error="{error.error}", error_description="{error.description}"'
    )
    if error.error == "insufficient_scope":
        challenge += ', scope="openid"'
    return _unauthorized(response, challenge, status=error.status_code)


def _token() -> str | None:
    """The token of the header, or of a form; one of them (RFC 6750 section 2).

    Raises OAuth2Error for one in the address, where logs and histories keep it.
    """
    header = bearer_token()
    form = request.form.get(_PARAMETER) if request.method == "POST" else None
    if _PARAMETER in request.args:
        raise invalid_request("The access token belongs into the Authorization header.")
    if header and form:
        raise invalid_request("Two access tokens at once.")
    return header or form or None


def _unauthorized(response: Response, challenge: str, *, status: int = 401) -> Response:
    response.status_code = status
    response.headers["WWW-Authenticate"] = challenge
    return response
