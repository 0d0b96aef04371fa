"""How long one login may wait for WeChat.

One budget covers everything a login asks of WeChat: names, connecting, TLS,
sending, dripping headers, a dripping body, a second call, a pause before it.
It runs on the monotonic clock, so a change of the wall clock moves nothing.
"""

from time import monotonic


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
