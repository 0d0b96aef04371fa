"""How many tickets of a kind are in the database, without counting at each one.

Counting a hundred thousand rows takes some milliseconds, also with an index, and a
flood adds hundreds a second. So each process counts now and then, and adds up its own
tickets between. With several processes the number is passed by one part in a hundred
for each of them at most.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Seconds after which is counted again; sooner where the process itself has added this
# part of the number meanwhile.
_SECONDS = 2.0
_PART = 100


@dataclass
class _Reading:
    count: int
    at: float
    added: int = 0


class Gauge:
    """Reads `count(kind, most)`; `ahead` is of the store's own clock."""

    def __init__(
        self, count: Callable[[str, int], int], *, ahead: Callable[[], float]
    ) -> None:
        self._count = count
        self._ahead = ahead
        self._lock = threading.Lock()
        self._readings: dict[str, _Reading] = {}
        self._counting: set[str] = set()

    def is_full(self, kind: str, most: int) -> bool:
        """Are there `most` of this kind? If not, the caller adds one now."""
        with self._lock:
            reading = self._readings.get(kind)
            if reading and (kind in self._counting or self._is_new(reading, most)):
                return self._take(reading, most)
            self._counting.add(kind)
        try:
            # Others go on with the old reading meanwhile.
            fresh = _Reading(self._count(kind, most), self._now())
        finally:
            with self._lock:
                self._counting.discard(kind)
        with self._lock:
            self._readings[kind] = fresh
            return self._take(fresh, most)

    def _now(self) -> float:
        return time.monotonic() + self._ahead()

    def _is_new(self, reading: _Reading, most: int) -> bool:
        soon = self._now() - reading.at < _SECONDS
        return soon and reading.added * _PART < most

    def _take(self, reading: _Reading, most: int) -> bool:
        full = reading.count + reading.added >= most
        reading.added += not full
        return full
