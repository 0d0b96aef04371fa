"""An app's own access token: one for all workers, renewed early, asked for by one.

- It lies in the ticket store, sealed. Its key is made of the appid and a hash of the
  secret: a secret that was changed does not go on with the old one's token.
- Under five minutes before its end WeChat gives a new one, and both are good; so it is
  renewed then, by one worker while the others go on with the old one.
- Where there is none one worker asks, and the others wait for it a moment.
- On 40001, 40014 and 42001 it is dropped only if it is still the one that failed;
  another one is fetched once, and the call is made once more. Never a third time.
- What went wrong is remembered for a minute, and told to all who ask meanwhile: an
  address that is not on WeChat's list is no reason to ask anew for each visitor. Nobody
  needs a token to sign in.

Sources: developers.weixin.qq.com/doc/oplatform/developers/dev/AccessToken.html and
developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import WeChatUnavailable, WxloginError
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat import app_calls
from wxlogin.wechat.errors import AppTokenStale, Call, to_exception

# Renewed when less than this is left, but not again at once where WeChat gives less.
_DUE_SECONDS, _AGAIN_SECONDS = 300.0, 10.0
# How long a refusal of WeChat's is remembered, and how long that it did not answer.
REFUSED_SECONDS, UNANSWERED_SECONDS = 60.0, 20.0
# How long one that has no token waits for another's question.
_WAIT_SECONDS = 3.0
# Beside its own life, a ticket lives so long.
_SPARE_SECONDS = 120.0

R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """An error of WeChat's, to be raised again without asking."""

    call: str
    operator: str
    errcode: int | None = None
    errmsg: str | None = None
    rid: str | None = None
    fault: str | None = None

    @classmethod
    def of(cls, error: WxloginError) -> "Failure":
        facts = error.facts
        return cls(
            call=facts.get("call") or Call.APP_TOKEN.value,
            operator=error.operator,
            errcode=facts.get("errcode"),
            errmsg=facts.get("errmsg"),
            rid=facts.get("rid"),
            fault=facts.get("fault"),
        )

    @property
    def seconds(self) -> float:
        """How long it is remembered."""
        return UNANSWERED_SECONDS if self.errcode is None else REFUSED_SECONDS

    def again(self, app: App) -> WxloginError:
        """The same error; `remembered` says that WeChat was not asked."""
        call = Call(self.call)
        if self.errcode is None:
            error: WxloginError = WeChatUnavailable(
                self.operator, fault=self.fault, app=app.name, call=call.value
            )
        else:
            error = to_exception(self.errcode, self.errmsg, app=app.name, call=call)
        error.facts |= {"rid": self.rid, "reason": "remembered", "sent": False}
        return error


@dataclass(frozen=True)
class _Held(Kept):
    """What is known of an app's token. Times are seconds since 1970."""

    token: str = field(default="", repr=False)
    ends: float = 0.0
    #: From then on a new one is asked for.
    due: float = 0.0
    #: Until then somebody asks WeChat.
    asked_until: float = 0.0
    #: Why there is none, and until when that is remembered.
    failure: Failure | None = None
    failed_until: float = 0.0

    def without(self, refused: str) -> "_Held":
        """Without the token that WeChat refuses, or one that is over."""
        over = self.token == refused or self.ends <= time.time()
        return replace(self, token="", ends=0.0, due=0.0) if over else self

    @property
    def rests(self) -> bool:
        """Is nothing to be asked now?"""
        at = time.time()
        waits = max(self.asked_until, self.failed_until)
        return at < (max(self.due, waits) if self.token else waits)


_tokens = service.shelf("app_token", _Held, seconds=_SPARE_SECONDS)


def with_token(app: App, call: Callable[[str], R], *, deadline: Deadline) -> R:
    """What `call` gives with the app's access token.

    Raises what the call raises, and what asking for a token raises, from WeChat or
    remembered: `WeChatMisconfigured`, `WeChatUnavailable`.
    """
    token = _token(app, deadline)
    try:
        return call(token)
    except AppTokenStale as error:
        get_logger().warning("access token refused", why=error.operator, app=app.name)
    token = _token(app, deadline, refused=token)
    try:
        return call(token)
    except AppTokenStale as error:
        _give_up(app, token, error)
        raise


def _token(app: App, deadline: Deadline, *, refused: str = "") -> str:
    key, patience = _key(app), time.monotonic() + _WAIT_SECONDS
    while True:
        found = _found(key)
        held = found.without(refused)
        if held.rests:
            if held.token:
                return held.token
            if held.failure and held.failed_until > time.time():
                raise held.failure.again(app)
            _wait(found, min(patience - time.monotonic(), deadline.remaining()))
        elif claimed := _claim(held):
            return _ask(app, claimed, deadline)


def _found(key: str) -> _Held:
    """What is known, or that nothing is; with its version either way."""
    while (found := _tokens.get(key)) is None:
        _tokens.add(key, _Held())
    return found


def _claim(held: _Held) -> _Held | None:
    """The right to ask WeChat; None where somebody else was faster."""
    lease = running().settings.wechat_budget + 2
    asking = replace(held, asked_until=time.time() + lease, failure=None)
    return _keep(replace(asking, failed_until=0.0))


def _wait(found: _Held, seconds: float) -> None:
    """Until somebody else's question is answered. Raises WeChatUnavailable."""
    left: _Held | None = found
    if seconds > 0:
        left = _tokens.wait(found.key, version=found.version, timeout=seconds)
    if left is not None and left.version == found.version:
        raise WeChatUnavailable(
            "another request is asking WeChat for the access token", fault="timeout"
        )


def _ask(app: App, claimed: _Held, deadline: Deadline) -> str:
    idle = replace(claimed, asked_until=0.0)
    try:
        given = app_calls.app_token(running().wechat, app, deadline=deadline)
    except WxloginError as error:
        _settle(_failed(idle, error))
        if not claimed.token:
            raise
        # There is time: the old one is good for some minutes.
        facts = error.facts
        get_logger().warning("access token not renewed", why=error.operator, **facts)
        return claimed.token
    except BaseException:
        _settle(idle)
        raise
    at = time.time()
    ends = at + given.expires_in
    due = max(ends - _DUE_SECONDS, at + _AGAIN_SECONDS)
    _settle(replace(idle, token=given.value, ends=ends, due=due))
    get_logger().info("access token fetched", app=app.name, seconds=given.expires_in)
    return given.value


def _give_up(app: App, token: str, error: AppTokenStale) -> None:
    """A token that WeChat has just given and refuses: asking again would not help."""
    found = _found(_key(app))
    if found.token == token:
        _settle(_failed(found.without(token), error))


def _failed(held: _Held, error: WxloginError) -> _Held:
    failure = Failure.of(error)
    return replace(held, failure=failure, failed_until=time.time() + failure.seconds)


def _settle(held: _Held) -> None:
    # Not where the lease ran out and another one asks.
    _keep(held)
    _tokens.notify(held.key)


def _keep(held: _Held) -> _Held | None:
    ends = max(held.ends, held.asked_until, held.failed_until, time.time())
    return _tokens.swap(held, seconds=ends - time.time() + _SPARE_SECONDS)


def _key(app: App) -> str:
    secret = hashlib.sha256(f"{app.appid}\x1f{app.secret}".encode()).hexdigest()
    return f"{app.appid}\x1f{secret}"
