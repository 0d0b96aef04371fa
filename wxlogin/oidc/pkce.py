"""Proof of possession of a code: PKCE, S256 only (security row 114).

RFC 7636, RFC 9700 section 2.1.1. A public client must use it, any other may. A
challenge without a method would mean `plain`, which proves nothing to whoever reads
the request, so it is refused; and a verifier for a code that had no challenge is an
attack on a client that uses PKCE (RFC 9700 section 4.8).
"""

import hmac
import re
from typing import Any

from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

from wxlogin.oidc.refusals import invalid_grant, invalid_request

METHODS = ("S256",)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Authlib's extension, with neither `plain` nor a way around."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.call
        challenge = asked.one("code_challenge")
        method = asked.one("code_challenge_method")
        if challenge is None:
            if method is not None:
                raise invalid_request("code_challenge_method without code_challenge.")
            if grant.client.site.is_public:
                raise invalid_request("A public client needs PKCE: code_challenge.")
            return
        if method != "S256":
            raise invalid_request("code_challenge_method must be S256.")
        if not _CHALLENGE.fullmatch(challenge):
            raise invalid_request("code_challenge is not a SHA-256 in base64url.")

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        verifier = grant.request.call.one("code_verifier")
        challenge = grant.request.authorization_code.code_challenge
        if challenge is None and verifier is None:
            return
        if challenge is None:
            raise invalid_grant("This code was asked for without code_challenge.")
        if verifier is None:
            raise invalid_grant("code_verifier is missing.")
        if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
            create_s256_code_challenge(verifier), challenge
        ):
            raise invalid_grant("code_verifier does not match code_challenge.")
