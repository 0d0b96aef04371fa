"""One call to WeChat, as it is asked: where, with what, and for which app.

The query is in the order of Tencent's guides, percent-encoded as UTF-8. A body is JSON
in UTF-8 whose letters stand as they are: some calls refuse `\\uXXXX` (errcode 40033),
and a form is 47001. An access token stands in the query, also of a POST; in the body it
is 47001.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from wxlogin.net.deadline import BODY_LIMIT
from wxlogin.wechat import endpoints
from wxlogin.wechat.errcodes import Retry, lookup
from wxlogin.wechat.errors import Call

_PATHS = {
    Call.EXCHANGE: endpoints.SNS_ACCESS_TOKEN,
    Call.REFRESH: endpoints.SNS_REFRESH_TOKEN,
    Call.USERINFO: endpoints.SNS_USERINFO,
    Call.CODE2SESSION: endpoints.SNS_CODE2SESSION,
    Call.APP_TOKEN: endpoints.CGI_STABLE_TOKEN,
    Call.PROGRAM_CODE: endpoints.WXA_GETWXACODEUNLIMIT,
    Call.PHONE_NUMBER: endpoints.WXA_GETUSERPHONENUMBER,
    Call.CHECK_SESSION: endpoints.WXA_CHECKSESSION,
    Call.CHECK_TEXT: endpoints.WXA_MSG_SEC_CHECK,
    Call.CHECK_MEDIA: endpoints.WXA_MEDIA_CHECK_ASYNC,
    Call.FOLLOWER: endpoints.CGI_USER_INFO,
    Call.FOLLOWERS: endpoints.CGI_USER_BATCHGET,
    Call.FOLLOWER_LIST: endpoints.CGI_USER_GET,
    Call.ACCOUNT_CODE: endpoints.CGI_QRCODE_CREATE,
    Call.MENU: endpoints.CGI_SELFMENU_INFO,
    Call.MAKE_MENU: endpoints.CGI_MENU_CREATE,
    Call.AUTO_REPLIES: endpoints.CGI_AUTOREPLY_INFO,
    Call.NEW_OPENIDS: endpoints.CGI_CHANGEOPENID,
    Call.CALLBACK_CHECK: endpoints.CGI_CALLBACK_CHECK,
    Call.PUSH_ADDRESSES: endpoints.CGI_GETCALLBACKIP,
    Call.API_ADDRESSES: endpoints.CGI_GET_API_DOMAIN_IP,
    Call.QUOTA: endpoints.CGI_QUOTA_GET,
    Call.RID: endpoints.CGI_RID_GET,
}
#: Bytes of an answer that is longer than a login's: ten thousand openids, of as many
#: characters as we keep.
_LONG = {Call.FOLLOWER_LIST: 2 * 1024 * 1024}
#: What spends something of the person's: it is never sent twice by itself.
_SPENDS = frozenset({Call.EXCHANGE, Call.REFRESH, Call.CODE2SESSION, Call.PHONE_NUMBER})
# What an error must not quote, wherever it stands.
_SECRETS = ("code", "js_code", "refresh_token", "access_token", "signature", "secret")


def path_of(call: Call) -> str:
    """Where this is asked, by the names of Tencent's pages."""
    return _PATHS[call]


class AppCredentials(Protocol):
    """What the client needs of a configured app."""

    @property
    def name(self) -> str: ...
    @property
    def appid(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def secret_previous(self) -> str | None: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; with a `body` it is a POST."""

    call: Call
    app: AppCredentials = field(repr=False)
    #: In the order of Tencent's guide.
    query: Mapping[str, str] = field(repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    #: The token was given a moment ago.
    fresh: bool = False

    @property
    def target(self) -> str:
        """Path and query: everything percent-encoded, in this order, as UTF-8."""
        pairs = "&".join(
            f"{name}={quote(text, '', errors='replace')}"
            for name, text in self.query.items()
        )
        path = _PATHS[self.call]
        return f"{path}?{pairs}" if pairs else path

    @property
    def content(self) -> bytes | None:
        """The body's bytes; None for a GET. Half a character becomes `?`."""
        if self.body is None:
            return None
        text = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")

    @property
    def repeatable(self) -> bool:
        """Does it no harm when it is sent twice?"""
        return self.call not in _SPENDS

    @property
    def most_bytes(self) -> int:
        """How long an answer to it may be."""
        return _LONG.get(self.call, BODY_LIMIT)

    @property
    def secrets(self) -> list[str]:
        """What an error must not quote."""
        given = {**self.query, **(self.body or {})}
        own = [self.app.secret, self.app.secret_previous or ""]
        return [*own, *(str(given.get(name, "")) for name in _SECRETS)]

    def may_ask_again(self, code: int) -> bool:
        return code == -1 or (self.fresh and lookup(code).retry is Retry.ONCE)
