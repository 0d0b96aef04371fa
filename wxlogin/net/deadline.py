"""How long one login may wait for WeChat, and how far a request came within it.

One budget covers everything a login asks of WeChat: names, connecting, TLS,
sending, dripping headers, a dripping body, a second call, a pause before it.
It runs on the monotonic clock, so a change of the wall clock moves nothing.
"""

from dataclasses import dataclass, field
from time import monotonic

from urllib3.util import Timeout

# Seconds for one address to take the connection, and for one handshake.
CONNECT_SECONDS = 3.0
# Seconds of silence in the middle of an answer.
SILENCE_SECONDS = 5.0
# Bytes of an answer; a longer one is none of WeChat's.
BODY_LIMIT = 256 * 1024


class Deadline:
    """A moment after which a login waits no longer.

    >>> Deadline(8).remaining() > 7
    True
    """

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - monotonic())

    def slice(self, seconds: float) -> float:
        """At most `seconds` of what is left, for one step on a socket.

        Raises `TimeoutError` when nothing is left: a socket would take zero
        for "do not wait at all".
        """
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError("the budget is used up")
        return min(seconds, left)

    def part(self, seconds: float) -> "Deadline":
        """A deadline of its own for one step: so long, and never longer than this."""
        return Deadline(min(seconds, self.remaining()))


@dataclass(slots=True)
class Trip:
    """One request on its way: its deadline, and how far it came."""

    deadline: Deadline
    #: Asking twice does no harm (true of a profile, false of a code).
    repeatable: bool = False
    #: An answer may be so long.
    most_bytes: int = BODY_LIMIT
    #: There is another host to ask where this one cannot be connected to: connecting
    #: is tried once, and leaves time for the other.
    another: bool = False
    #: name, connect, proxy, tls, send, headers, body
    stage: str = "connect"
    #: Some of the request may have left this machine.
    sent: bool = False
    #: The connection had served another request before.
    reused: bool = False
    #: Until when there must be a connection.
    connecting: Deadline = field(init=False, repr=False)

    def __post_init__(self) -> None:
        whole = self.deadline
        self.connecting = whole.part(CONNECT_SECONDS) if self.another else whole


class TripTimeout(Timeout):
    """Carries a `Trip` through urllib3, which hands time-outs on unseen."""

    def __init__(self, trip: Trip) -> None:
        super().__init__()
        self.trip = trip

    def clone(self) -> "TripTimeout":
        return TripTimeout(self.trip)

    @property
    def connect_timeout(self) -> float:
        return self.trip.connecting.slice(CONNECT_SECONDS)

    @property
    def read_timeout(self) -> float:
        return self.trip.deadline.slice(SILENCE_SECONDS)
