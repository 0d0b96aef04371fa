"""What we tell of ourselves: OpenID Connect Discovery 3, RFC 8414 section 2.

A client that is given the issuer alone finds everything else here. The issuer is
PUBLIC_URL, byte for byte: in this document, in its address, in each ID token and in
each answer of /oauth2/authorize (security row 115).
"""

from typing import Any

from wxlogin.config import Settings
from wxlogin.config.languages import languages, tag_of
from wxlogin.oidc import claims
from wxlogin.oidc.authorization_request import PROMPTS, RESPONSE_MODES
from wxlogin.oidc.clients import CONFIDENTIAL, EVERY, SCOPES
from wxlogin.oidc.signing_keys import offered_algs

#: Where each endpoint is below PUBLIC_URL.
ENDPOINTS = {
    "authorization_endpoint": "/oauth2/authorize",
    "token_endpoint": "/oauth2/token",
    "userinfo_endpoint": "/oauth2/userinfo",
    "jwks_uri": "/oauth2/jwks",
    "introspection_endpoint": "/oauth2/introspect",
    "revocation_endpoint": "/oauth2/revoke",
    "end_session_endpoint": "/oauth2/logout",
}


def metadata(settings: Settings) -> dict[str, Any]:
    """The document of both well-known addresses."""
    return {
        "issuer": settings.public_url,
        **{name: settings.public_url + path for name, path in ENDPOINTS.items()},
        **_asking(),
        **_clients(),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted(
            offered_algs(settings), reverse=True
        ),
        "claim_types_supported": ["normal"],
        "claims_supported": [*claims.ID_TOKEN_CLAIMS, *claims.CLAIMS],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _asking() -> dict[str, Any]:
    """What a request to /oauth2/authorize may hold."""
    return {
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": [tag_of(one) for one in languages()],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # Where this is left out it means true.
        "request_uri_parameter_supported": False,
    }


def _clients() -> dict[str, Any]:
    """How clients prove themselves, and what they get a token for."""
    return {
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(EVERY),
        "revocation_endpoint_auth_methods_supported": list(EVERY),
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL),
    }
