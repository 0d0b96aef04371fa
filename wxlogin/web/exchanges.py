"""Codes that somebody made up, held off WeChat (security row 102, finding M6).

Only WeChat knows whether a code is good, and each question is one of those that it
answers for all of us. So what counts is what came to nothing; people who sign in may be
any number. Failures of an address without a browser that we know count for the address,
a browser that has signed in here counts for itself.

And threads for everybody while WeChat is slow. An exchange holds its thread until
WeChat answers. As long as that takes a moment, one address may have any number of them
open: a school begins at once. But while WeChat takes seconds, a single address could
hold every thread, and nobody else would be served. Then each has half of them at most,
in each process.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app

from wxlogin import metrics
from wxlogin.errors import CodeInvalid, PhoneCodeInvalid, TooManyRequests
from wxlogin.service import running
from wxlogin.web import callers
from wxlogin.wechat.endpoints import CODE_DENIED
from wxlogin.wechat.errors import about_code, errcode_of

# Below this part of its number an address may have any number of exchanges open at a
# time; above it, they count as failed until they have succeeded, and so they do for
# some minutes after it has used its number up.
_SUSPECT = 3
_SUSPECT_SECONDS = 600
# Half the threads of a worker with the default of sixteen.
SEATS = 8
# An exchange takes a fifth of a second where WeChat is well.
SLOW_SECONDS = 2.0
# For how long it is taken for slow after such an exchange.
_REMEMBERED = 30.0
# Seconds after which a seat may be free.
_WAIT = 3


class Seats:
    """Who has how many exchanges open in this process, and whether WeChat is slow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()
        self._slow_until = 0.0

    @contextmanager
    def one(self, who: str) -> Iterator[None]:
        """Around an exchange of this visitor's. Raises TooManyRequests."""
        began = time.monotonic()
        with self._lock:
            if began < self._slow_until and self._taken[who] >= SEATS:
                metrics.LIMITS_REACHED.at("slow-exchanges").inc()
                text = "WeChat is slow, and this caller has half of the threads"
                raise TooManyRequests(text, wait=_WAIT, limit="slow-exchanges")
            self._taken[who] += 1
        try:
            yield
        finally:
            ended = time.monotonic()
            with self._lock:
                self._taken[who] -= 1
                if not self._taken[who]:
                    del self._taken[who]
                if ended - began >= SLOW_SECONDS:
                    self._slow_until = ended + _REMEMBERED


@contextmanager
def exchanging(code: str | None) -> Iterator[None]:
    """Around a code that WeChat may be asked about: made-up ones end here.

    Raises TooManyRequests before WeChat is asked. It never is about a person who said
    no, and that is always heard.
    """
    if not callers.are_counted() or not code or code == CODE_DENIED:
        yield
        return
    limits = running().settings.limits
    who, most = callers.browser_of_session(), limits.failed_codes_of_browser
    if who is None:
        who, most = callers.address(), limits.failed_codes
    name = "failed-codes"
    suspect = _is_suspect(name, who, most)
    if suspect:
        callers.spend(name, who, most)
    try:
        with _seats().one(who):
            yield
    except BaseException as error:
        _settle(name, who, suspect=suspect, failed=_was_made_up(error))
        raise
    _settle(name, who, suspect=suspect, failed=False)


def _seats() -> Seats:
    return cast(Seats, current_app.extensions["wxlogin.seats"])


def _is_suspect(name: str, who: str, most: int) -> bool:
    """Does this caller have to be watched? Raises TooManyRequests where its number is
    used up already."""
    before, mark = callers.held(name, who), f"suspect-{name}"
    if before < most:
        return before * _SUSPECT >= most or callers.held(mark, who) > 0
    callers.count(mark, who, seconds=_SUSPECT_SECONDS)
    raise callers.used_up(name, who)


def _was_made_up(error: BaseException) -> bool:
    """Has WeChat been asked, and did it not know the code? Its own faults are nobody's
    here, and a code that we know ourselves costs no call."""
    if isinstance(error, PhoneCodeInvalid):
        return errcode_of(error) is not None
    return isinstance(error, CodeInvalid) and about_code(error)


def _settle(name: str, who: str, *, suspect: bool, failed: bool) -> None:
    """Of a suspect the exchange was counted when it began, of others it is now."""
    if suspect != failed:
        callers.count(name, who, amount=1 if failed else -1)
