"""Which of WeChat's API hosts is asked, and for how long one is left alone.

WeChat has a second host with the same calls, for when the first one cannot be reached
(developers.weixin.qq.com/doc/service/guide/dev/domain, "通用异地容灾域名"). It is asked
only where no connection to the first one came about: a request that may have arrived
is never made anew, as a code can be used once. Once it has answered in that place, the
first one is left alone for AWAY_SECONDS.

A host that fails in whatever way several times in a row rests (`net.breaker`); where
all rest, nothing is sent and the error says when to come back. An errcode is an answer,
whatever it says: `wechat.quotas` is about those.
"""

import logging
import math
from collections.abc import Callable
from typing import TypeVar

from wxlogin.errors import WeChatUnavailable
from wxlogin.net.breaker import Board, Breaker
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.transport import Transport
from wxlogin.wechat.endpoints import Hosts
from wxlogin.wechat.question import Question

#: How long the second host is asked at once, after it stood in for the first.
AWAY_SECONDS = 60.0

# How far a request is that has not left: there is no connection yet.
_CONNECTING = frozenset({"name", "connect", "proxy", "tls"})

# This room is pure Python: what it logs, `wxlogin.observability` puts into its form.
_log = logging.getLogger("wxlogin.wechat")

Read = TypeVar("Read")


class ApiHosts:
    """WeChat's API, at whichever host answers; for all threads of a process."""

    def __init__(self, hosts: Hosts, transport: Transport, board: Board) -> None:
        self._transport = transport
        origins = [hosts.api, *([hosts.api_second] if hosts.api_second else [])]
        self._ways = [(origin, Breaker(origin, board)) for origin in origins]

    def ask(
        self, question: Question, read: Callable[[bytes], Read], deadline: Deadline
    ) -> Read:
        """What `read` makes of the answer. Raises `WeChatUnavailable`; where every host
        rests its `fault` is "resting" and `retry_after` tells for how long."""
        failure: WeChatUnavailable | None = None
        waits: list[float] = []
        for place, (origin, breaker) in enumerate(self._ways):
            if wait := breaker.seconds_left():
                waits.append(wait)
                continue
            trip = Trip(
                deadline,
                repeatable=question.repeatable,
                most_bytes=question.most_bytes,
                another=place + 1 < len(self._ways),
            )
            try:
                found = read(self._send(origin, question, trip))
            except WeChatUnavailable as error:
                if breaker.failed():
                    _log.warning("%s rests: %s", origin, error.operator)
                if not trip.another or not _never_connected(error):
                    raise
                failure = error
                continue
            if breaker.answered():
                _log.warning("%s answers again", origin)
            if failure is not None:
                self._prefer(origin)
            return found
        raise failure or _all_rest(self._ways[0][0], min(waits))

    def _send(self, origin: str, question: Question, trip: Trip) -> bytes:
        url, body = origin + question.target, question.content
        if body is None:
            return self._transport.get(url, trip).content
        return self._transport.post(url, body, trip).content

    def _prefer(self, answered: str) -> None:
        """The host that stood in is asked at once for a while."""
        for origin, breaker in self._ways:
            if origin == answered:
                break
            breaker.rest(AWAY_SECONDS)
            _log.warning("%s stands in for %s", answered, origin)


def _never_connected(error: WeChatUnavailable) -> bool:
    facts = error.facts
    return facts.get("sent") is False and facts.get("stage") in _CONNECTING


def _all_rest(origin: str, seconds: float) -> WeChatUnavailable:
    error = WeChatUnavailable(
        f"{origin} has failed several times in a row and is left alone for a moment.",
        fault="resting",
        host=origin,
        sent=False,
    )
    error.retry_after = max(1, math.ceil(seconds))
    return error
