"""Waiting for a ticket to change, without losing a change and without crowds.

A ring wakes those who wait for one ticket, at once. What changed without a ring is
found by looking again: who `wait`s a moment looks every fifth of a second, who
`watch`es for minutes as often as the store asks for. While a thread waits it holds no
connection. No more than `limit` threads wait at a time, because each is a thread that
serves nobody else, and those who watch leave a quarter of the seats to those who wait
a moment; the next caller is answered at once (security row 77).
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from wxlogin import metrics
from wxlogin.server import presence
from wxlogin.server.capacity import at_a_time
from wxlogin.tickets.store import Ticket

# Seconds between two looks at the store: the longest that a change made by
# another process stays unseen.
POLL = 0.2
# Half the threads of a worker with the default of sixteen; where nobody says how many
# there are.
LIMIT = 8


def seats(wanted: int, threads: int | None) -> int:
    """How many may wait in this process: as many as an operator `wanted`; for 0 half
    of the threads, or greenlets, that may serve at a time, where that is known."""
    if wanted:
        return wanted
    if threads is None:
        threads = at_a_time(green=is_green())
    return LIMIT if threads is None else threads // 2


def is_green() -> bool:
    """Are this process' threads greenlets?"""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class Bell(Protocol):
    """What is set by a ring, and waited for."""

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def wait(self, timeout: float) -> bool: ...


def _new_bell() -> Bell:
    if not is_green():
        return threading.Event()
    # A thread's takes three times as long, and four times as much memory.
    from gevent.event import Event

    bell: Bell = Event()
    return bell


class Watch:
    """A seat of somebody who waits for long, and looks by itself when it is told to.

    `pause` gives the seconds after which one looks without a ring.
    """

    def __init__(self, bell: Bell, pause: Callable[[], float]) -> None:
        self._bell = bell
        self._pause = pause
        self._looked = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Waits until the ticket may have changed, for so long at most; whether it is
        time to look."""
        due = self._looked + self._pause()
        rung = self._bell.wait(max(0.0, min(seconds, due - time.monotonic())))
        now = time.monotonic()
        if not rung and now < due:
            return False
        # Before the caller looks: a ring between look and wait is not lost.
        self._bell.clear()
        self._looked = now
        return True


class WaitingRoom:
    """The threads of this process that wait, each with a bell of its own."""

    def __init__(self, limit: int = LIMIT, *, poll: float = POLL) -> None:
        self._poll = poll
        self._limit = limit
        self._most_watching = limit - limit // 4
        self._lock = threading.Lock()
        self._bells: defaultdict[str, set[Bell]] = defaultdict(set)
        #: How many wait now; and how many of them for long.
        self.taken = self._watching = 0
        presence.at_end(self.ring_all)

    def pause(self, least: float, *, looks: int, most: float) -> float:
        """Seconds between two looks of each of those who wait now, so that all together
        look about so often in a second."""
        return min(max(self.taken / looks, least), most)

    def ring(self, name: str) -> None:
        """Makes those who wait for this ticket look now."""
        with self._lock:
            for bell in self._bells.get(name, ()):
                bell.set()

    def ring_all(self) -> None:
        """Makes everybody look: rings may have been missed."""
        with self._lock:
            for bells in self._bells.values():
                for bell in bells:
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
        with self._seat(lasting=False) as seated:
            if not seated:
                return look()
            with self._bell(name) as bell:
                return self._watch(bell, look, version=version, timeout=timeout)

    @contextmanager
    def watch(
        self, names: Iterable[str], pause: Callable[[], float]
    ) -> Iterator[Watch | None]:
        """A seat for as long as the block runs; None where there is none left.

        Whoever has one looks first, and then whenever its `wait` says so.
        """
        with self._seat(lasting=True) as seated:
            if not seated:
                yield None
                return
            with self._bell(*names) as bell:
                yield Watch(bell, pause)

    @contextmanager
    def _seat(self, *, lasting: bool) -> Iterator[bool]:
        with self._lock:
            free = self.taken < self._limit and (
                not lasting or self._watching < self._most_watching
            )
            self.taken += free
            self._watching += free and lasting
        seated = metrics.WAITING_BROWSERS.at()
        seated.inc() if free else metrics.TURNED_AWAY.at().inc()
        try:
            yield free
        finally:
            if free:
                seated.dec()
            with self._lock:
                self.taken -= free
                self._watching -= free and lasting

    def _watch(
        self,
        bell: Bell,
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
    def _bell(self, *names: str) -> Iterator[Bell]:
        bell = _new_bell()
        with self._lock:
            for name in names:
                self._bells[name].add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                for name in names:
                    self._bells[name].discard(bell)
                    if not self._bells[name]:
                        del self._bells[name]
