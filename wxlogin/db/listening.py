"""A connection to PostgreSQL that gives up a server which says nothing any more.

A stopped server, or a proxy whose other end is gone, keeps the network connection
alive and never answers; no limit of the server's own helps there. psycopg waits for
it without end, but looks up several times a second, and that is where we count.
"""

import time
from collections.abc import Generator
from functools import cache
from typing import Any


def connect(
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
