"""Calls whose quota is used up are not made until WeChat counts anew.

- 45009, of a day: until midnight in China, but tried every ten minutes, as the operator
  may have emptied the count (`clear_quota`). Of a mini program's codes it is a minute's
  quota (developers.weixin.qq.com/doc/service/Message_Management/API_Call_Limits.html).
- 45011, of a minute: until the next one. Of a mini program's login it is one person's
  quota, which is nobody else's matter (developers.weixin.qq.com/miniprogram/dev/
  OpenApiDoc/user-login/code2Session.html, "每个用户每分钟 100 次").

What is asked in an app's own name rests for all workers (`flows.call_rests`). The calls
of a login rest here, in each process, so that a login looks nothing up for it: each
worker learns of it by one refusal.
"""

import math
import time

from wxlogin.errors import WxloginError
from wxlogin.wechat.errors import (
    MINUTE_QUOTA_USED_UP,
    OF_APPS,
    QUOTA_USED_UP,
    Call,
    errcode_of,
    to_exception,
)
from wxlogin.wechat.question import Question

#: How long at most a call rests whose quota of a day is used up.
QUOTA_SECONDS = 600.0

_DAY, _CHINA = 24 * 3600, 8 * 3600
_MINUTE = 60


def rest_seconds(errcode: int | None, call: str) -> float | None:
    """For how long nobody is to make this call after this refusal; None where that is
    no reason to leave it."""
    at = time.time()
    of_a_minute = _MINUTE - at % _MINUTE
    if errcode == QUOTA_USED_UP:
        if call == Call.PROGRAM_CODE:
            return of_a_minute
        return min(QUOTA_SECONDS, _DAY - (at + _CHINA) % _DAY)
    if errcode == MINUTE_QUOTA_USED_UP and call != Call.CODE2SESSION:
        return of_a_minute
    return None


class Quotas:
    """Which calls of a login rest, by app; for all threads of a process."""

    def __init__(self) -> None:
        # Until when, and what was said: errcode and rid.
        self._refused: dict[tuple[str, Call], tuple[float, int, str | None]] = {}

    def require(self, question: Question) -> None:
        """Raises the refusal again while the call rests; nothing was sent then."""
        key = (question.app.appid, question.call)
        until, errcode, rid = self._refused.get(key, (0.0, 0, None))
        left = until - time.time()
        if not 0 < left <= QUOTA_SECONDS:
            return
        error = to_exception(
            errcode,
            None,
            app=question.app.name,
            call=question.call,
            kind=question.app.kind,
        )
        error.facts |= {"rid": rid, "reason": "remembered", "sent": False}
        error.retry_after = math.ceil(left)
        raise error

    def note(self, question: Question, error: WxloginError) -> None:
        """Remembers this refusal, if it is one of a quota."""
        errcode = errcode_of(error)
        seconds = rest_seconds(errcode, question.call)
        if errcode is None or seconds is None or question.call in OF_APPS:
            return
        error.retry_after = math.ceil(seconds)
        key = (question.app.appid, question.call)
        self._refused[key] = (time.time() + seconds, errcode, error.facts.get("rid"))
