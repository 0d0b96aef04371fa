"""Waiting for a ticket to change, without losing a change and without crowds.

A change made in this process wakes its waiters at once; one made in another
process is found by looking again every fifth of a second. While a thread waits
it holds no connection. No more than `limit` threads wait at a time, because each
is a thread that serves nobody else; the next caller is answered at once.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wxlogin.tickets.store import Ticket

# Seconds between two looks at the store: the longest that a change made by
# another process stays unseen.
POLL = 0.2
# Half the threads of a worker with the default of sixteen.
LIMIT = 8


class WaitingRoom:
    """The threads of this process that wait, each with a bell of its own."""

    def __init__(self, limit: int = LIMIT, *, poll: float = POLL) -> None:
        self._poll = poll
        self._seats = threading.BoundedSemaphore(limit)
        self._lock = threading.Lock()
        self._bells: defaultdict[str, set[threading.Event]] = defaultdict(set)

    def ring(self, name: str) -> None:
        """Makes those who wait for this ticket look now."""
        with self._lock:
            for bell in self._bells.get(name, ()):
                bell.set()

    def wait(
        self,
        name: str,
        look: Callable[[], Ticket | None],
        *,
        version: int,
        timeout: float,
    ) -> Ticket | None:
        """What `look` gives, as soon as it differs from `version`; see TicketStore."""
        if not self._seats.acquire(blocking=False):
            return look()
        try:
            with self._bell(name) as bell:
                return self._watch(bell, look, version=version, timeout=timeout)
        finally:
            self._seats.release()

    def _watch(
        self,
        bell: threading.Event,
        look: Callable[[], Ticket | None],
        *,
        version: int,
        timeout: float,
    ) -> Ticket | None:
        end = time.monotonic() + timeout
        while True:
            # Cleared before looking: a ring between look and wait is not lost.
            bell.clear()
            ticket = look()
            left = end - time.monotonic()
            if (ticket.version if ticket else 0) != version or left <= 0:
                return ticket
            bell.wait(min(left, self._poll))

    @contextmanager
    def _bell(self, name: str) -> Iterator[threading.Event]:
        bell = threading.Event()
        with self._lock:
            self._bells[name].add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[name].discard(bell)
                if not self._bells[name]:
                    del self._bells[name]
