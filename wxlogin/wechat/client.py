"""The four calls a server makes to WeChat for a login.

Rules (Tencent's guides; RFC 6749 section 4.1.2 on codes):

- One `Deadline` spans all calls of one login, pauses included.
- An exchange or refresh that was sent is never repeated, with one exception: after
  errcode -1 ("system error") it is made once more, half a second later. The code may
  be spent by then, so 40163 or 40029 as the second answer means: start again.
- userinfo and check do no harm twice. They are repeated once where the table of
  errcodes says so, and userinfo after 40001 only with the tokens of an exchange: a
  fresh token is now and then refused at first, an old one is simply over.
- Nothing of a login is kept in a `WeChat`: threads share it freely.
- Every error is of `wxlogin.errors`, names app and call, and no secret.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from wxlogin.errors import GrantDead, WeChatUnavailable
from wxlogin.net.connection import Trip
from wxlogin.net.deadline import Deadline
from wxlogin.net.transport import Transport, shared
from wxlogin.wechat.answers import Tokens, UserInfo, parse_tokens, parse_userinfo
from wxlogin.wechat.dialect import WeChatSession, query
from wxlogin.wechat.endpoints import SNS_AUTH, SNS_USERINFO, Hosts
from wxlogin.wechat.errcode import Retry
from wxlogin.wechat.errors import Call, lookup, to_exception
from wxlogin.wechat.reading import errcode, garbage, read_json

# "1-2 times, at least 0.5 s apart" is what keeps a busy WeChat from a stampede.
PAUSE_SECONDS = 0.5
# What must be left of the budget for a second try to make sense.
SECOND_TRY_SECONDS = 0.5

Answer = dict[str, Any]
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
    """One call: how to make it, for whom, and what its errors must not quote."""

    call: Call
    app: str
    ask: Callable[[], Answer] = field(repr=False)
    hide: tuple[str, ...] = field(repr=False)
    #: The token was given a moment ago.
    fresh: bool = False

    def may_repeat(self, code: int) -> bool:
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
        or `WeChatBusy` for faults (with the fact `sent`: where it is false the code
        is as good as before), `WeChatMisconfigured`, `WeChatDenied`.
        Source: GET /sns/oauth2/access_token.
        """

        question = _Question(
            Call.EXCHANGE,
            app.name,
            ask=lambda: self._session(app, deadline).exchange(code),
            hide=(app.secret, code),
        )
        return self._put(question, parse_tokens, deadline)

    def refresh(
        self, app: AppCredentials, refresh_token: str, *, deadline: Deadline
    ) -> Tokens:
        """Trade a refresh token for an access token good for two more hours.

        The answer names no unionid. Keep the refresh token that comes back, but count
        its thirty days from the authorization. Raises `GrantDead` where the person
        has to sign in again, otherwise as `exchange`.
        Source: GET /sns/oauth2/refresh_token.
        """

        question = _Question(
            Call.REFRESH,
            app.name,
            ask=lambda: self._session(app, deadline).refresh(refresh_token),
            hide=(app.secret, refresh_token),
        )
        return self._put(question, parse_tokens, deadline)

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
        access_token, openid = _pair(tokens)
        pairs = [("access_token", access_token), ("openid", openid), ("lang", lang)]
        question = _Question(
            Call.USERINFO,
            app.name,
            ask=lambda: self._get(SNS_USERINFO, pairs, deadline),
            hide=(app.secret, access_token),
            fresh=isinstance(tokens, Tokens),
        )
        return self._put(question, self._parse_userinfo, deadline)

    def check(
        self,
        app: AppCredentials,
        access_token: str,
        openid: str,
        *,
        deadline: Deadline,
    ) -> bool:
        """Whether the access token is good for this openid.

        Raises what `exchange` raises for faults. Source: GET /sns/auth.
        """
        pairs = [("access_token", access_token), ("openid", openid)]
        question = _Question(
            Call.CHECK,
            app.name,
            ask=lambda: self._get(SNS_AUTH, pairs, deadline),
            hide=(app.secret, access_token),
        )
        try:
            return self._put(question, _is_ok, deadline)
        except GrantDead:
            return False

    def _put(
        self, question: _Question, parse: Callable[[Answer], Read], deadline: Deadline
    ) -> Read:
        try:
            return parse(self._answer(question, deadline))
        except WeChatUnavailable as error:
            error.facts |= {"app": question.app, "call": question.call.value}
            raise

    def _answer(self, question: _Question, deadline: Deadline) -> Answer:
        """An answer without errcode, after a second try where one is allowed."""
        data = question.ask()
        code = errcode(data)
        if code and question.may_repeat(code) and self._has_time(deadline):
            self._pause(PAUSE_SECONDS)
            data = question.ask()
            code = errcode(data)
        if not code:
            return data
        raise to_exception(
            code,
            data.get("errmsg"),
            app=question.app,
            call=question.call,
            hide=question.hide,
        )

    def _has_time(self, deadline: Deadline) -> bool:
        return deadline.remaining() > PAUSE_SECONDS + SECOND_TRY_SECONDS

    def _session(self, app: AppCredentials, deadline: Deadline) -> WeChatSession:
        return WeChatSession(
            app.appid,
            app.secret,
            api=self.hosts.api,
            transport=self._transport,
            trip=Trip(deadline),
        )

    def _get(
        self, path: str, pairs: list[tuple[str, str]], deadline: Deadline
    ) -> Answer:
        url = f"{self.hosts.api}{path}?{query(pairs)}"
        trip = Trip(deadline, repeatable=True)
        return read_json(self._transport.get(url, trip).content)

    def _parse_userinfo(self, data: Answer) -> UserInfo:
        plain = self.hosts.api if self.hosts.api.startswith("http://") else ""
        return parse_userinfo(data, plain_origin=plain)


def _is_ok(data: Answer) -> bool:
    # The only answer that says errcode 0 in so many words.
    if "errcode" not in data:
        raise garbage("WeChat's answer to a check has no errcode.", missing="errcode")
    return True


def _pair(tokens: Tokens | tuple[str, str]) -> tuple[str, str]:
    if isinstance(tokens, Tokens):
        return tokens.access_token, tokens.openid
    return tokens
