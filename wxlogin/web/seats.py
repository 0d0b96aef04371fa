"""Threads for everybody while WeChat is slow (finding M6).

An exchange holds its thread until WeChat answers. As long as that takes a moment, one
address may have any number of them open: a school begins at once. But while WeChat
takes seconds, a single address could hold every thread, and nobody else would be
served. Then each has half of them at most, in each process.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from wxlogin.errors import TooManyRequests

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
