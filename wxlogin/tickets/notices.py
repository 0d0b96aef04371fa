"""Hearing from Redis that a ticket has changed, once for all who wait in a process.

The scripts that change a ticket publish its name on the channel of its kind, in the
same step; nobody listens to the kinds that nobody watches. One thread and one
connection listen for a process, however many wait in it. While they hear, nobody
looks without a ring. While they do not, after a restart of Redis say, everybody looks
once in a while, and all at once when they hear again: what happened meanwhile was
published to nobody.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import redis

from wxlogin.observability import get_logger
from wxlogin.tickets.redis_client import FAULTS, Client
from wxlogin.tickets.waiting import WaitingRoom

# How often those who wait look while nothing is heard: all of a process together so
# often in a second, but each not sooner nor later than after these seconds.
LOOKS = 1000
LOOK_SECONDS, LOOK_SECONDS_MOST = 1.0, 10.0
# Seconds of one turn at the connection: after them a new kind is subscribed to.
_TURN_SECONDS = 0.5
# After so many silent seconds Redis is asked whether it is there; after twice as many
# the connection counts as dead.
_SILENT_SECONDS = 5.0


class Notices:
    """Rings in the room for each change in the kinds that are heard.

    The thread begins with the first kind, so never before a server has forked.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        channel_of: Callable[[str], str],
        *,
        room: WaitingRoom,
    ) -> None:
        self._connect = connect
        self._channel_of = channel_of
        self._room = room
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        # Channels that Redis has confirmed.
        self._heard: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._told = False

    def hear(self, kinds: Iterable[str]) -> None:
        """Listens to these kinds from now on."""
        channels = set(map(self._channel_of, kinds))
        if channels <= self._wanted:
            return
        with self._lock:
            self._wanted = self._wanted | channels
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="wxlogin-notices", daemon=True
                )
                self._thread.start()

    def pause(self, kinds: Iterable[str]) -> float:
        """Seconds after which one who waits for tickets of these kinds looks by
        itself."""
        if self._heard.issuperset(map(self._channel_of, kinds)):
            return math.inf
        return self._room.pause(LOOK_SECONDS, looks=LOOKS, most=LOOK_SECONDS_MOST)

    def close(self) -> None:
        """Ends the thread, within a moment."""
        self._closed = True

    def _run(self) -> None:
        while not self._closed:
            try:
                # Anew after each failure: in a cluster another node may be there now.
                with closing(self._connect()) as client:
                    with closing(client.pubsub()) as pubsub:  # type: ignore[no-untyped-call]
                        self._listen(pubsub)
            except (*FAULTS, OSError) as error:
                self._tell(error)
            # Whoever waits was promised a ring.
            self._heard = set()
            self._room.ring_all()
            time.sleep(_TURN_SECONDS)

    def _tell(self, error: Exception) -> None:
        """Once for each time that Redis goes away; its own text may hold a password."""
        if not self._told:
            self._told = True
            get_logger().warning(
                "changes of tickets are looked for",
                why="Redis does not tell of them",
                fault=type(error).__name__,
            )

    def _listen(self, pubsub: Any) -> None:
        subscribed: set[str] = set()
        said = time.monotonic()
        asked = False
        while not self._closed:
            if new := self._wanted - subscribed:
                pubsub.subscribe(*new)
                subscribed |= new
            message = pubsub.get_message(timeout=_TURN_SECONDS)
            now = time.monotonic()
            if message is not None:
                said, asked = now, False
                self._take(message)
            elif now - said > 2 * _SILENT_SECONDS:
                raise redis.TimeoutError("Redis is silent")
            elif now - said > _SILENT_SECONDS and not asked:
                asked = True
                pubsub.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            self._room.ring(message["data"].decode("ascii"))
        elif message["type"] == "subscribe":
            # Also after the client has connected again by itself.
            self._heard = self._heard | {message["channel"].decode()}
            self._told = False
            self._room.ring_all()
