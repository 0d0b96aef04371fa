"""The authorization server: Authlib's, with our clients, and the two ways to tokens.

One object for the process; it keeps nothing, everything it asks for comes from the
running application's settings and database.

Authlib leads a call to its grant and through the checks of it; what it leaves to two
steps is one step here: a code is looked up, used up and exchanged by compare-and-set, a
refresh token is exchanged in one transaction. Its own answers also write tokens to the
debug log, ours do not.

A site asks about a token, or gives it back. Introspection (RFC 7662) is for clients
with a secret and for their own tokens only, those of their programs among them: to
another client's question the answer is "not active". Revocation (RFC 7009): an access
token ends by itself, a refresh token with everything that hangs on it, a program's
with its session; for another client's token the answer is the same and nothing happens
(security row 119).
"""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant

from wxlogin.accounts import sessions
from wxlogin.db import now
from wxlogin.errors import AccountGone
from wxlogin.oidc import (
    access_tokens,
    claims,
    clients,
    codes,
    program_tokens,
    refresh_tokens,
)
from wxlogin.oidc.access_tokens import Access, Issued
from wxlogin.oidc.clients import CONFIDENTIAL, EVERY, Client
from wxlogin.oidc.codes import Code
from wxlogin.oidc.messages import (
    Call,
    Reply,
    invalid_grant,
    invalid_request,
    put_on_record,
)
from wxlogin.oidc.program_tokens import ProgramToken
from wxlogin.oidc.refresh_tokens import Family
from wxlogin.service import running
from wxlogin.sites import terms
from wxlogin.sites.terms import Entry

# What a token request and its sisters may say, each once (RFC 6749 section 3.2).
_NAMES = (
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "token",
    "token_type_hint",
)


#: A token that somebody asks about.
Found = Access | Family | ProgramToken

#: Status, body and headers, as Authlib hands them on.
_Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class Request(OAuth2Request):
    """A call as Authlib hands it on."""

    def __init__(self, call: Call) -> None:
        # The one URL that Authlib looks at is the one we are on; it is not asked.
        super().__init__(call.method, "https://here.invalid/")
        self.payload = self.call = call

    @property
    def form(self) -> dict[str, str]:
        return self.call.data


class Server(AuthorizationServer):
    """Authlib's server over `Call` and `Reply`."""

    def query_client(self, client_id: str) -> Client | None:
        site = running().settings.site_of(client_id)
        return Client(site) if site else None

    def authenticate_client(
        self, request: Request, methods: Collection[str], endpoint: str = "token"
    ) -> Client:
        # Known from here on, for the log line of a refusal.
        request.client = client = clients.identify(request.call, methods)
        return client

    def create_oauth2_request(self, request: Call) -> Request:
        return Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Reply:
        return Reply(status, body, tuple(headers))

    def handle_error_response(self, request: Request, error: OAuth2Error) -> Reply:
        return refused(error, request.client)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""


