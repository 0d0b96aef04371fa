"""Which hosts rest, as the processes of a service tell each other by their tickets.

A `net.breaker.Board`. Where the store does not answer nobody waits for it, and each
process goes by its own failures.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from wxlogin.errors import Unready
from wxlogin.tickets.store import TicketStore

_RESTS, _TRIES = "host_rests", "host_tries"

R = TypeVar("R")


class SharedRests:
    """Over one ticket store. A value is the end of the rest, in seconds since 1970."""

    def __init__(self, store: TicketStore) -> None:
        self._store = store

    def rest(self, host: str, *, seconds: float) -> None:
        end = f"{time.time() + seconds:.0f}"
        _or_else(None, lambda: self._store.take(_TRIES, host))
        _or_else(False, lambda: self._store.add(_RESTS, host, end, ttl=seconds))

    def seconds_left(self, host: str) -> float:
        found = _or_else(None, lambda: self._store.get(_RESTS, host))
        # It is there, so it rests, whatever our clock says.
        return max(1.0, float(found.value) - time.time()) if found else 0.0

    def claim(self, host: str, *, seconds: float) -> bool:
        return _or_else(True, lambda: self._store.add(_TRIES, host, "", ttl=seconds))

    def clear(self, host: str) -> None:
        _or_else(None, lambda: self._store.take(_RESTS, host))
        _or_else(None, lambda: self._store.take(_TRIES, host))


def _or_else(otherwise: R, ask: Callable[[], R]) -> R:
    try:
        return ask()
    except Unready:
        return otherwise
