"""The calls a server makes to WeChat for a login.

Those that need an access token of the app's are in `app_calls`. Each here is one GET
with a query in the order of Tencent's guides: WeChat's dialect of OAuth 2 names `appid`
and `secret` for client_id and client_secret, in the query, has neither redirect_uri nor
PKCE in the exchange, and names no secret in a refresh. A mini program's code is
exchanged without an access token, too. The answer is text/plain with HTTP 200, and
`errcode` in it says that something went wrong.

Rules (Tencent's guides; RFC 6749 section 4.1.2 on codes):

- One `Deadline` spans all calls of one login, pauses included.
- An exchange or refresh that was sent is never repeated, with one exception: after
  errcode -1 ("system error") it is made once more, half a second later. The code may
  be spent by then, so 40163 or 40029 as the second answer means: start again.
- Where WeChat refuses the secret (40125) and there is a previous one, that is tried.
- userinfo does no harm twice. It is repeated once where the table of errcodes says
  so, and after 40001 only with the tokens of an exchange: a fresh token is now and
  then refused at first, an old one is simply over.
- Nothing of a login is kept in a `WeChat`: threads share it freely.
- Every error is of `wxlogin.errors`, names app and call, and no secret.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from wxlogin.errors import WeChatMisconfigured, WeChatUnavailable
from wxlogin.net.breaker import Alone, Board
from wxlogin.net.deadline import Deadline
from wxlogin.net.transport import Transport, shared
from wxlogin.wechat.answers import (
    Answer,
    MiniProgramSession,
    Tokens,
    UserInfo,
    errcode,
    is_json,
    no_picture,
    parse_session,
    parse_tokens,
    parse_userinfo,
    read_json,
)
from wxlogin.wechat.api_hosts import ApiHosts
from wxlogin.wechat.endpoints import Hosts
from wxlogin.wechat.errors import SECRET_REFUSED, Call, errcode_of, to_exception
from wxlogin.wechat.measured import measured
from wxlogin.wechat.question import AppCredentials, Question
from wxlogin.wechat.quotas import Quotas

# "1-2 times, at least 0.5 s apart" is what keeps a busy WeChat from a stampede.
PAUSE_SECONDS = 0.5
# What must be left of the budget for a second try to make sense.
SECOND_TRY_SECONDS = 0.5

Read = TypeVar("Read")

_log = logging.getLogger("wxlogin.wechat")


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer: its bytes, and the JSON object in there; None for a picture."""

    content: bytes = field(repr=False)
    data: Answer | None = field(repr=False)


class WeChat:
    """WeChat's API, for all apps and threads of a process.

    `budget` is the number of seconds one login may wait for WeChat. `pool` is the
    transport, by default the one of the process; by `board` the processes of a service
    tell each other which hosts rest. `pause` waits that many seconds.
    """

    def __init__(
        self,
        hosts: Hosts,
        *,
        budget: float = 8.0,
        pool: Transport | None = None,
        board: Board | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.hosts = hosts
        self.budget = budget
        self._api = ApiHosts(hosts, pool or shared(), board or Alone())
        self._quotas = Quotas()
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

        def ask(secret: str) -> Tokens:
            query = {
                "appid": app.appid,
                "secret": secret,
                "code": code,
                "grant_type": "authorization_code",
            }
            return self.ask(Question(Call.EXCHANGE, app, query), parse_tokens, deadline)

        return with_secret(app, ask)

    def code2session(
        self, app: AppCredentials, code: str, *, deadline: Deadline
    ) -> MiniProgramSession:
        """Trade the code of a mini program's wx.login for openid and session key.

        It needs no access token, so it works where none can be had. Raises as
        `exchange`. Source: GET /sns/jscode2session.
        """

        def ask(secret: str) -> MiniProgramSession:
            query = {
                "appid": app.appid,
                "secret": secret,
                "js_code": code,
                "grant_type": "authorization_code",
            }
            question = Question(Call.CODE2SESSION, app, query)
            return self.ask(question, parse_session, deadline)

        return with_secret(app, ask)

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
        return self.ask(Question(Call.REFRESH, app, query), parse_tokens, deadline)

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
        return self.ask(
            Question(Call.USERINFO, app, query, fresh=fresh), parse, deadline
        )

    def ask(
        self, question: Question, parse: Callable[[Answer], Read], deadline: Deadline
    ) -> Read:
        """The parsed answer, after a second try where one is allowed.

        For the calls of this class and of `app_calls`. Raises what they name.
        """

        def read(content: bytes) -> _Reply:
            return _Reply(content, read_json(content))

        reply = self._good(question, read, deadline)
        with _named(question):
            return parse(reply.data or {})

    def ask_picture(self, question: Question, deadline: Deadline) -> bytes:
        """The bytes of an answer that is no JSON, whatever its header calls it.

        An error comes as JSON with status 200, now and then as image/jpeg; so the
        content decides. Raises as `ask`, and WeChatUnavailable for an empty body and
        for JSON without an errcode. Whether the bytes are a picture is not looked at.
        """

        def read(content: bytes) -> _Reply:
            return _Reply(content, read_json(content) if is_json(content) else None)

        reply = self._good(question, read, deadline)
        if reply.data is not None or not reply.content:
            with _named(question):
                raise no_picture(len(reply.content))
        return reply.content

    def _good(
        self, question: Question, read: Callable[[bytes], _Reply], deadline: Deadline
    ) -> _Reply:
        """The answer without an errcode."""
        self._quotas.require(question)
        with _named(question):
            reply, code = self._read(question, read, deadline)
            if code and question.may_ask_again(code) and _has_time(deadline):
                self._pause(PAUSE_SECONDS)
                reply, code = self._read(question, read, deadline)
        if not code:
            return reply
        errmsg = (reply.data or {}).get("errmsg")
        error = to_exception(
            code,
            errmsg,
            app=question.app.name,
            call=question.call,
            kind=question.app.kind,
            hide=question.secrets,
        )
        self._quotas.note(question, error)
        raise error

    def _read(
        self, question: Question, read: Callable[[bytes], _Reply], deadline: Deadline
    ) -> tuple[_Reply, int]:
        """An answer, and the errcode in it."""
        with measured(question) as came:
            reply = self._api.ask(question, read, deadline)
            came.errcode = errcode(reply.data or {})
        return reply, came.errcode


def with_secret(app: AppCredentials, ask: Callable[[str], Read]) -> Read:
    """What `ask` gives with the app's secret, or with its previous one where WeChat
    refuses the new one. Raises what `ask` does; the refusal of the new one where both
    are refused.

    WeChat looks at the secret before it looks at a code, so that a refused one has
    spent nothing (an inference from reports; if it were wrong, the second answer would
    say that the code was used, and the person starts again).
    """
    try:
        return ask(app.secret)
    except WeChatMisconfigured as error:
        if errcode_of(error) != SECRET_REFUSED or not app.secret_previous:
            raise
        refused = error
    try:
        found = ask(app.secret_previous)
    except WeChatMisconfigured as error:
        raise refused if errcode_of(error) == SECRET_REFUSED else error from None
    _log.warning("WeChat takes the previous secret of app %s", app.name)
    return found


@contextmanager
def _named(question: Question) -> Iterator[None]:
    """Says of a fault which app and call it met."""
    try:
        yield
    except WeChatUnavailable as error:
        error.facts |= {"app": question.app.name, "call": question.call.value}
        raise


def _has_time(deadline: Deadline) -> bool:
    return deadline.remaining() > PAUSE_SECONDS + SECOND_TRY_SECONDS
