"""Sites are told of events and of ended sessions, beside the requests.

A request only commits rows. In each process that serves, one thread looks for what
is due: at once when this process has written something, and every five seconds, so
that what another process left behind is found (a worker that was killed between its
commit and the delivery, fault F20). Each site is told in a thread of its own, so
that a slow one holds nobody else. All threads are daemons: a process does not wait
for them, and what it leaves undone is due when its lease is over.

Several processes may look at the same time; a lease decides who sends.

The same thread sees to it that what has run out is forgotten (flows/retention.py), and
that a push of WeChat's whose process died has its effect (flows/push_inbox.py).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from wxlogin import signals
from wxlogin.errors import WxloginError
from wxlogin.flows import following, push_inbox
from wxlogin.flows.retention import forget_if_due
from wxlogin.observability import get_logger
from wxlogin.telling import backchannel, webhooks
from wxlogin.telling.outbox import Backlog, Outbox

POLL_SECONDS = 5.0
# Seconds until the first look whether something is to be forgotten, and between two,
# more or less: processes that started together do not look together.
FIRST_SECONDS = 30.0
RETENTION_SECONDS = 600.0

Context = Callable[[], AbstractContextManager[object]]


_OUTBOXES: tuple[Outbox[Any], ...] = (backchannel.outbox, webhooks.outbox)

# What WeChat told us, beside what sites are told.
_OF_WECHAT = (
    ("pushes of WeChat", push_inbox.work_due),
    ("followers", following.ask_due),
)


def jobs() -> Iterator[tuple[str, Callable[[], int]]]:
    """What is due now: each site by each way, under a name that is always the same."""
    for outbox in _OUTBOXES:
        for site in outbox.sites_due():
            yield f"{outbox.way} {site.name}", partial(outbox.tell, site)


def backlog() -> list[Backlog]:
    """What sites must still hear, by each way."""
    return [one for outbox in _OUTBOXES for one in outbox.backlog()]


def deliver_once(context: Context) -> int:
    """Tells all sites what is due now and waits for it; says how many arrived.

    `context` opens an application context; each thread needs one of its own.
    """
    counts: list[int] = []

    def count(tell: Callable[[], int]) -> None:
        counts.append(tell())

    threads = [_start(context, partial(count, tell), name) for name, tell in jobs()]
    for thread in threads:
        thread.join()
    return sum(counts)


class Deliverer:
    """The thread of this process that tells sites, from `start` to `stop`."""

    def __init__(self, context: Context, sender: object) -> None:
        self._context = context
        self._sender = sender
        self._wake = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None
        self._working: dict[str, threading.Thread] = {}
        self._forgetting: threading.Thread | None = None
        self._forget_at = time.monotonic() + _about(FIRST_SECONDS)

    def start(self) -> None:
        """Begins. Call it after a fork, in the process that is to deliver."""
        signals.due.connect(self._on_due, sender=self._sender)
        self._thread = threading.Thread(target=self._run, name="deliver", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 6.0) -> None:
        """Ends, after the calls that are on their way, at most so long."""
        self._over = True
        signals.due.disconnect(self._on_due, sender=self._sender)
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _on_due(self, _sender: object, **_facts: Any) -> None:
        self._wake.set()

    def _run(self) -> None:
        while not self._over:
            self._look()
            self._forget()
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
        for thread in self._working.values():
            thread.join()

    def _look(self) -> None:
        try:
            with self._context():
                for name, tell in (*_OF_WECHAT, *jobs()):
                    before = self._working.get(name)
                    if before is None or not before.is_alive():
                        self._working[name] = _start(self._context, tell, name)
        except Exception as error:
            # The next look finds the same; only the thread must go on.
            _log(error, "looking")

    def _forget(self) -> None:
        """In a thread of its own: it may take its time, and sites do not wait."""
        before = self._forgetting
        if time.monotonic() < self._forget_at or (before and before.is_alive()):
            return
        self._forget_at = time.monotonic() + _about(RETENTION_SECONDS)
        self._forgetting = _start(self._context, forget_if_due, "forgetting")


def _about(seconds: float) -> float:
    return random.uniform(0.5, 1.0) * seconds  # noqa: S311  no secret


def _start(context: Context, work: Callable[[], object], name: str) -> threading.Thread:
    """A thread does it, in a context of its own; a failure is a line in the log."""

    def careful() -> None:
        try:
            with context():
                work()
        except Exception as error:
            _log(error, name)

    thread = threading.Thread(target=careful, name=name, daemon=True)
    thread.start()
    return thread


def _log(error: Exception, job: str) -> None:
    why = error.operator if isinstance(error, WxloginError) else type(error).__name__
    get_logger().warning("delivery failed", job=job, why=why)
