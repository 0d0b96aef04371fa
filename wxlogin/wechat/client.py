"""The calls a server makes to WeChat for a login.

Each is one GET with a query in the order of Tencent's guides: WeChat's dialect of
OAuth 2 names `appid` and `secret` for client_id and client_secret, in the query, has
neither redirect_uri nor PKCE in the exchange, and names no secret in a refresh. A mini
program's code is exchanged without an access token, too. The answer is text/plain with
HTTP 200, and `errcode` in it says that something went wrong.

Rules (Tencent's guides; RFC 6749 section 4.1.2 on codes):

- One `Deadline` spans all calls of one login, pauses included.
- An exchange or refresh that was sent is never repeated, with one exception: after
  errcode -1 ("system error") it is made once more, half a second later. The code may
  be spent by then, so 40163 or 40029 as the second answer means: start again.
- userinfo does no harm twice. It is repeated once where the table of errcodes says
  so, and after 40001 only with the tokens of an exchange: a fresh token is now and
  then refused at first, an old one is simply over.
- Nothing of a login is kept in a `WeChat`: threads share it freely.
- Every error is of `wxlogin.errors`, names app and call, and no secret.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import quote

from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.transport import Transport, shared
from wxlogin.wechat.answers import (
    Answer,
    MiniProgramSession,
    Tokens,
    UserInfo,
    errcode,
    parse_session,
    parse_tokens,
    parse_userinfo,
    read_json,
)
from wxlogin.wechat.endpoints import (
    SNS_ACCESS_TOKEN,
    SNS_CODE2SESSION,
    SNS_REFRESH_TOKEN,
    SNS_USERINFO,
    Hosts,
)
from wxlogin.wechat.errcodes import Retry, lookup
from wxlogin.wechat.errors import Call, to_exception

# "1-2 times, at least 0.5 s apart" is what keeps a busy WeChat from a stampede.
PAUSE_SECONDS = 0.5
# What must be left of the budget for a second try to make sense.
SECOND_TRY_SECONDS = 0.5

_PATHS = {
    Call.EXCHANGE: SNS_ACCESS_TOKEN,
    Call.REFRESH: SNS_REFRESH_TOKEN,
    Call.USERINFO: SNS_USERINFO,
    Call.CODE2SESSION: SNS_CODE2SESSION,
}

Read = TypeVar("Read")


class AppCredentials(Protocol):
    """What the client needs of a configured app."""

    @property
    def name(self) -> str: ...
    @property
    def appid(self) -> str: ...
    @property
    def secret(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Question:
    """One call: what is asked, and for which app."""

    call: Call
    app: AppCredentials = field(repr=False)
    #: The query, in the order of Tencent's guide.
    query: dict[str, str] = field(repr=False)
    #: The token was given a moment ago.
    fresh: bool = False

    @property
    def target(self) -> str:
        """Path and query: everything percent-encoded, in this order, as UTF-8."""
        pairs = (
            f"{name}={quote(text, '', errors='replace')}"
            for name, text in self.query.items()
        )
        return f"{_PATHS[self.call]}?{'&'.join(pairs)}"

    @property
    def repeatable(self) -> bool:
        """Does it no harm when it is sent twice?"""
        return self.call is Call.USERINFO

    @property
    def secrets(self) -> list[str]:
        """What an error must not quote."""
        names = ("code", "js_code", "refresh_token", "access_token")
        return [self.app.secret, *(self.query.get(name, "") for name in names)]

    def may_ask_again(self, code: int) -> bool:
        return code == -1 or (self.fresh and lookup(code).retry is Retry.ONCE)


class WeChat:
    """WeChat's API, for all apps and threads of a process.

    `budget` is the number of seconds one login may wait for WeChat. `pool` is the
    transport, by default the one of the process. `pause` waits that many seconds.
    """

    def __init__(
        self,
        hosts: Hosts,
        *,
        budget: float = 8.0,
        pool: Transport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.hosts = hosts
        self.budget = budget
        self._transport = pool or shared()
        self._pause = pause

    def deadline(self) -> Deadline:
        """A new budget; pass it to every call of one login."""
        return Deadline(self.budget)

    def exchange(self, app: AppCredentials, code: str, *, deadline: Deadline) -> Tokens:
        """Trade an authorization code for tokens and the person's openid.

        Raises `CodeInvalid` where WeChat does not take the code, `WeChatUnavailable`
        or `WeChatBusy` for faults (where `errors.never_left` the code is as good as
        before), `WeChatMisconfigured`, `WeChatDenied`.
        Source: GET /sns/oauth2/access_token.
        """
        query = {
            "appid": app.appid,
            "secret": app.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        return self._get(_Question(Call.EXCHANGE, app, query), parse_tokens, deadline)

    def code2session(
        self, app: AppCredentials, code: str, *, deadline: Deadline
    ) -> MiniProgramSession:
        """Trade the code of a mini program's wx.login for openid and session key.

        It needs no access token, so it works where none can be had. Raises as
        `exchange`. Source: GET /sns/jscode2session.
        """
        query = {
            "appid": app.appid,
            "secret": app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        question = _Question(Call.CODE2SESSION, app, query)
        return self._get(question, parse_session, deadline)

    def refresh(
        self, app: AppCredentials, refresh_token: str, *, deadline: Deadline
    ) -> Tokens:
        """Trade a refresh token for an access token good for two more hours.

        The answer names no unionid. Keep the refresh token that comes back, but count
        its thirty days from the authorization. Raises `GrantDead` where the person
        has to sign in again, otherwise as `exchange`.
        Source: GET /sns/oauth2/refresh_token.
        """
        query = {
            "appid": app.appid,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return self._get(_Question(Call.REFRESH, app, query), parse_tokens, deadline)

    def userinfo(
        self,
        app: AppCredentials,
        tokens: Tokens | tuple[str, str],
        *,
        lang: str = "zh_CN",
        deadline: Deadline,
    ) -> UserInfo:
        """The profile behind `tokens`, or behind a pair (access_token, openid).

        `lang` is zh_CN, zh_TW or en. Compare the answer with `answers.disagreement`.
        Raises `TokenStale` (a `GrantDead`) where a refresh may help, `GrantDead`,
        `WeChatMisconfigured` with errcode 48001 where the scope is too small,
        otherwise as `exchange`. Source: GET /sns/userinfo.
        """
        fresh = isinstance(tokens, Tokens)
        if isinstance(tokens, Tokens):
            tokens = (tokens.access_token, tokens.openid)
        query = {"access_token": tokens[0], "openid": tokens[1], "lang": lang}
        parse = partial(parse_userinfo, plain_origin=self.hosts.plain)
        return self._get(_Question(Call.USERINFO, app, query, fresh), parse, deadline)

    def _get(
        self, question: _Question, parse: Callable[[Answer], Read], deadline: Deadline
    ) -> Read:
        """The parsed answer, after a second try where one is allowed."""
        call, app = question.call, question.app.name
        try:
            data = self._answer(question, deadline)
            code = errcode(data)
            if code and question.may_ask_again(code) and _has_time(deadline):
                self._pause(PAUSE_SECONDS)
                data = self._answer(question, deadline)
                code = errcode(data)
            if not code:
                return parse(data)
        except WeChatUnavailable as error:
            error.facts |= {"app": app, "call": call.value}
            raise
        errmsg = data.get("errmsg")
        raise to_exception(code, errmsg, app=app, call=call, hide=question.secrets)

    def _answer(self, question: _Question, deadline: Deadline) -> Answer:
        trip = Trip(deadline, repeatable=question.repeatable)
        url = self.hosts.api + question.target
        return read_json(self._transport.get(url, trip).content)


def _has_time(deadline: Deadline) -> bool:
    return deadline.remaining() > PAUSE_SECONDS + SECOND_TRY_SECONDS
