"""How often a call may be made, in a minute or a day, for an app or a person.

A window begins with the clock's minute, and with the day in China, as WeChat's quotas
do (developers.weixin.qq.com/doc/service/Message_Management/API_Call_Limits.html).
"""

from .part import Part

MINUTE, DAY = 60, 24 * 3600

# Seconds that China is ahead of UTC.
_CHINA = 8 * 3600


class Quotas(Part):
    """Counts, each for a name (a path) and its owner."""

    def reset(self) -> None:
        with self._changed:
            self._counts: dict[tuple[str, str, int], tuple[int, int]] = {}

    def take(self, name: str, owner: str, *, most: int, seconds: int) -> bool:
        """Count one call; whether it is among the first `most` of its window."""
        window = int((self._now() + _CHINA) // seconds)
        key = (name, owner, seconds)
        with self._changed:
            began, count = self._counts.get(key, (window, 0))
            count = count + 1 if began == window else 1
            self._counts[key] = (window, count)
        return count <= most
