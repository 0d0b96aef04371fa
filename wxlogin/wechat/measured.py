"""One call to WeChat, for those who watch: how it ended, and how long it took.

An errcode is named where WeChat's table has it, so that there is a bounded number of
results whatever an answer says.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from wxlogin import metrics, tracing
from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.errcodes import ERRCODES
from wxlogin.wechat.question import Question

_log = logging.getLogger("wxlogin")


@dataclass(slots=True)
class Measured:
    """What has come of the call; its errcode is 0 where all is well."""

    errcode: int = 0
    fault: str = ""

    @property
    def result(self) -> str:
        """ok, an errcode, or the fault on the way (net/faults.py)."""
        if self.fault or not self.errcode:
            return self.fault or "ok"
        return str(self.errcode) if self.errcode in ERRCODES else "other"


@contextmanager
def measured(question: Question) -> Iterator[Measured]:
    """Around one request and the reading of its answer, which says the `errcode`."""
    call, app = question.call.value, question.app.name
    came, began = Measured(), perf_counter()
    with tracing.span(f"WeChat {call}") as span:
        try:
            yield came
        except WeChatUnavailable as error:
            came.fault = error.facts.get("fault") or "garbage"
            raise
        finally:
            told = {"call": call, "app": app, "result": came.result}
            for name, text in told.items():
                span.set_attribute(f"wechat.{name}", text)
            _count(call, app, came.result, perf_counter() - began)


def _count(call: str, app: str, result: str, seconds: float) -> None:
    metrics.WECHAT_SECONDS.at(call).observe(seconds)
    metrics.WECHAT_CALLS.at(call, app, result).inc()
    told = "WeChat was asked: %s for %s, %s after %.3f s"
    _log.debug(told, call, app, result, seconds)
