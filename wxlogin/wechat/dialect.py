"""WeChat's dialect of OAuth 2, spoken by Authlib's `OAuth2Session`.

Where WeChat differs from RFC 6749 (web login guide, steps 2 and "刷新 access_token"):

- `appid` and `secret` stand for client_id and client_secret, in the query of a GET,
  and a refresh names no secret;
- errors come with HTTP 200 as `errcode`, success without `token_type`, all of it as
  `text/plain`;
- there is no redirect_uri in the exchange and no PKCE.

A session belongs to one exchange or refresh, as Authlib means it: it holds what is
asked for. What is shared by logins is only the transport below it.

`request` leaves out `requests.Session.request`. That one reads the environment, keeps
cookies and follows redirects, which are three things this must not do, and costs more
than the rest of the call. `parse_response_token` leaves out Authlib's: it decides by
the HTTP status, and its errors quote the URL with the secret.
"""

from typing import Any
from urllib.parse import parse_qs, quote
from weakref import proxy

import requests
from authlib.integrations.requests_client import OAuth2Session

from wxlogin.net.connection import Trip
from wxlogin.net.transport import Transport
from wxlogin.wechat.endpoints import SNS_ACCESS_TOKEN, SNS_REFRESH_TOKEN
from wxlogin.wechat.reading import read_json

# The order of Tencent's guides.
EXCHANGE_ORDER = ("appid", "secret", "code", "grant_type")
REFRESH_ORDER = ("appid", "grant_type", "refresh_token")


def query(pairs: list[tuple[str, str]]) -> str:
    """A query in the order given, everything percent-encoded, UTF-8."""
    return "&".join(f"{key}={quote(text, '', errors='replace')}" for key, text in pairs)


def sign(
    client: Any, method: str, uri: str, headers: Any, body: Any
) -> tuple[str, Any, Any]:
    """Authlib's hook for client authentication: the query as WeChat wants it."""
    base, _, given = uri.partition("?")
    names = {key: texts[0] for key, texts in parse_qs(given).items()}
    names |= {"appid": client.client_id, "secret": client.client_secret}
    order = REFRESH_ORDER if "refresh_token" in names else EXCHANGE_ORDER
    pairs = [(name, names[name]) for name in order if name in names]
    return f"{base}?{query(pairs)}", headers, body


class WeChatSession(OAuth2Session):  # type: ignore[misc]  # Authlib is untyped
    """One exchange or refresh for one app."""

    def __init__(
        self, appid: str, secret: str, *, api: str, transport: Transport, trip: Trip
    ) -> None:
        super().__init__(appid, secret, token_endpoint_auth_method="wechat")  # noqa: S106  a method's name
        self.register_client_auth_method(("wechat", sign))
        self.mount("https://", transport)
        self.mount("http://", transport)
        self._api = api
        self._trip = trip
        # Authlib ties the session to itself; untied, it and the secret in it go
        # when the call is over, not when the garbage collector comes by.
        self.session = proxy(self)
        self.token_auth.client = None

    def exchange(self, code: str) -> dict[str, Any]:
        """WeChat's answer to an authorization code."""
        return self._fetch(SNS_ACCESS_TOKEN, "authorization_code", code=code)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """WeChat's answer to a refresh token."""
        return self._fetch(
            SNS_REFRESH_TOKEN, "refresh_token", refresh_token=refresh_token
        )

    def _fetch(self, path: str, grant_type: str, **params: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.fetch_token(
            self._api + path, method="GET", grant_type=grant_type, **params
        )
        return answer

    def request(
        self, method: str, url: str, *, auth: Any, **options: Any
    ) -> requests.Response:
        """Send what Authlib has prepared, through the transport and nothing else."""
        signed, _, _ = auth.prepare(method, url, {}, None)
        request = requests.PreparedRequest()
        request.method, request.url = method, signed
        transport: Any = self.get_adapter(signed)
        answer: requests.Response = transport.send(request, timeout=self._trip)
        return answer

    def parse_response_token(self, resp: requests.Response) -> dict[str, Any]:
        """The answer as it is; `client` looks at its errcode."""
        return read_json(resp.content)
