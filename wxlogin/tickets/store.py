"""What every ticket store promises.

A ticket is one short-lived secret that several workers agree on: an attempt, a
scan, a handover. It has a kind, a key (usually a nonce), a text value, a version
and an end. Whatever the store,

- of any number of callers who `add` one key, `swap` one version or `take` one
  ticket at the same moment, exactly one wins;
- an expired ticket is not there; the store's own clock decides, so workers whose
  clocks differ agree;
- the value is sealed and the key kept as a digest, so a copy of the store gives
  away neither;
- a store that does not answer raises Unready.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from wxlogin import metrics
from wxlogin.errors import Crowded, Unready
from wxlogin.security.sealing import Sealer

if TYPE_CHECKING:
    from wxlogin.tickets.waiting import Watch

Given = ParamSpec("Given")
Found = TypeVar("Found")

#: How long the version of an expired ticket is remembered, in seconds. A worker
#: that still holds the old version then cannot swap the ticket that came after.
REMEMBERED = 600


@dataclass(frozen=True)
class Ticket:
    """A ticket as it was read. `version` is what `swap` and `wait` want back."""

    version: int
    value: str = field(repr=False)


class TicketStore(Protocol):
    """Short-lived state that all workers share; every method may raise Unready."""

    def add(
        self, kind: str, key: str, value: str, *, ttl: float, most: int | None = None
    ) -> bool:
        """Puts a ticket there for `ttl` seconds, unless there is one already.

        True for the one caller who did. It has version 1 on a key that was never used,
        and on one whose ticket was taken: who still holds that ticket's version could
        swap the new one, so put a key to one use. Where the last ticket expired the
        count goes on, for REMEMBERED seconds at least. Raises Crowded where about
        `most` tickets of this kind were added with a `most` and are there still: the
        newest is refused, and those that wait go on.
        """

    def get(self, kind: str, key: str) -> Ticket | None:
        """The ticket, or None where there is none or it has expired."""

    def swap(
        self, kind: str, key: str, version: int, value: str, *, ttl: float
    ) -> bool:
        """Writes a new value and end if the ticket still has this version.

        True for the one caller who did; the version is one higher then.
        """

    def take(self, kind: str, key: str) -> str | None:
        """Removes the ticket and gives its value to one caller, None to others."""

    def notify(self, kind: str, key: str) -> None:
        """Tells those who `wait` in this process to look now."""

    def wait(
        self, kind: str, key: str, *, version: int, timeout: float
    ) -> Ticket | None:
        """The ticket as soon as its version is not `version`.

        A key without a ticket counts as version 0. After `timeout` seconds, or
        at once where too many wait already, it gives what is there.
        """

    def watch(self, *places: tuple[str, str]) -> "AbstractContextManager[Watch | None]":
        """A seat for who waits for long, and looks by `get` whenever it says so.

        A place is a kind and a key. None where too many wait already. Unlike `wait` it
        hears at once of what another process changes, where the store can tell of it.
        """

    def sweep(self) -> int:
        """Removes a bounded number of tickets that are long over; how many."""

    def ping(self) -> None:
        """Returns if the store answers."""


def counted(
    operation: str,
) -> Callable[[Callable[Given, Found]], Callable[Given, Found]]:
    """Counts what is asked of a store, and whether the store did it."""

    def around(method: Callable[Given, Found]) -> Callable[Given, Found]:
        @wraps(method)
        def call(*args: Given.args, **more: Given.kwargs) -> Found:
            try:
                found = method(*args, **more)
            except Unready as error:
                metrics.TICKETS.at(operation, error.code).inc()
                raise
            metrics.TICKETS.at(operation, "ok").inc()
            return found

        return call

    return around


def crowded(kind: str) -> Crowded:
    """What `add` raises where too many of a kind are there."""
    return Crowded("as many of these wait as WAITING_REQUESTS allows", kind=kind)


def digest(kind: str, key: str) -> str:
    """The name under which a ticket is kept: 64 hexadecimal digits."""
    return hashlib.sha256(f"{kind}\x1f{key}".encode()).hexdigest()


class Envelope:
    """Seals the values of one store, each bound to its kind and key."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, kind: str, name: str, value: str) -> bytes:
        """`value` for the ticket that `digest` gave this `name`."""
        return self._sealer.seal(value, table="ticket", column=kind, row=name)

    def open(self, kind: str, name: str, sealed: bytes) -> str:
        """The text that was sealed; SealBroken where that fails."""
        return self._sealer.unseal(sealed, table="ticket", column=kind, row=name)
