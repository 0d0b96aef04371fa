"""Tickets in Redis: one script each, so that each operation is one step.

A ticket is a hash {version, value, until}; `until` is in milliseconds of Redis'
own clock. The hash outlives its ticket by REMEMBERED seconds, so that the count
of versions goes on. What is changed or taken is published in the same step
(tickets/notices.py). `add` and `swap` that are repeated after a lost answer find
their own value (a sealed value is never the same twice) and say "yes" again; a `take`
whose answer is lost is lost, and the person begins again.

In a cluster all keys of one script lie in one slot: those of a kind do, as they are
counted together, so its nodes share the kinds among them.

Losing everything (FLUSHALL) makes people scan again and signs nobody in as
somebody else: what is not there is refused.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from typing import Any

import redis
from redis.commands.core import Script

from wxlogin.config.redis_urls import redis_servers
from wxlogin.errors import Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.notices import Notices
from wxlogin.tickets.redis_client import FAULTS, Client, connect
from wxlogin.tickets.store import (
    REMEMBERED,
    Envelope,
    Ticket,
    counted,
    crowded,
    digest,
)
from wxlogin.tickets.waiting import WaitingRoom, Watch

# For how long it is not asked after it has not answered: the threads that serve are not
# all held by a server that is silent.
SILENT_SECONDS = 1.0

# Every script begins with this: ARGV[1] are milliseconds that a test adds. KEYS[1] is
# the ticket, KEYS[2] the names of those of its kind that are counted, by their end; the
# last of ARGV is the channel of its kind.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
local held = redis.call('HMGET', KEYS[1], 'version', 'value', 'until')
local version = tonumber(held[1] or 0)
local alive = held[3] and tonumber(held[3]) > now
"""
# Who may not publish (Redis' ACL) changes tickets as well. A new ticket is news to
# nobody.
_TELL = "redis.pcall('PUBLISH', ARGV[#ARGV], string.sub(KEYS[1], -64))"
# ARGV[2] the value, [3] its milliseconds, [4] those it is remembered after.
_WRITE = """
redis.call('HSET', KEYS[1], 'version', string.format('%d', version + 1),
  'value', ARGV[2], 'until', string.format('%d', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[4])
return 1
"""
# ARGV[5] is how many of this kind may be there, 0 for any number.
_ADD = f"""{_NOW}
if alive then return held[2] == ARGV[2] and 1 or 0 end
local most = tonumber(ARGV[5])
if most > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) >= most then return -1 end
  redis.call('ZADD', KEYS[2], now + ARGV[3], KEYS[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[3] + ARGV[4])
end
{_WRITE}"""
# ARGV[5] is the version that the ticket must have.
_SWAP = f"""{_NOW}
if alive and held[2] == ARGV[2] then return 1 end
if not alive or version ~= tonumber(ARGV[5]) then return 0 end
redis.call('ZADD', KEYS[2], 'XX', now + ARGV[3], KEYS[1])
{_TELL}
{_WRITE}"""
_GET = f"""{_NOW}
if alive then return {{version, held[2]}} end
return nil"""
_TAKE = f"""{_NOW}
if not alive then return nil end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], KEYS[1])
{_TELL}
return held[2]"""


