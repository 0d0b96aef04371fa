"""Small jobs beside the requests: one thread, a bounded queue, nothing promised.

For work that may be late or lost, because somebody asks for it again anyway. The
thread begins with the first job and ends with the last, so a process that has
nothing to do has no thread, and a forked one begins its own. It is a daemon: the
process does not wait for it to stop.
"""

import time
from collections.abc import Callable, Hashable
from threading import Lock, Thread
from typing import Generic, TypeVar, cast

from flask import current_app

from wxlogin.observability import get_logger

_Key = TypeVar("_Key", bound=Hashable)


class Background(Generic[_Key]):
    """Calls `work(key)` for each key that was put, one after the other.

    A key that waits already is not put twice. At most `limit` keys wait; further
    ones are dropped.
    """

    def __init__(self, name: str, work: Callable[[_Key], None], *, limit: int) -> None:
        self._name = name
        self._work = work
        self._limit = limit
        # A dict keeps the order, and each key once.
        self._waiting: dict[_Key, None] = {}
        self._thread: Thread | None = None
        self._rests_until = 0.0
        self._lock = Lock()

    def put(self, key: _Key) -> bool:
        """Whether the key waits now. Never raises, and never waits for the work."""
        with self._lock:
            if time.monotonic() < self._rests_until:
                return False
            if key not in self._waiting and len(self._waiting) >= self._limit:
                return False
            self._waiting[key] = None
            return self._running() or self._start()

    def rest(self, seconds: float) -> None:
        """Drops what waits, and what is put for so long: none of it can be done now."""
        with self._lock:
            self._waiting.clear()
            self._rests_until = time.monotonic() + seconds

    def drain(self, seconds: float = 10.0) -> None:
        """Waits until nothing is left to do, at most so long."""
        if thread := self._thread:
            thread.join(seconds)

    def _running(self) -> bool:
        # After a fork the thread is the parent's, and not alive here.
        return self._thread is not None and self._thread.is_alive()

    def _start(self) -> bool:
        thread = Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The machine has no thread to give.
            self._waiting.clear()
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        while (key := self._next()) is not None:
            try:
                self._work(key)
            except Exception as error:
                fault = type(error).__name__
                get_logger().warning("background job failed", job=self._name, why=fault)

    def _next(self) -> _Key | None:
        with self._lock:
            key = next(iter(self._waiting), None)
            if key is None:
                # Under the lock: whoever puts the next key starts the next thread.
                self._thread = None
            else:
                del self._waiting[key]
            return key


def jobs_of(name: str, work: Callable[[_Key], None], *, limit: int) -> Background[_Key]:
    """The running application's jobs of this name; `work` runs in its context."""
    extensions, key = current_app.extensions, f"wxlogin.jobs.{name}"
    if key not in extensions:
        # That of the application itself, which the thread can still reach.
        context = current_app.app_context

        def in_context(job: _Key) -> None:
            with context():
                work(job)

        # Of two requests that come here at once, both get the first one's.
        extensions.setdefault(key, Background(name, in_context, limit=limit))
    return cast("Background[_Key]", extensions[key])
