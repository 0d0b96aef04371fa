"""The world's clock: real time plus an offset that tests and people may move."""

import time
from threading import Condition

from .errors import Invalid

# Ten years; more would be a typing error.
_MOST = 10 * 366 * 24 * 3600


class Clock:
    """All expiries of the simulated world are judged by `now()`."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds that the world is ahead of real time."""
        return self._offset

    def now(self) -> float:
        """Seconds since 1970, as the simulated world sees them."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the world forward by `seconds`; returns the new time."""
        if not 0 <= seconds <= _MOST:
            raise Invalid(f"advance: 0 to {_MOST} seconds, not {seconds}")
        with self._changed:
            self._offset += seconds
            # Whoever waits for a scan may find the code expired now.
            self._changed.notify_all()
        return self.now()

    def reset(self) -> None:
        with self._changed:
            self._offset = 0.0
            self._changed.notify_all()
