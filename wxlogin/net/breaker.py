"""Whether a host is asked now: after failures in a row it rests, then one call tries.

A host that does not answer costs each login its whole budget and a thread for as long,
and being asked by everybody keeps it down. So after FAILURES in a row it is not asked
for REST_SECONDS; then one call tries, alone, and its outcome decides (the circuit
breaker of M. Nygard, "Release It!"; faults F1 and F6).

Every process counts for itself, and nothing is looked up as long as all is well. Where
there is a `Board`, the processes of a service tell each other: one failure of its own
is then enough for a process to rest with the others, and one of them tries for all.
"""

from threading import Lock
from time import monotonic
from typing import Protocol

#: Failures in a row, without a good answer between them.
FAILURES = 5
#: How long the host is left alone after them.
REST_SECONDS = 10.0
#: How long the one call that tries may take before another one may; longer than the
#: longest budget of a login.
TRY_SECONDS = 10.0


class Board(Protocol):
    """What the processes of a service tell each other. No method ever raises."""

    def rest(self, host: str, *, seconds: float) -> None:
        """This host rests for so long."""

    def seconds_left(self, host: str) -> float:
        """For how long it rests by anybody's word; 0 where it does not."""

    def claim(self, host: str, *, seconds: float) -> bool:
        """May this process be the one that tries the host, for so long?"""

    def clear(self, host: str) -> None:
        """The host answers: nothing of it is remembered."""


class Alone:
    """The board of a process that nobody shares one with."""

    def rest(self, host: str, *, seconds: float) -> None:
        pass

    def seconds_left(self, host: str) -> float:
        return 0.0

    def claim(self, host: str, *, seconds: float) -> bool:
        return True

    def clear(self, host: str) -> None:
        pass


class Breaker:
    """Of one host, for all threads of a process."""

    def __init__(self, host: str, board: Board) -> None:
        self._host = host
        self._board = board
        self._lock = Lock()
        self._failures = 0
        # Until when it rests, on the monotonic clock; None where it does not.
        self._until: float | None = None

    def seconds_left(self) -> float:
        """After how many seconds the host may be asked; 0 for now.

        Who gets a 0 asks it, and says by `failed` or `answered` what came of it.
        """
        if self._until is None:
            return 0.0
        with self._lock:
            left = self._left()
            if left is None or left > 0:
                return left or 0.0
            self._until = monotonic() + TRY_SECONDS
        if self._board.claim(self._host, seconds=TRY_SECONDS):
            return 0.0
        # Another process tries. Once the host answers, its claim is gone.
        with self._lock:
            self._until = monotonic() + 1.0
        return 1.0

    def failed(self) -> bool:
        """The host did not answer. True where it rests from now on."""
        with self._lock:
            self._failures += 1
            first, rested = self._failures == 1, self._until is not None
            over = rested or self._failures >= FAILURES
        if over:
            self.rest(REST_SECONDS)
            return not rested
        if first and (left := self._board.seconds_left(self._host)):
            self._rest(left)
            return True
        return False

    def rest(self, seconds: float) -> None:
        """Leaves the host alone for so long, and has the other processes know."""
        self._rest(seconds)
        self._board.rest(self._host, seconds=seconds)

    def answered(self) -> bool:
        """The host answered. True where it had rested."""
        if not self._failures and self._until is None:
            return False
        with self._lock:
            rested = self._until is not None
            self._failures, self._until = 0, None
        if rested:
            self._board.clear(self._host)
        return rested

    def _left(self) -> float | None:
        return None if self._until is None else self._until - monotonic()

    def _rest(self, seconds: float) -> None:
        with self._lock:
            self._until = monotonic() + seconds