class CodeGrant(AuthorizationCodeGrant):
    """RFC 6749 section 4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY

    def query_authorization_code(self, code: str, client: Client) -> Code:
        found = codes.find(code, client_id=client.client_id, at=now())
        # Authlib compares them too; its words leave out what to mend.
        if self.request.payload.redirect_uri != found.redirect_uri:
            raise invalid_grant("redirect_uri is not the one the code was sent to.")
        found.require_verifier(self.request.call.one("code_verifier"))
        return found

    def create_token_response(self) -> _Answer:
        """RFC 6749 section 4.1.4; raises `invalid_grant`."""
        claimed = codes.claim(self.request.authorization_code)
        if claimed is None:
            raise invalid_grant("This code was used before.")
        # The person may have taken the site's access back since the code was given.
        site = self.client.site
        if terms.entry(site, claimed.user_id) is not Entry.ok:
            raise invalid_grant("The person has to agree to the terms again.")
        issued = codes.redeem(claimed, at=now())
        if issued is None:
            raise invalid_grant("The session in which this code was given is over.")
        if not codes.finish(claimed, issued.authorization_id):
            access_tokens.end_tokens(issued.authorization_id)
        return _tokens(self.client, issued)


class RefreshGrant(RefreshTokenGrant):
    """RFC 6749 section 6, with rotation."""

    TOKEN_ENDPOINT_AUTH_METHODS = EVERY

    def validate_token_request(self) -> None:
        """The client; whether the token is good shows when it is exchanged."""
        self.request.client = self._validate_request_client()
        if self.request.call.one("refresh_token") is None:
            raise invalid_request("refresh_token is missing.")

    def create_token_response(self) -> _Answer:
        """RFC 6749 sections 5.1 and 6; raises `invalid_grant`, `invalid_scope`."""
        issued = refresh_tokens.refresh(
            self.request.call.one("refresh_token") or "",
            client_id=self.client.client_id,
            wish=self.request.call.one("scope"),
            at=now(),
        )
        return _tokens(self.client, issued)


def _tokens(client: Client, issued: Issued) -> _Answer:
    """The answer of the token endpoint, with an ID token where the scope holds `openid`
    (OpenID Connect Core 3.1.3.3 and 12.2)."""
    body: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "scope": " ".join(issued.scope),
    }
    if "openid" in issued.scope:
        body["id_token"] = claims.id_token(client.site, issued, at=now())
    return 200, body, default_json_headers


@cache
def server() -> Server:
    """The server of this process."""
    made = Server()
    made.register_grant(CodeGrant)
    made.register_grant(RefreshGrant)
    return made


def token(call: Call) -> Reply:
    """The answer of the token endpoint (RFC 6749 section 3.2)."""
    try:
        _require_whole(call)
        if call.one("grant_type") is None:
            raise invalid_request("grant_type is missing.")
    except OAuth2Error as error:
        return refused(error)
    reply: Reply = server().create_token_response(call)
    return reply


def introspect(call: Call) -> Reply:
    """The answer of the introspection endpoint (RFC 7662). `token_type_hint` is not
    needed: our tokens differ in shape."""
    return _about_token(call, CONFIDENTIAL, _described)


def revoke(call: Call) -> Reply:
    """The answer of the revocation endpoint (RFC 7009), also for public clients."""
    return _about_token(call, EVERY, _ended)


def refused(error: OAuth2Error, client: Client | None = None) -> Reply:
    """The error for the caller, and for the log."""
    put_on_record(error, client.client_id if client else None)
    status, body, headers = error()
    return Reply(status, body, tuple(headers))


def _about_token(
    call: Call,
    methods: Collection[str],
    answer: Callable[[Found | None], dict[str, Any]],
) -> Reply:
    """`answer` is given the token of the call if it is the client's own."""
    client: Client | None = None
    try:
        _require_whole(call)
        client = clients.identify(call, methods)
        token, at = call.one("token"), now()
        if token is None:
            raise invalid_request("token is missing.")
    except OAuth2Error as error:
        return refused(error, client)
    found: Found | None = (
        access_tokens.find(token, at=at)
        or refresh_tokens.find(token, at=at)
        or program_tokens.find(token, at=at)
    )
    own = found if found and found.client_id == client.client_id else None
    return Reply(200, answer(own), tuple(default_json_headers))


def _ended(found: Found | None) -> dict[str, Any]:
    if isinstance(found, Access):
        access_tokens.revoke(found)
    elif isinstance(found, ProgramToken):
        sessions.end_one(found.session_id)
    elif found is not None:
        access_tokens.end_tokens(found.authorization_id)
    return {}


def _described(found: Found | None) -> dict[str, Any]:
    if found is None or (isinstance(found, Family) and not found.is_good):
        return {"active": False}
    if isinstance(found, ProgramToken):
        return _of_program(found)
    facts: dict[str, Any] = {
        "active": True,
        "client_id": found.client_id,
        "scope": " ".join(found.scope),
        "sub": found.uid,
        "iss": running().settings.public_url,
    }
    if isinstance(found, Family):
        return {**facts, "exp": int(found.ends_at.timestamp())}
    return {
        **facts,
        "token_type": "Bearer",
        "aud": found.client_id,
        "sid": found.sid,
        "iat": int(found.issued_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
    }


def _of_program(found: ProgramToken) -> dict[str, Any]:
    """RFC 7662 section 2.2 leaves room for members of ours."""
    try:
        said = program_tokens.described(found)
    except AccountGone:
        return {"active": False}
    return {
        "active": True,
        **said,
        "client_id": found.client_id,
        "token_type": "Bearer",
        "iat": int(found.issued_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
    }


def _require_whole(call: Call) -> None:
    if doubled := call.doubled(_NAMES):
        raise invalid_request(f"{doubled[0]} is doubled.")
