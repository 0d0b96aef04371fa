"""What the parts of the world have in common: one lock, one clock, a clean slate."""

from collections.abc import Callable
from threading import Condition


class Part:
    """A part that begins empty. `now` gives the seconds of the world's clock."""

    def __init__(self, changed: Condition, now: Callable[[], float]) -> None:
        self._changed = changed
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        raise NotImplementedError