class RedisTickets:
    """A TicketStore in Redis at `url`; see SqlTickets for `ahead`."""

    def __init__(
        self,
        url: str,
        sealer: Sealer,
        *,
        prefix: str = "wxlogin:",
        room: WaitingRoom | None = None,
        ahead: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._url = url
        servers = redis_servers(url)
        self._in_slots = servers is not None and servers.form == "cluster"
        self._prefix = prefix
        self._envelope = Envelope(sealer)
        self._room = room or WaitingRoom()
        self._notices = Notices(
            # A client of its own: nobody who asks gets its connection.
            partial(connect, url),
            self._channel,
            room=self._room,
        )
        self._ahead = ahead
        self._silent_until = 0.0

    @cached_property
    def _redis(self) -> Client:
        """Made as it is first needed: a cluster is asked where its slots are."""
        return connect(self._url)

    @cached_property
    def _scripts(self) -> dict[str, Script]:
        texts = {"add": _ADD, "swap": _SWAP, "get": _GET, "take": _TAKE}
        return {name: self._redis.register_script(text) for name, text in texts.items()}

    @counted("add")
    def add(
        self, kind: str, key: str, value: str, *, ttl: float, most: int | None = None
    ) -> bool:
        name = digest(kind, key)
        sealed = self._envelope.seal(kind, name, value)
        added = self._run("add", kind, name, sealed, *_ends(ttl), most or 0)
        if added < 0:
            raise crowded(kind)
        return bool(added)

    @counted("get")
    def get(self, kind: str, key: str) -> Ticket | None:
        name = digest(kind, key)
        found = self._run("get", kind, name)
        if found is None:
            return None
        version, sealed = found
        return Ticket(int(version), self._envelope.open(kind, name, sealed))

    @counted("swap")
    def swap(
        self, kind: str, key: str, version: int, value: str, *, ttl: float
    ) -> bool:
        name = digest(kind, key)
        sealed = self._envelope.seal(kind, name, value)
        return bool(self._run("swap", kind, name, sealed, *_ends(ttl), version))

    @counted("take")
    def take(self, kind: str, key: str) -> str | None:
        name = digest(kind, key)
        sealed = self._run("take", kind, name)
        return None if sealed is None else self._envelope.open(kind, name, sealed)

    def notify(self, kind: str, key: str) -> None:
        self._room.ring(digest(kind, key))

    def wait(
        self, kind: str, key: str, *, version: int, timeout: float
    ) -> Ticket | None:
        return self._room.wait(
            digest(kind, key),
            lambda: self.get(kind, key),
            version=version,
            timeout=timeout,
        )

    def watch(self, *places: tuple[str, str]) -> AbstractContextManager[Watch | None]:
        kinds = {kind for kind, _ in places}
        self._notices.hear(kinds)
        pause = partial(self._notices.pause, kinds)
        return self._room.watch([digest(*place) for place in places], pause)

    def sweep(self) -> int:
        # Redis removes what is over by itself.
        return 0

    def ping(self) -> None:
        # Asked in any case, so that whoever looks whether it is back finds out.
        self._silent_until = 0.0
        with self._answering():
            self._redis.ping()

    def close(self) -> None:
        """Closes the connections; for tests and for the end of a process."""
        self._notices.close()
        if "_redis" in vars(self):
            self._redis.close()

    def _run(self, script: str, kind: str, name: str, *arguments: bytes | int) -> Any:
        shift = int(self._ahead() * 1000)
        args = [shift, *arguments, self._channel(kind)]
        with self._answering():
            return self._scripts[script](keys=self._keys(kind, name), args=args)

    def _keys(self, kind: str, name: str) -> list[str]:
        if self._in_slots:
            # Redis looks only at what is in the braces to choose the slot.
            slot = f"{self._prefix}{{{kind}}}"
            return [f"{slot}:ticket:{name}", f"{slot}:waiting"]
        return [f"{self._prefix}ticket:{name}", f"{self._prefix}waiting:{kind}"]

    def _channel(self, kind: str) -> str:
        return f"{self._prefix}changed:{kind}"

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if time.monotonic() < self._silent_until:
            raise Unready("the ticket store has just been silent")
        try:
            yield
        except FAULTS as error:
            if isinstance(error, redis.TimeoutError):
                self._silent_until = time.monotonic() + SILENT_SECONDS
            # Redis' own text may hold an address with a password.
            fault = type(error).__name__
            raise Unready("the ticket store does not answer", fault=fault) from None


def _ends(ttl: float) -> tuple[int, int]:
    return max(1, int(ttl * 1000)), REMEMBERED * 1000
