"""The authorization server: Authlib's, with our clients, grants and endpoints.

One object for the process; it keeps nothing, everything it asks for comes from the
running application's settings and database.
"""

from functools import cache
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error

from wxlogin.oidc import clients
from wxlogin.oidc.clients import Client
from wxlogin.oidc.errors import invalid_request, put_on_record
from wxlogin.oidc.grants import (
    S256,
    CodeGrant,
    IdTokens,
    Introspection,
    RefreshGrant,
    Revocation,
)
from wxlogin.oidc.wire import Call, Reply, Request
from wxlogin.service import running

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


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's server over `Call` and `Reply`."""

    def query_client(self, client_id: str) -> Client | None:
        site = running().settings.site_of(client_id)
        return Client(site) if site else None

    def authenticate_client(
        self, request: Request, methods: Any, endpoint: str = "token"
    ) -> Client:
        # Known from here on, for the log line of a refusal.
        request.client = clients.identify(running().settings, request.call, methods)
        return request.client  # type: ignore[no-any-return]

    def create_oauth2_request(self, request: Call | Request) -> Request:
        return request if isinstance(request, Request) else Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Reply:
        return Reply(status, body, tuple(headers))

    def handle_error_response(self, request: Request, error: OAuth2Error) -> Reply:
        client = request.client
        put_on_record(error, client.client_id if client else None)
        return self.handle_response(*error())

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens to Authlib's signals."""


@cache
def server() -> Server:
    """The server of this process."""
    made = Server()
    made.register_grant(CodeGrant, [S256(), IdTokens()])
    made.register_grant(RefreshGrant, [IdTokens()])
    made.register_endpoint(Revocation)
    made.register_endpoint(Introspection)
    return made


def token(call: Call) -> Reply:
    """The answer of the token endpoint (RFC 6749 section 3.2)."""
    if found := _malformed(call):
        return found
    if call.one("grant_type") is None:
        return _refuse(call, "grant_type is missing.")
    return server().create_token_response(call)  # type: ignore[no-any-return]


def introspect(call: Call) -> Reply:
    """The answer of the introspection endpoint (RFC 7662)."""
    return _malformed(call) or _endpoint("introspection", call)


def revoke(call: Call) -> Reply:
    """The answer of the revocation endpoint (RFC 7009)."""
    return _malformed(call) or _endpoint("revocation", call)


def _endpoint(name: str, call: Call) -> Reply:
    return server().create_endpoint_response(name, call)  # type: ignore[no-any-return]


def _malformed(call: Call) -> Reply | None:
    doubled = call.doubled(_NAMES)
    return _refuse(call, f"{doubled[0]} is doubled.") if doubled else None


def _refuse(call: Call, description: str) -> Reply:
    return server().handle_error_response(Request(call), invalid_request(description))
