"""Waiting for a connection of the pool, and for the answer of a server.

A server that stopped, or a proxy whose other end is gone, keeps the network connection
alive and never answers; no limit of the server's own helps there (fault F12). So nobody
queues for a connection while nothing moves, and a connection to PostgreSQL gives up a
server which says nothing any more: psycopg waits for it without end, but looks up
several times a second, and that is where we count.
"""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

# Seconds to wait for a free connection: while others are given back, and when none is.
POOL_SECONDS = 15.0
STALL_SECONDS = 2.5
# The same, for who finds as many waiting as there may be.
CROWD_SECONDS = 0.25
# A connection that was given back so short a time ago is taken to live by who can do
# the work again: asking it first costs what a statement costs (HikariCP's time).
ALIVE_SECONDS = 0.5

_RETURNED = "wxlogin_returned"
_trusts = ContextVar("trusts", default=False)

# A pool logs under its class's name, which is now one of ours.
logging.getLogger(f"{__name__}.Pool").setLevel(logging.WARNING)


class Pool(QueuePool):
    """Connections of one process; nobody queues for them while nothing moves.

    While connections are given back, one waits for one's turn. When all are out and
    none has come back for STALL_SECONDS, the database hangs, and whoever wants one
    more hears so at once. At most `places` wait so long: the threads that are left
    answer what needs no database.
    """

    places: int | None = None
    # When one was last free, or was given back.
    _moved = 0.0
    _waiting = 0
    _disposed = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # `create_engine` makes whole seconds of what it is given.
        self._timeout = CROWD_SECONDS

    def _do_get(self) -> ConnectionPoolEntry:
        began = time.monotonic()
        if self.checkedout() < self.size():
            self._moved = began
        self._waiting += 1
        try:
            record = self._in_turn(began)
        finally:
            self._waiting -= 1
        if _trusts.get() and began < record.info.get(_RETURNED, 0.0) + ALIVE_SECONDS:
            # What the pool calls one that it has just made: not asked.
            record.fresh = True  # type: ignore[attr-defined]
        return record

    def _in_turn(self, began: float) -> ConnectionPoolEntry:
        while True:
            try:
                return super()._do_get()
            except PoolTimeout:
                at = time.monotonic()
                crowded = self.places is not None and self._waiting > self.places
                longest = CROWD_SECONDS if crowded else STALL_SECONDS
                if at - self._moved >= longest or at - began > POOL_SECONDS:
                    raise

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if self._disposed:
            # The engine has another pool by now: nobody would take it, or close it.
            record.close()
            return
        self._moved = record.info[_RETURNED] = time.monotonic()
        super()._do_return_conn(record)

    def dispose(self) -> None:
        self._disposed = True
        super().dispose()


@contextmanager
def trusting() -> Iterator[None]:
    """A connection of the pool that was used a moment ago is taken to live."""
    token = _trusts.set(True)
    try:
        yield
    finally:
        _trusts.reset(token)


def pool_with(places: int | None) -> type[Pool]:
    """The pool of which so many may wait long for a connection; None: all."""
    return type("Pool", (Pool,), {"places": places})


def connect_listening(
    seconds: float, _dialect: object, _record: object, arguments: Any, named: Any
) -> Any:
    """Opens one that waits so long for each answer; hears SQLAlchemy's `do_connect`.

    Raises what psycopg raises: OperationalError for a server that is silent.
    """
    connection = _listening().connect(*arguments, **named)
    connection.seconds = seconds
    return connection


@cache
def _listening() -> Any:
    # Only those who use PostgreSQL have its driver.
    import psycopg

    class Listening(psycopg.Connection[Any]):
        seconds = 0.0

        def wait(self, gen: Any, *more: Any, **named: Any) -> Any:
            return super().wait(self._until_silent(gen), *more, **named)

        def _until_silent(self, gen: Any) -> Generator[Any, Any, Any]:
            end = time.monotonic() + self.seconds
            try:
                wanted = next(gen)
                while True:
                    # What is ready: nothing, each time that psycopg looks up.
                    ready = yield wanted
                    if not ready and time.monotonic() > end:
                        self.pgconn.finish()
                        raise psycopg.OperationalError("the server is silent")
                    wanted = gen.send(ready)
            except StopIteration as done:
                return done.value

    return Listening
