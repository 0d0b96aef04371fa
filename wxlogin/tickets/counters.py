"""Counts of what happened in a stretch of time, for limits.

They are kept where the tickets of many workers are: in Redis, one count for all of
them. Without Redis each process counts for itself, in memory; the database is not
asked, because a flood would then write to it at every request. While Redis is away
each process counts for itself too, and looks for it again every few seconds: a limit
is then one per process, and nobody waits for it.

A stretch begins with its first count and ends after so many seconds, so twice the
number fits into one stretch that lies across two. In Redis that is the fixed window of
`limits`, the library beneath Flask-Limiter. That extension itself counts before a view
or by its answer, and takes nothing back; most of our limits do. The library's counts in
memory start a thread at nearly every request, which looks through all keys; ours do
not.
"""

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar

from wxlogin.config import Settings
from wxlogin.observability import get_logger

if TYPE_CHECKING:
    from limits.storage import RedisStorage

T = TypeVar("T")

#: In front of every count in Redis.
PREFIX = "wxlogin:limit"
# For how long Redis is not asked after it has failed.
_AWAY_SECONDS = 5.0
# How often the counts that have ended are taken out of memory.
_SWEEP_SECONDS = 10.0


class _Counts(Protocol):
    """Where counts are kept: the calls of a `limits` storage."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int: ...

    def get(self, key: str) -> int: ...

    def get_expiry(self, key: str) -> float: ...


class _Memory:
    """Counts of this process, each with the moment at which it ends."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = Lock()
        self._swept = 0.0

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        with self._lock:
            self._sweep(now)
            count, ends = self._counts.get(key, (0, now))
            count, ends = (
                (amount, now + expiry) if ends <= now else (count + amount, ends)
            )
            self._counts[key] = (count, ends)
            return count

    def get(self, key: str) -> int:
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, time.time()))[1]

    def _sweep(self, now: float) -> None:
        # Also where the clock was put back.
        if not 0 <= now - self._swept < _SWEEP_SECONDS:
            self._swept = now
            counts = self._counts.items()
            self._counts = {key: one for key, one in counts if one[1] > now}


class Counters:
    """Counts by key. A key holds no secret: it is read by whoever reads Redis."""

    def __init__(
        self,
        connect: "Callable[[], RedisStorage] | None" = None,
        faults: tuple[type[Exception], ...] = (),
    ) -> None:
        self._own = _Memory()
        self._connect = connect
        self._faults = faults
        self._shared: RedisStorage | None = None
        self._away_until = 0.0

    def add(self, key: str, *, seconds: int, amount: int = 1) -> int:
        """The count of this key with `amount` added, which may be less than nothing.

        The count ends `seconds` after its first addition.
        """
        return self._ask(lambda storage: storage.incr(key, seconds, amount))

    def get(self, key: str) -> int:
        return self._ask(lambda storage: storage.get(key))

    def seconds_left(self, key: str) -> int:
        """After how many seconds the count of this key begins anew, 1 or more."""
        ends = self._ask(lambda storage: storage.get_expiry(key))
        return max(1, math.ceil(ends - time.time()))

    def _ask(self, question: Callable[[_Counts], T]) -> T:
        if self._connect is None or time.monotonic() < self._away_until:
            return question(self._own)
        try:
            self._shared = self._shared or self._connect()
            return question(self._shared)
        except self._faults as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            # Redis' own text may hold an address with a password.
            get_logger().error(
                "limits are counted in each process",
                why="Redis does not answer",
                fault=type(error).__name__,
            )
            return question(self._own)


def counters_for(settings: Settings, *, prefix: str = PREFIX) -> Counters:
    """The counters that belong to these settings; Redis is not contacted yet."""
    if not settings.redis_url:
        return Counters()
    # Only those who use Redis need its client.
    from wxlogin.tickets.redis_client import FAULTS

    url = settings.redis_url
    return Counters(lambda: _storage(url, prefix), FAULTS)


def _storage(url: str, prefix: str) -> "RedisStorage":
    """The counts in Redis; one that is a cluster is contacted."""
    from limits.storage import RedisClusterStorage, RedisStorage

    from wxlogin.tickets.redis_client import cluster_options, connect_one

    if options := cluster_options(url):
        # The nodes are among the options; the library reads its own address first.
        return RedisClusterStorage(
            "redis+cluster://127.0.0.1:6379", key_prefix=prefix, **options
        )
    pool = connect_one(url).connection_pool
    return RedisStorage("redis://", connection_pool=pool, key_prefix=prefix)
