"""A shelf: the tickets of one kind, each a value of one shape.

    @dataclass(frozen=True)
    class Code(Kept):
        client_id: str
        done: bool = False

    _codes = service.shelf("bind_code", Code, seconds=600)

    key = _codes.put(Code("shop"))               # under a new random key
    code = _codes.get(key)                       # None where there is none
    _codes.swap(replace(code, done=True))        # None where it changed meanwhile
    _codes.take(key)                             # the value, to one caller only

What is `Kept` knows its key and its version, so it can be swapped; both stay out of
the text, and the key out of the store. A value that is never swapped may be any frozen
dataclass, and needs neither.

The text is JSON by the dataclass' own types: other frozen dataclasses, moments, enums,
tuples. A text of another version of ours, with a field too many or one too few, counts
as no ticket, so whoever holds its key begins again: give a new field a default.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from wxlogin.observability import get_logger
from wxlogin.tickets.store import Ticket, TicketStore
from wxlogin.tickets.waiting import Watch


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What lies on a shelf and knows where: `version` is 0 for what never lay there."""

    key: Annotated[str, Field(exclude=True)] = field(default="", repr=False)
    version: Annotated[int, Field(exclude=True)] = 0


T = TypeVar("T")
K = TypeVar("K", bound=Kept)


class Shelf(Generic[T]):
    """The tickets of one kind in one store; every method may raise Unready."""

    def __init__(
        self,
        store: Callable[[], TicketStore],
        kind: str,
        shape: type[T],
        *,
        seconds: float,
    ) -> None:
        """`store` finds the store at each use; a ticket is kept for `seconds`, unless
        `add` or `swap` says otherwise."""
        self._store = store
        self._kind = kind
        self._shape = shape
        self._seconds = seconds

    def put(
        self, value: T, *, seconds: float | None = None, most: int | None = None
    ) -> str:
        """Keeps the value under a new key of 128 random bits, and returns that.

        Raises Crowded where about `most` of this kind are kept already.
        """
        key = secrets.token_urlsafe(16)
        self.add(key, value, seconds=seconds, most=most)
        return key

    def add(
        self,
        key: str,
        value: T,
        *,
        seconds: float | None = None,
        most: int | None = None,
    ) -> bool:
        """Keeps the value, unless something is there. True for the one who did.

        The first ticket of a key has version 1. Raises Crowded as `put` does.
        """
        text, ttl = self._text(value), self._seconds if seconds is None else seconds
        return self._store().add(self._kind, key, text, ttl=ttl, most=most)

    def get(self, key: str) -> T | None:
        """What is kept under this key; None for nothing."""
        return self._value(key, self._store().get(self._kind, key))

    def swap(self: "Shelf[K]", new: K, *, seconds: float | None = None) -> K | None:
        """Keeps `new` in place of what has its key and version, from now on.

        Returns it with its new version; None where it was changed or has gone.
        """
        won = self._write(new, seconds=seconds)
        return replace(new, version=new.version + 1) if won else None

    def take(self, key: str) -> T | None:
        """Removes what is kept and gives it to one caller; None to the others."""
        text = self._store().take(self._kind, key)
        return None if text is None else self._read(key, 0, text)

    def wait(self, key: str, *, version: int = 0, timeout: float) -> T | None:
        """What is there as soon as it has another version, or after `timeout` seconds.

        A key without anything has version 0.
        """
        store = self._store()
        found = store.wait(self._kind, key, version=version, timeout=timeout)
        return self._value(key, found)

    def watch(
        self, key: str, *others: tuple[str, str]
    ) -> AbstractContextManager[Watch | None]:
        """A seat for who waits for minutes; None where too many wait already.

            with shelf.watch(key) as watch:
                found = shelf.get(key)
                while watch and is_open(found):
                    if watch.wait(15):
                        found = shelf.get(key)

        What any process changes is told by itself, nobody calls `notify` for it; also
        at the `others`, which are a `place` on some shelf.
        """
        return self._store().watch(self.place(key), *others)

    def place(self, key: str) -> tuple[str, str]:
        """Where a ticket with this key lies, for `watch`."""
        return self._kind, key

    def notify(self, key: str) -> None:
        """Has those look at once who `wait` in this process."""
        self._store().notify(self._kind, key)

    def _write(self: "Shelf[K]", new: K, *, seconds: float | None = None) -> bool:
        text, ttl = self._text(new), self._seconds if seconds is None else seconds
        return self._store().swap(self._kind, new.key, new.version, text, ttl=ttl)

    @cached_property
    def _codec(self) -> TypeAdapter[T]:
        # Made at the first use: a command that needs no ticket does not pay for it.
        return TypeAdapter(self._shape)

    def _text(self, value: T) -> str:
        return self._codec.dump_json(value).decode()

    def _value(self, key: str, found: Ticket | None) -> T | None:
        return self._read(key, found.version, found.value) if found else None

    def _read(self, key: str, version: int, text: str) -> T | None:
        try:
            value = self._codec.validate_json(text, extra="forbid")
        except ValidationError:
            # What the fault says shows the text, so it is not logged.
            get_logger().warning("ticket not understood", kind=self._kind)
            return None
        if isinstance(value, Kept):
            return replace(value, key=key, version=version)
        return value
