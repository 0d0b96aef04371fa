"""What WeChat has refused and is not asked again for a while, app by app.

- Our address is not on the app's list (40164, 61004). An account's list covers every
  call, with a good token too; a mini program's those for the token alone. So nothing
  more is asked in the app's name for a minute. Then one call tries, and the others go
  on being refused until that has come through (developers.weixin.qq.com/doc/
  subscription/guide/dev/api, page "API IP 白名单").
- The quota of a call is used up, of a day or a minute: that call rests as
  `wechat.quotas` says.
"""

import time
from dataclasses import dataclass

from wxlogin.config import App, AppKind
from wxlogin.errors import WeChatUnavailable, WxloginError
from wxlogin.wechat.errors import (
    ADDRESS_REFUSED,
    Call,
    errcode_of,
    to_exception,
)
from wxlogin.wechat.quotas import rest_seconds

# How long a refusal of WeChat's is remembered, and how long that it did not answer.
REFUSED_SECONDS, UNANSWERED_SECONDS = 60.0, 20.0


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
        if self.errcode is None:
            return UNANSWERED_SECONDS
        return self.quota_seconds or REFUSED_SECONDS

    @property
    def quota_seconds(self) -> float | None:
        """How long the call rests as its quota is used up; None where it is not."""
        return rest_seconds(self.errcode, self.call)

    def again(self, app: App) -> WxloginError:
        """The same error; `remembered` says that WeChat was not asked."""
        call = Call(self.call)
        if self.errcode is None:
            error: WxloginError = WeChatUnavailable(
                self.operator, fault=self.fault, app=app.name, call=call.value
            )
        else:
            error = to_exception(
                self.errcode, self.errmsg, app=app.name, call=call, kind=app.kind
            )
        error.facts |= {"rid": self.rid, "reason": "remembered", "sent": False}
        return error


@dataclass(frozen=True)
class Rest:
    """That a call is not made until then, by seconds since 1970; one without a name is
    every call."""

    call: str
    until: float
    failure: Failure

    def covers(self, call: Call | None) -> bool:
        return not self.call or self.call == call

    @property
    def is_over(self) -> bool:
        return self.until <= time.time()


def rest_after(app: App, error: WxloginError) -> Rest | None:
    """What is not asked for a while after this error; None where asking goes on.

    Of a mini program the refusal of the token itself is none: a token that is there is
    good for all else.
    """
    failure = Failure.of(error)
    about_token = failure.call == Call.APP_TOKEN
    if errcode_of(error) in ADDRESS_REFUSED:
        if about_token and app.kind is AppKind.mini_program:
            return None
        return Rest("", time.time() + failure.seconds, failure)
    if failure.quota_seconds and not about_token:
        return Rest(failure.call, time.time() + failure.quota_seconds, failure)
    return None
